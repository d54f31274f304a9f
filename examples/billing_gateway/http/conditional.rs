//! `If-Match` and `If-None-Match` (RFC 9110, section 13).

use axum::http::{HeaderMap, HeaderName, StatusCode, header};

use super::problem::Problem;
use crate::domain::{ETag, Precondition};

/// What a header of tags names.
#[derive(Debug, PartialEq, Eq)]
enum Tags {
    /// `*`: whatever is there.
    Any,
    Listed(Vec<Tag>),
}

#[derive(Debug, PartialEq, Eq)]
struct Tag {
    weak: bool,
    tag: ETag,
}

/// What `If-Match` asks of a write. A weak tag never matches here. `*` asks only that there is an invoice, as every
/// write of one does.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Precondition, Problem> {
    Ok(match tags(headers, &header::IF_MATCH)? {
        None | Some(Tags::Any) => Precondition::None,
        Some(Tags::Listed(tags)) => {
            Precondition::OneOf(tags.into_iter().filter(|tag| !tag.weak).map(|tag| tag.tag).collect())
        }
    })
}

/// The tags of which the caller has the content, by `If-None-Match`: whether `tag` is among them.
pub(super) fn has_already(headers: &HeaderMap, tag: &ETag) -> Result<bool, Problem> {
    Ok(match tags(headers, &header::IF_NONE_MATCH)? {
        None => false,
        Some(Tags::Any) => true,
        Some(Tags::Listed(tags)) => tags.iter().any(|known| known.tag == *tag),
    })
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Problem> {
    let bad = || Problem::new(StatusCode::BAD_REQUEST, format!("{name} is no list of entity tags"));
    let mut lines = Vec::new();
    for line in headers.get_all(name) {
        lines.push(line.to_str().map_err(|_| bad())?);
    }
    if lines.is_empty() {
        return Ok(None);
    }
    parse(&lines.join(",")).map(Some).ok_or_else(bad)
}

/// A comma may stand inside a tag, so the text is read from left to right.
fn parse(text: &str) -> Option<Tags> {
    let mut rest = text.trim_matches([' ', '\t', ',']);
    if rest == "*" {
        return Some(Tags::Any);
    }
    let mut tags = Vec::new();
    while !rest.is_empty() {
        let strong = rest.strip_prefix("W/").unwrap_or(rest);
        let (tag, after) = strong.strip_prefix('"')?.split_once('"')?;
        if tag.contains([' ', '\t']) || !(after.is_empty() || after.starts_with([' ', '\t', ','])) {
            return None;
        }
        tags.push(Tag { weak: strong.len() < rest.len(), tag: ETag::from_text(tag) });
        rest = after.trim_start_matches([' ', '\t', ',']);
    }
    (!tags.is_empty()).then_some(Tags::Listed(tags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_tags_is_read_as_the_rfc_writes_it() {
        let listed = |tags: &[(bool, &str)]| {
            let tags = tags.iter().map(|&(weak, tag)| Tag { weak, tag: ETag::from_text(tag) });
            Some(Tags::Listed(tags.collect()))
        };
        assert_eq!(parse("\"xyzzy\""), listed(&[(false, "xyzzy")]));
        assert_eq!(parse("\"a,b\", W/\"c\" ,, \"\""), listed(&[(false, "a,b"), (true, "c"), (false, "")]));
        assert_eq!(parse(" * "), Some(Tags::Any));
        for bad in ["", ",", "xyzzy", "\"open", "\"a\"\"b\"", "\"a b\"", "*, \"a\"", "w/\"a\""] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_weak_tag_lets_a_read_be_spared_but_no_write_be_made() {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, "W/\"a\"".parse().unwrap());
        headers.insert(header::IF_NONE_MATCH, "W/\"a\"".parse().unwrap());
        assert_eq!(if_match(&headers).unwrap(), Precondition::OneOf(Vec::new()));
        assert!(has_already(&headers, &ETag::from_text("a")).unwrap());
    }
}
