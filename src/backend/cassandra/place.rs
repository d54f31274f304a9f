//! Where a store is, from its URL.

use std::fmt;

use super::error::OpenError;

const PORT: u16 = 9042;

/// Login, nodes and keyspace of a URL. Never shows the password.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) login: Option<(String, String)>,
    /// With their ports.
    pub(super) nodes: Vec<String>,
    pub(super) keyspace: String,
}

impl Place {
    pub(super) fn of(url: &str) -> Result<Self, OpenError> {
        let bad = |reason: &str| OpenError::Url(reason.to_owned());
        let (scheme, rest) = url.split_once("://").ok_or_else(|| bad("it has no scheme"))?;
        if scheme != "cassandra" {
            return Err(bad(&format!("its scheme is {scheme:?}")));
        }
        // A password may hold an `@`, a host may not.
        let (login, rest) = rest.rsplit_once('@').map_or((None, rest), |(login, rest)| (Some(login), rest));
        let (nodes, keyspace) = rest.split_once('/').unwrap_or((rest, ""));
        if keyspace.is_empty() {
            return Err(bad("it names no keyspace"));
        }
        if !keyspace.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(bad("its keyspace is not letters, digits and _ alone"));
        }
        let nodes =
            nodes.split(',').map(node).collect::<Option<_>>().ok_or_else(|| bad("a host is empty"))?;
        let login = login.map(|login| {
            login_of(login).ok_or_else(|| bad("its user or password has a % that is no escape"))
        });
        Ok(Self { login: login.transpose()?, nodes, keyspace: keyspace.to_owned() })
    }

    pub(super) fn user(&self) -> &str {
        self.login.as_ref().map_or("a client without user and password", |(user, _)| user)
    }
}

fn node(host: &str) -> Option<String> {
    if host.is_empty() || host.starts_with(':') {
        return None;
    }
    // Inside of the brackets of an IPv6 address a colon is no port.
    let name_end = host.rfind(']').unwrap_or(0);
    Some(if host[name_end..].contains(':') { host.to_owned() } else { format!("{host}:{PORT}") })
}

fn login_of(login: &str) -> Option<(String, String)> {
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    Some((unescape(user)?, unescape(password)?))
}

/// `%40` is `@`, as in every URL.
fn unescape(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend(part.get(2..)?.bytes());
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.nodes.join(","), self.keyspace)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_nodes_a_keyspace_and_perhaps_a_login() {
        for (url, shown, login) in [
            ("cassandra://db/billing", "db:9042/billing", None),
            ("cassandra://db:1,[::1]:2,[::1]/Billing_2", "db:1,[::1]:2,[::1]:9042/Billing_2", None),
            ("cassandra://app:s3@cret%2F%25@db/billing", "db:9042/billing", Some(("app", "s3@cret/%"))),
            ("cassandra://app@db/billing", "db:9042/billing", Some(("app", ""))),
        ] {
            let place = Place::of(url).unwrap();
            let found = place.login.as_ref().map(|(user, password)| (&**user, &**password));
            assert_eq!((&*place.to_string(), found), (shown, login), "{url}");
        }
    }

    #[test]
    fn a_url_that_cannot_be_meant_says_why_and_never_shows_the_password() {
        for (url, reason) in [
            ("db:9042/billing", "no scheme"),
            ("mysql://app:s3cret@db/billing", "\"mysql\""),
            ("cassandra://app:s3cret@db", "no keyspace"),
            ("cassandra://app:s3cret@db/", "no keyspace"),
            ("cassandra://app:s3cret@db/bill;ing", "letters, digits"),
            ("cassandra://app:s3cret@db,,db/billing", "empty"),
            ("cassandra://app:s3cret%zz@db/billing", "no escape"),
        ] {
            let shown = Place::of(url).unwrap_err().to_string();
            assert!(shown.contains(reason) && !shown.contains("s3cret"), "{shown}");
            assert!(shown.contains("cassandra://user:password@"), "{shown}");
        }
    }
}
