//! [`OpenError`] and [`CassandraError`].

use std::time::Duration;

use scylla::deserialize::TypeCheckError;
use scylla::errors::{ExecutionError, NewSessionError, PrepareError};

use super::outcome::{Sent, outcome_of};
use crate::data::Outcome;

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
    /// No node can be reached.
    #[error(
        "the Cassandra store at {place} does not answer: {source}; is a node up, are hosts and ports right?"
    )]
    Unreachable {
        /// The nodes and the keyspace of the URL.
        place: String,
        /// What the driver said.
        #[source]
        source: Box<NewSessionError>,
    },
    /// A node takes connections and says nothing.
    #[error(
        "the Cassandra store at {place} did not answer within {after:?}: \
         does it hang, is this its port for clients (native_transport_port)?"
    )]
    Silent {
        /// The nodes and the keyspace of the URL.
        place: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// It does not let this user in.
    #[error(
        "the Cassandra store at {place} does not let {user} in: {source}; check user and password of the URL"
    )]
    NotLetIn {
        /// The nodes and the keyspace of the URL.
        place: String,
        /// The user of the URL.
        user: String,
        /// What the driver said.
        #[source]
        source: Box<NewSessionError>,
    },
    /// There is no such keyspace.
    #[error(
        "the Cassandra store at {place} has no keyspace `{keyspace}`: create it, or correct the end of the URL \
         (capital letters count; Cassandra makes small ones of a name without quotes)"
    )]
    NoKeyspace {
        /// The nodes and the keyspace of the URL.
        place: String,
        /// The keyspace of the URL.
        keyspace: String,
    },
    /// A statement of the service cannot be prepared: a table or a column is missing.
    #[error(
        "the Cassandra store at {place} cannot prepare `{statement}`: {source}; does its schema fit the service?"
    )]
    Statement {
        /// The nodes and the keyspace of the URL.
        place: String,
        /// The statement.
        statement: String,
        /// What the driver said.
        #[source]
        source: CassandraError,
    },
    /// A column has a type that the service does not read.
    #[error(
        "`{statement}` in the Cassandra store at {place} gives ({found}), the service reads {wanted}: {source}; \
         change the column, or the service"
    )]
    ColumnType {
        /// The nodes and the keyspace of the URL.
        place: String,
        /// The statement.
        statement: String,
        /// Its columns, with their types.
        found: String,
        /// The type that the service reads.
        wanted: &'static str,
        /// What the driver said.
        #[source]
        source: TypeCheckError,
    },
}

/// Why a statement failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CassandraError {
    /// The store was not reached yet; it is tried again in the background.
    #[error("the Cassandra store at {place} is not connected: {reason}")]
    NotConnected {
        /// The nodes and the keyspace of the URL.
        place: String,
        /// Why the last try failed.
        reason: String,
    },
    /// The statement cannot be prepared.
    #[error("cannot prepare the statement: {0}")]
    Prepare(#[source] Box<PrepareError>),
    /// The statement was not prepared in time.
    #[error("the statement was not prepared within {0:?}: a node hangs, or all are busy")]
    PreparedTooSlowly(Duration),
    /// The statement was not executed, or nobody knows.
    #[error("{source}")]
    Execution {
        /// How it was sent, which decides what the error means.
        sent: Sent,
        /// What the driver said.
        #[source]
        source: Box<ExecutionError>,
    },
    /// The statement was executed, and its answer is not what the service reads.
    #[error("the answer is not what the service reads: {0}")]
    Answer(String),
}

impl CassandraError {
    /// What the error means for the write that met it: see the [module docs](super#what-an-error-means).
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::NotConnected { .. } | Self::Prepare(_) | Self::PreparedTooSlowly(_) => Outcome::Rejected,
            Self::Answer(_) => Outcome::Unknown, // it was executed
            Self::Execution { sent, source } => outcome_of(source, *sent),
        }
    }

    pub(super) fn execution(sent: Sent, source: ExecutionError) -> Self {
        Self::Execution { sent, source: Box::new(source) }
    }

    pub(super) fn answer(error: impl std::error::Error) -> Self {
        Self::Answer(error.to_string())
    }
}

/// Of a request that was made through the driver itself: the most careful reading.
impl From<ExecutionError> for CassandraError {
    fn from(source: ExecutionError) -> Self {
        Self::execution(Sent::Somehow, source)
    }
}
