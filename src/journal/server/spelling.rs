//! Statements as one server takes them, for the tables of one migration.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// How the tables are called in the statements that all databases share.
const PREFIX: &str = "crossfade_";

/// Spells statements, and keeps what it has spelled: there are a few dozen.
#[derive(Debug)]
pub(super) struct Spelling {
    prefix: Box<str>,
    /// Whether values are `$1`, `$2` .. rather than `?`.
    numbered: bool,
    spelled: HashMap<Box<str>, Arc<str>>,
}

impl Spelling {
    pub(super) fn new(prefix: &str, numbered: bool) -> Self {
        Self { prefix: prefix.into(), numbered, spelled: HashMap::new() }
    }

    /// A statement with values.
    pub(super) fn statement(&mut self, statement: SqlStr) -> SqlStr {
        if !self.numbered && *self.prefix == *PREFIX {
            return statement;
        }
        let spelled = match self.spelled.get(statement.as_str()) {
            Some(spelled) => Arc::clone(spelled),
            None => self.keep(statement.as_str()),
        };
        AssertSqlSafe(spelled).into_sql_str()
    }

    fn keep(&mut self, statement: &str) -> Arc<str> {
        let text = self.named(statement);
        let text: Arc<str> = if self.numbered { numbered(&text) } else { text }.into();
        self.spelled.insert(statement.into(), Arc::clone(&text));
        text
    }

    /// Statements without values.
    pub(super) fn script(&self, script: &str) -> SqlStr {
        AssertSqlSafe(self.named(script)).into_sql_str()
    }

    /// The statement on the tables of this migration. A prefix is made of letters, digits and `_` alone.
    fn named(&self, statement: &str) -> String {
        statement.replace(PREFIX, &self.prefix)
    }
}

fn numbered(statement: &str) -> String {
    let mut parts = statement.split('?');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (number, part) in (1..).zip(parts) {
        // Writing to a text does not fail.
        let _ = write!(text, "${number}{part}");
    }
    text
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn a_statement_is_spelled_for_its_server_and_its_migration() {
        let spell = |prefix: &str, numbered| {
            let statement = SqlStr::from_static("SELECT ? FROM crossfade_mark WHERE id = ?");
            Spelling::new(prefix, numbered).statement(statement).as_str().to_owned()
        };
        assert_eq!(spell("crossfade_", false), "SELECT ? FROM crossfade_mark WHERE id = ?");
        assert_eq!(spell("crossfade_a_", false), "SELECT ? FROM crossfade_a_mark WHERE id = ?");
        assert_eq!(spell("crossfade_", true), "SELECT $1 FROM crossfade_mark WHERE id = $2");
    }
}
