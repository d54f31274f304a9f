//! How each database writes things.

/// The syntax of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// MariaDB and MySQL.
    MariaDb,
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

impl Syntax {
    pub(super) fn quoted(self, name: &str) -> String {
        match self {
            Self::MariaDb => format!("`{}`", name.replace('`', "``")),
            Self::Postgres | Self::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// Microseconds, from before the statement reads.
    ///
    /// Not PostgreSQL's `statement_timestamp()`: it is set once more when the statement is executed, after its snapshot was
    /// taken when it was bound. Not MariaDB's `UNIX_TIMESTAMP(NOW(6))`: where there is summer time, an hour of the year is
    /// there twice. SQLite's is of the milliseconds, and from after the statement began to read: for the stamps of its own writes
    /// alone.
    pub(super) const fn clock(self) -> &'static str {
        match self {
            Self::MariaDb => "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))",
            Self::Postgres => "CAST(EXTRACT(EPOCH FROM transaction_timestamp()) * 1000000 AS bigint)",
            Self::Sqlite => "CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) * 1000",
        }
    }

    pub(super) const fn integer(self) -> &'static str {
        match self {
            Self::MariaDb => "SIGNED",
            Self::Postgres => "bigint",
            Self::Sqlite => "INTEGER",
        }
    }

    /// The place of the value that is bound as this one, counted from 1.
    pub(super) fn hole(self, number: usize) -> String {
        match self {
            Self::MariaDb | Self::Sqlite => "?".to_owned(),
            Self::Postgres => format!("${number}"),
        }
    }

    /// So many keys of two values each, in brackets.
    pub(super) fn holes_of_keys(self, keys: usize) -> String {
        let key = |number| format!("({}, {})", self.hole(2 * number + 1), self.hole(2 * number + 2));
        (0..keys).map(key).collect::<Vec<_>>().join(", ")
    }

    /// The larger of two numbers.
    pub(super) const fn larger(self) -> &'static str {
        match self {
            Self::MariaDb | Self::Postgres => "GREATEST",
            Self::Sqlite => "max",
        }
    }

    /// Whether a statement that reads can say in the same breath when it began.
    pub(super) const fn stamps_reads(self) -> bool {
        matches!(self, Self::MariaDb | Self::Postgres)
    }

    /// How many values a statement binds at most: the protocols count them in 16 bits, SQLite up to this number.
    pub(super) const fn values_max(self) -> usize {
        match self {
            Self::MariaDb | Self::Postgres => u16::MAX as usize,
            Self::Sqlite => 32_766,
        }
    }
}
