//! The errors of the stores in memory.

use super::fault::Call;
use super::request::Response;
use crate::data::Outcome;
use crate::route::Store;
use crate::{Refused, journal::JournalError};

/// Why a store in memory did not answer as asked: what it was scripted to say, or what is true of its records.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A layer refused the request before any store saw it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Scripted: the store did not do it and never will.
    #[error("{store} rejected a {call}, as its script says")]
    Rejected {
        /// The store that was called.
        store: Store,
        /// What it was called for.
        call: Call,
    },
    /// Scripted: no answer in time; a write may have landed, or may yet land.
    #[error("{store} did not answer a {call} in time, as its script says")]
    TimedOut {
        /// The store that was called.
        store: Store,
        /// What it was called for.
        call: Call,
    },
    /// Scripted: the connection broke, nobody knows when.
    #[error("the connection to {store} broke in a {call}, as its script says")]
    Broken {
        /// The store that was called.
        store: Store,
        /// What it was called for.
        call: Call,
    },
    /// A write needs a record that is not there.
    #[error("{store} has no record {group}/{item}: put it before it is changed")]
    NotFound {
        /// The store that was called.
        store: Store,
        /// The group of the record.
        group: i64,
        /// The item of the record.
        item: i64,
    },
    /// A conditional write names another version than the stored one.
    #[error("{store} has version {found} of {group}/{item}, not {expected}: read it again")]
    VersionMoved {
        /// The store that was called.
        store: Store,
        /// The group of the record.
        group: i64,
        /// The item of the record.
        item: i64,
        /// The version that the write names.
        expected: u64,
        /// The version that is stored.
        found: u64,
    },
    /// The sequence that the store takes ids from gave none.
    #[error("no id for a new record: {0}")]
    NoId(#[source] JournalError),
}

impl StoreError {
    /// What became of a write that ended with this error.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::TimedOut { .. } | Self::Broken { .. } => Outcome::Unknown,
            Self::Refused(_)
            | Self::Rejected { .. }
            | Self::NotFound { .. }
            | Self::VersionMoved { .. }
            | Self::NoId(_) => Outcome::Rejected,
        }
    }
}

/// What an answer of a store in memory to a write means; a
/// [`ClassifyOutcome`](crate::data::ClassifyOutcome) for the layers.
pub fn classify_outcome(answer: Result<&Response, &StoreError>) -> Outcome {
    answer.map_or_else(StoreError::outcome, |_| Outcome::Applied)
}
