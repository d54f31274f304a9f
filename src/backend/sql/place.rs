//! Where a store is, as errors and logs name it.

use std::fmt;

use super::dialect::Dialect;
use super::error::OpenError;
use super::syntax::Syntax;

/// User, host, port and database of a URL, or the path of a file. Never the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    user: String,
    rest: String,
}

impl Place {
    pub(super) fn of<DB: Dialect>(url: &str) -> Result<Self, OpenError> {
        let is_file = DB::syntax() == Syntax::Sqlite;
        let Some((scheme, rest)) = url.split_once(if is_file { ":" } else { "://" }) else {
            return Err(Self::bad::<DB>("it has no scheme"));
        };
        if !DB::SCHEMES.contains(&scheme) {
            return Err(Self::bad::<DB>(&format!("its scheme is {scheme:?}")));
        }
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        if is_file {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            return Ok(Self { user: String::new(), rest: path.to_owned() });
        }
        // A password may hold an `@`, a host may not.
        let (login, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        let user = login.split(':').next().unwrap_or_default();
        Ok(Self { user: user.to_owned(), rest: rest.to_owned() })
    }

    pub(super) fn bad<DB: Dialect>(reason: &str) -> OpenError {
        OpenError::Url { database: DB::NAME, reason: reason.to_owned(), example: DB::EXAMPLE.to_owned() }
    }

    pub(super) fn user(&self) -> &str {
        if self.user.is_empty() { "this user" } else { &self.user }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rest)
    }
}

#[cfg(test)]
#[cfg(feature = "mysql")]
mod tests {
    use super::*;

    fn place(url: &str) -> Place {
        Place::of::<sqlx::MySql>(url).unwrap()
    }

    #[test]
    fn a_place_never_shows_the_password() {
        for url in
            ["mysql://app:s3cret@db:3306/billing", "mysql://app:s3@cret@db:3306/billing?ssl-mode=disabled"]
        {
            let place = place(url);
            assert_eq!((place.user(), &*place.to_string()), ("app", "db:3306/billing"));
        }
        assert_eq!(place("mysql://db/billing").user(), "this user");
    }

    #[test]
    fn a_url_of_another_database_says_what_a_right_one_looks_like() {
        let shown = Place::of::<sqlx::MySql>("postgres://app:s3cret@db/billing").unwrap_err().to_string();
        assert!(shown.contains("\"postgres\"") && shown.contains("mysql://user:password@"), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
