//! How each database writes things.

/// The syntax of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// MariaDB and MySQL.
    MariaDb,
    /// PostgreSQL.
    Postgres,
}

impl Syntax {
    pub(super) fn quoted(self, name: &str) -> String {
        match self {
            Self::MariaDb => format!("`{}`", name.replace('`', "``")),
            Self::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// Microseconds, from before the statement reads.
    ///
    /// Not PostgreSQL's `statement_timestamp()`: it is set once more when the statement is executed, after its snapshot was
    /// taken when it was bound. Not MariaDB's `UNIX_TIMESTAMP(NOW(6))`: where there is summer time, an hour of the year is
    /// there twice.
    pub(super) const fn clock(self) -> &'static str {
        match self {
            Self::MariaDb => "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))",
            Self::Postgres => "CAST(EXTRACT(EPOCH FROM transaction_timestamp()) * 1000000 AS bigint)",
        }
    }

    pub(super) const fn integer(self) -> &'static str {
        match self {
            Self::MariaDb => "SIGNED",
            Self::Postgres => "bigint",
        }
    }

    /// The place of the value that is bound as this one, counted from 1.
    pub(super) fn hole(self, number: usize) -> String {
        match self {
            Self::MariaDb => "?".to_owned(),
            Self::Postgres => format!("${number}"),
        }
    }
}
