//! What errors mean to an operator.

use super::engine::Engine;
use crate::journal::error::JournalError;

/// What an error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The connection is gone, or worth nothing any more.
    Broken,
    Denied,
    ReadOnly,
    Full,
    /// Somebody else holds what the statement needs.
    Locked,
    /// The rows hold what no release has written, or the server found damage.
    Damaged,
    NoTable,
    Other,
}

pub(super) fn meaning<E: Engine>(error: &sqlx::Error) -> Meaning {
    match error {
        sqlx::Error::Database(error) => E::meaning(error.as_ref()),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
            Meaning::Broken
        }
        sqlx::Error::Decode(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::RowNotFound => Meaning::Damaged,
        _ => Meaning::Other,
    }
}

pub(super) fn named<E: Engine>(server: &str, error: &sqlx::Error) -> JournalError {
    let (server, path, detail) = (server.to_owned(), server.into(), error.to_string());
    match meaning::<E>(error) {
        Meaning::Broken => JournalError::Unreachable { server, detail },
        Meaning::Denied => JournalError::Denied { server, detail },
        Meaning::ReadOnly => JournalError::ReadOnly { server, detail },
        Meaning::Full => JournalError::Full { path },
        Meaning::Locked => JournalError::Locked { path },
        Meaning::Damaged => JournalError::Corrupt { path, detail },
        Meaning::NoTable | Meaning::Other => JournalError::Io { path, detail },
    }
}
