//! [`OpenError`] and [`CassandraError`].

use scylla::errors::{ExecutionError, IntoRowsResultError, NewSessionError, PrepareError};

/// Why the store cannot be used, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL cannot be meant.
    #[error(
        "the URL of the Cassandra store cannot be meant: {0}; write it like \
         cassandra://user:password@127.0.0.1:9042,127.0.0.2:9042/billing"
    )]
    Url(String),
    /// No node can be reached, or it does not let this user in.
    #[error("the Cassandra store at {place} does not answer: {source}; is a node up, are hosts, port and user right?")]
    Unreachable {
        /// The nodes of the URL.
        place: String,
        /// What the driver said.
        #[source]
        source: NewSessionError,
    },
    /// There is no such keyspace.
    #[error("the Cassandra store at {place} has no keyspace `{keyspace}`: create it, or correct the end of the URL")]
    NoKeyspace {
        /// The nodes of the URL.
        place: String,
        /// The keyspace of the URL.
        keyspace: String,
    },
    /// A statement of the service cannot be prepared: a table or a column is missing.
    #[error("the Cassandra store cannot prepare `{statement}`: {source}; does its schema fit the service?")]
    Statement {
        /// The statement.
        statement: String,
        /// What the server said.
        #[source]
        source: CassandraError,
    },
}

/// Why a statement failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CassandraError {
    /// The store was not reached yet; it is tried again in the background.
    #[error("the Cassandra store is not connected: {0}")]
    NotConnected(String),
    /// The statement cannot be prepared.
    #[error("cannot prepare `{statement}`: {source}")]
    Prepare {
        /// The statement.
        statement: String,
        /// What the driver said.
        #[source]
        source: PrepareError,
    },
    /// The statement was not executed, or nobody knows.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
    /// The statement was executed and its answer has no rows, or others than the service reads.
    #[error("the answer is not what the service reads: {0}")]
    Rows(String),
}

impl From<IntoRowsResultError> for CassandraError {
    fn from(error: IntoRowsResultError) -> Self {
        Self::Rows(error.to_string())
    }
}
