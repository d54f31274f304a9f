//! The URL of a journal on a server: where it is, and which tables are its own.

use super::engine::Engine;
use super::spelling::Spelling;
use crate::journal::error::{JournalError, without_user};

/// The longest name of a migration in a URL. With what is put around it a table's name stays below what both servers
/// allow.
const MIGRATION_CHARS_MAX: usize = 32;

/// Where a journal is.
#[derive(Debug)]
pub(super) struct Address<E: Engine> {
    pub(super) options: E::Options,
    /// The URL without user, password and settings; with the migration when it is named.
    pub(super) name: String,
    /// How its tables begin.
    pub(super) prefix: String,
}

impl<E: Engine> Address<E> {
    pub(super) fn parse(url: &str) -> Result<Self, JournalError> {
        let (url, migration) = without_migration(url);
        let shown = without_user(&url);
        let bad = |detail: String| JournalError::BadUrl { url: shown.clone(), detail };
        let options = E::options(&url).map_err(|error| bad(error.to_string()))?;
        if shown
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('/'))
            .is_none_or(|(_, database)| database.is_empty())
        {
            return Err(bad(format!("names no database: {}USER@HOST/DATABASE", scheme(&url))));
        }
        let Some(migration) = migration else {
            return Ok(Self { options, name: shown, prefix: "crossfade_".into() });
        };
        let fits = (1..=MIGRATION_CHARS_MAX).contains(&migration.len())
            && migration.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if !fits {
            return Err(bad(format!(
                "`migration={migration}` is no name: use 1 to {MIGRATION_CHARS_MAX} of a-z, 0-9 and _"
            )));
        }
        Ok(Self {
            options,
            name: format!("{shown}?migration={migration}"),
            prefix: format!("crossfade_{migration}_"),
        })
    }

    pub(super) fn spelling(&self, numbered: bool) -> Spelling {
        Spelling::new(&self.prefix, numbered)
    }
}

/// Whether the URL names a server.
pub(in crate::journal) fn is_server(url: &str) -> bool {
    is_postgres(url) || is_mysql(url)
}

/// Whether the server is a MariaDB or a MySQL.
pub(super) fn is_mysql(url: &str) -> bool {
    matches!(scheme(url), "mysql://" | "mariadb://")
}

/// Whether the server is a PostgreSQL.
pub(super) fn is_postgres(url: &str) -> bool {
    matches!(scheme(url), "postgres://" | "postgresql://")
}

fn scheme(url: &str) -> &str {
    url.find("://").map_or("", |end| &url[..end + 3])
}

/// The URL without the setting that is ours, and the name that it gives.
fn without_migration(url: &str) -> (String, Option<String>) {
    let Some((place, settings)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut migration = None;
    let others: Vec<&str> = settings
        .split('&')
        .filter(|setting| match setting.strip_prefix("migration=") {
            Some(name) => {
                migration = Some(name.to_owned());
                false
            }
            None => true,
        })
        .collect();
    let url = if others.is_empty() { place.to_owned() } else { format!("{place}?{}", others.join("&")) };
    (url, migration)
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn the_name_of_the_migration_is_ours_and_the_other_settings_are_the_drivers() {
        let named = |url, rest: &str, name: Option<&str>| {
            assert_eq!(without_migration(url), (rest.to_owned(), name.map(ToOwned::to_owned)));
        };
        named("mysql://h/d", "mysql://h/d", None);
        named("mysql://h/d?migration=a", "mysql://h/d", Some("a"));
        named("mysql://h/d?x=1&migration=a&y=2", "mysql://h/d?x=1&y=2", Some("a"));
    }
}
