//! Keys and groups as text, inline while they are short.

use std::borrow::Cow;
use std::fmt::{self, Write};

use compact_str::CompactString;

use super::record::{DataSet, RecordKey};
use super::redact::Redacted;

/// A value that can stand in a key: it has one text form and comes back from it unchanged.
///
/// Implemented for integers and `String`. For your own type:
///
/// ```
/// use std::fmt::Write;
/// use crossfade::data::KeyPart;
///
/// struct TenantId(u32);
/// impl KeyPart for TenantId {
///     fn write(&self, out: &mut dyn Write) -> std::fmt::Result { write!(out, "t{}", self.0) }
///     fn parse(text: &str) -> Option<Self> { text.strip_prefix('t')?.parse().ok().map(TenantId) }
/// }
/// ```
pub trait KeyPart: Sized + Send + Sync + 'static {
    /// Writes the text form.
    ///
    /// # Errors
    /// Only those of `out`.
    fn write(&self, out: &mut dyn Write) -> fmt::Result;
    /// The value whose text form this is; `None` when there is none.
    fn parse(text: &str) -> Option<Self>;
}

macro_rules! key_part {
    ($($integer:ty),*) => {$(
        impl KeyPart for $integer {
            fn write(&self, out: &mut dyn Write) -> fmt::Result {
                out.write_str(itoa::Buffer::new().format(*self))
            }
            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}
key_part!(i16, i32, i64, i128, u16, u32, u64, u128);

impl KeyPart for String {
    fn write(&self, out: &mut dyn Write) -> fmt::Result {
        out.write_str(self)
    }
    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

/// What a list read covers, for example one customer's invoices. Text; up to 24 bytes need no allocation.
///
/// `Debug` and `Display` show a salted hash unless [`log_keys`](super::log_keys) is on.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group(CompactString);

/// The smallest unit whose whole state can be read and replaced, written `group/item`.
///
/// Text; up to 24 bytes need no allocation. A `/` or `%` inside a part is escaped as `%2F` or `%25`.
/// `Debug` and `Display` show a salted hash unless [`log_keys`](super::log_keys) is on.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(CompactString);

impl Group {
    /// The group with this value.
    #[must_use]
    pub fn new(group: &impl KeyPart) -> Self {
        let mut text = CompactString::default();
        write_part(&mut text, group);
        Self(text)
    }

    /// The group whose escaped text this is, as [`as_str`](Self::as_str) gave it.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        (!text.contains('/')).then(|| Self(text.into()))
    }

    /// The escaped text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The typed value; `None` when the text is no value of that type.
    #[must_use]
    pub fn parse<G: KeyPart>(&self) -> Option<G> {
        G::parse(&unescape(&self.0))
    }
}

impl Key {
    /// The key of `item` in `group`.
    #[must_use]
    pub fn new(group: &impl KeyPart, item: &impl KeyPart) -> Self {
        let mut text = CompactString::default();
        write_part(&mut text, group);
        text.push_str("/");
        write_part(&mut text, item);
        Self(text)
    }

    /// The key whose escaped text this is, as [`as_str`](Self::as_str) gave it: exactly one `/`.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        (text.matches('/').count() == 1).then(|| Self(text.into()))
    }

    /// The escaped text, `group/item`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The group that the key is in.
    #[must_use]
    pub fn group(&self) -> Group {
        Group(self.group_str().into())
    }

    /// The escaped text of the group.
    #[must_use]
    pub fn group_str(&self) -> &str {
        let end = self.0.bytes().position(|byte| byte == b'/');
        end.map_or(&self.0, |end| &self.0[..end])
    }

    /// The typed key of `D`; `None` when a part is no value of its type.
    #[must_use]
    pub fn parse<D: DataSet>(&self) -> Option<RecordKey<D>> {
        let (group, item) = self.0.split_once('/')?;
        Some(RecordKey { group: D::Group::parse(&unescape(group))?, item: D::Item::parse(&unescape(item))? })
    }
}

/// Escapes while it writes, so that a part never holds the separator.
struct Escaped<'a>(&'a mut CompactString);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| byte == b'/' || byte == b'%') {
            self.0.push_str(&rest[..at]);
            self.0.push_str(if rest[at..].starts_with('/') { "%2F" } else { "%25" });
            rest = &rest[at + 1..];
        }
        self.0.push_str(rest);
        Ok(())
    }
}

fn write_part(text: &mut CompactString, part: &impl KeyPart) {
    // Writing into a string cannot fail, so an error could only be the part's own; its text then ends early.
    let _ = part.write(&mut Escaped(text));
}

fn unescape(text: &str) -> Cow<'_, str> {
    if text.contains('%') {
        Cow::Owned(text.replace("%2F", "/").replace("%25", "%"))
    } else {
        Cow::Borrowed(text)
    }
}

macro_rules! redacted {
    ($($text:ty),*) => {$(
        impl fmt::Debug for $text {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($text), Redacted(&self.0))
            }
        }
        impl fmt::Display for $text {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Redacted(&self.0).fmt(f)
            }
        }
    )*};
}
redacted!(Group, Key);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Texts;
    impl DataSet for Texts {
        type Group = String;
        type Item = String;
        type Record = ();
        fn same((): &(), (): &()) -> bool {
            true
        }
    }

    proptest! {
        #[test]
        fn every_key_comes_back_from_its_text(group in ".{0,40}", item in ".{0,40}") {
            let key = Key::new(&group, &item);
            prop_assert_eq!(&Key::from_text(key.as_str()).unwrap(), &key);
            prop_assert_eq!(key.group(), Group::new(&group));
            prop_assert_eq!(key.group().parse::<String>().unwrap(), group.clone());
            let typed = key.parse::<Texts>().unwrap();
            prop_assert_eq!((typed.group, typed.item), (group, item));
        }

        #[test]
        fn different_keys_have_different_texts(a in "[/%2F5ab]{0,5}", b in "[/%2F5ab]{0,5}", c in "[/%2F5ab]{0,5}", d in "[/%2F5ab]{0,5}") {
            let same = (&a, &b) == (&c, &d);
            prop_assert_eq!(Key::new(&a, &b) == Key::new(&c, &d), same);
        }
    }

    #[test]
    fn a_short_key_is_kept_inline() {
        assert_eq!(std::mem::size_of::<Key>(), 24);
        assert!(!Key::new(&1_234_567_890_i64, &1_234_567_890_i64).0.is_heap_allocated());
    }

    #[test]
    fn a_key_is_hashed_when_it_is_shown() {
        let shown = format!("{:?} {}", Key::new(&"smith".to_owned(), &7), Group::new(&"smith".to_owned()));
        assert!(!shown.contains("smith"), "{shown}");
    }
}
