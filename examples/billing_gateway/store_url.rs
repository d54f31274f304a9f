//! The URLs of the stores: which of them can be meant where.

use anyhow::{Result, bail};

/// A URL of a store that this build knows.
#[derive(Clone, Debug)]
pub(crate) struct StoreUrl {
    pub(crate) scheme: Scheme,
    pub(crate) text: String,
}

/// The kinds of stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Sqlite,
    MySql,
    Postgres,
    Cassandra,
}

impl StoreUrl {
    pub(crate) fn of_legacy(url: &str) -> Result<Self> {
        Self::among(url, "legacy", &[Scheme::Sqlite, Scheme::MySql, Scheme::Postgres])
    }

    pub(crate) fn of_target(url: &str) -> Result<Self> {
        Self::among(url, "the target", &[Scheme::Sqlite, Scheme::Cassandra])
    }

    pub(crate) fn of_journal(url: &str) -> Result<Self> {
        Self::among(url, "the journal", &[Scheme::Sqlite, Scheme::MySql, Scheme::Postgres])
    }

    /// As errors show it: a password may stand before the last `@`.
    pub(crate) fn shown(&self) -> &str {
        self.text.rsplit_once('@').map_or(self.text.as_str(), |(_, place)| place)
    }

    /// The server and the database or keyspace, without login.
    pub(crate) fn shown_parts(&self) -> (&str, &str) {
        let place = self.shown().split('?').next().unwrap_or_default();
        let place = place.split_once("://").map_or(place, |(_, place)| place);
        place.rsplit_once('/').unwrap_or((place, ""))
    }

    pub(crate) fn user(&self) -> &str {
        let login = self.text.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@'));
        login.map_or("", |(login, _)| login.split(':').next().unwrap_or_default())
    }

    /// The URL and the last part of its path: the database or keyspace, without what follows a `?`.
    pub(crate) fn database(&self) -> Option<(&str, &str)> {
        let (_, database) = self.text.split_once("://")?.1.rsplit_once('/')?;
        let server = &self.text[..self.text.len() - database.len() - 1];
        let database = database.split('?').next().unwrap_or_default();
        (!database.is_empty()).then_some((server, database))
    }

    fn among(url: &str, role: &str, known: &[Scheme]) -> Result<Self> {
        let Some((name, _)) = url.split_once(':') else {
            bail!("--{role}: this is no store URL: write it like sqlite:path/to/file.db", role = plain(role));
        };
        match Scheme::named(name).filter(|scheme| known.contains(scheme)) {
            Some(scheme) => Ok(Self { scheme, text: url.to_owned() }),
            None => {
                let known: Vec<_> = known.iter().map(|scheme| scheme.name()).collect();
                bail!("no store for the scheme {name:?}: {role} can be {}", known.join(", "))
            }
        }
    }
}

impl Scheme {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sqlite" => Self::Sqlite,
            "mysql" | "mariadb" => Self::MySql,
            "postgres" | "postgresql" => Self::Postgres,
            "cassandra" => Self::Cassandra,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::MySql => "mysql",
            Self::Postgres => "postgres",
            Self::Cassandra => "cassandra",
        }
    }
}

fn plain(role: &str) -> &str {
    role.trim_start_matches("the ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_cannot_be_meant_names_those_that_can() {
        let shown = StoreUrl::of_target("mysql://app:s3cret@localhost/billing").unwrap_err().to_string();
        assert!(shown.contains("\"mysql\"") && shown.contains("sqlite, cassandra"), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
        let shown = StoreUrl::of_legacy("billing.db").unwrap_err().to_string();
        assert!(shown.contains("sqlite:") && shown.contains("--legacy"), "{shown}");
    }

    #[test]
    fn a_url_has_a_server_and_a_database() {
        let url = StoreUrl::of_legacy("mysql://app:s3/cret@db:3306/billing?ssl-mode=disabled").unwrap();
        assert_eq!(url.database(), Some(("mysql://app:s3/cret@db:3306", "billing")));
        assert_eq!(url.shown(), "db:3306/billing?ssl-mode=disabled");
        assert_eq!((url.user(), url.shown_parts()), ("app", ("db:3306", "billing")));
        assert_eq!(StoreUrl::of_legacy("postgres://db:5432").unwrap().database(), None);
        assert_eq!(StoreUrl::of_legacy("postgres://db:5432/").unwrap().database(), None);
    }
}
