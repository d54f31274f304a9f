//! [`OpenError`].

use std::time::Duration;

use sqlx::error::DatabaseError;

/// Why a store cannot be used, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL cannot be meant.
    #[error("the URL of the {database} store cannot be meant: {reason}; write it like {example}")]
    Url {
        /// Which database.
        database: &'static str,
        /// What is wrong with it. Never the URL itself, which may hold a password.
        reason: String,
        /// What a right one looks like.
        example: String,
    },
    /// The server cannot be reached.
    #[error(
        "the {database} store at {place} does not answer: {source}; is the server up, are host and port right?"
    )]
    Unreachable {
        /// Which database.
        database: &'static str,
        /// Host, port and database of the URL.
        place: String,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// The server does not let this user in.
    #[error(
        "the {database} store at {place} does not let {user} in: {source}; check user and password of the URL"
    )]
    NotLetIn {
        /// Which database.
        database: &'static str,
        /// Host, port and database of the URL.
        place: String,
        /// The user of the URL.
        user: String,
        /// What the server said.
        #[source]
        source: sqlx::Error,
    },
    /// The server has no such database.
    #[error(
        "the {database} store at {place} has no such database: {source}; create it (in MariaDB with CHARACTER SET utf8mb4), or correct the URL"
    )]
    NoDatabase {
        /// Which database.
        database: &'static str,
        /// Host, port and database of the URL.
        place: String,
        /// What the server said.
        #[source]
        source: sqlx::Error,
    },
    /// The file of a SQLite store cannot be opened.
    #[error(
        "the SQLite store {place} cannot be opened: {source}; does its folder exist, may both be read and written? \
         (`?mode=rwc` at the end of the URL makes a file that is missing)"
    )]
    File {
        /// The path of the URL.
        place: String,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// A statement of the service cannot be prepared: a table or a column is missing.
    #[error(
        "the {database} store at {place} cannot prepare `{statement}`: {source}; does its schema fit the service?"
    )]
    Statement {
        /// Which database.
        database: &'static str,
        /// Host, port and database of the URL.
        place: String,
        /// The statement.
        statement: String,
        /// What the server said.
        #[source]
        source: sqlx::Error,
    },
    /// A column has a type that the service does not read.
    #[error(
        "column `{column}` of `{statement}` in the {database} store at {place} is {found}, the service reads {wanted}: change the column, or the service"
    )]
    ColumnType {
        /// Which database.
        database: &'static str,
        /// Host, port and database of the URL.
        place: String,
        /// The statement.
        statement: String,
        /// The column.
        column: Box<str>,
        /// The type that it has in the store.
        found: Box<str>,
        /// The type that the service reads.
        wanted: &'static str,
    },
    /// A write may land later than the routing config says.
    #[error(
        "a write to the {database} store may land {lands_within:?} after it was given up, and its late bound is {late_bound:?}: \
         raise `late_bound` in the routing config, or lower `deadline` and `statement_timeout`"
    )]
    LateBound {
        /// Which database.
        database: &'static str,
        /// How long a write may take to land.
        lands_within: Duration,
        /// What the routing config says.
        late_bound: Duration,
    },
}

/// What became of a first connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NotLetIn,
    NoDatabase,
    Other,
}

/// By SQLSTATE: both databases use the standard's class for authorization, and a code of their own for the database.
pub(super) fn refusal(error: &dyn DatabaseError) -> Refusal {
    match error.code().as_deref() {
        Some("28000" | "28P01") => Refusal::NotLetIn,
        Some("3D000") => Refusal::NoDatabase,
        // MariaDB says 42000 of several things; "Unknown database" is 1049.
        Some("42000") if error.message().starts_with("Unknown database") => Refusal::NoDatabase,
        Some("42000") if error.message().starts_with("Access denied") => Refusal::NotLetIn,
        _ => Refusal::Other,
    }
}
