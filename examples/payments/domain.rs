//! What the service has already: the payment, and why something did not work.

use crossfade::Refused;
use crossfade::data::Outcome;
use crossfade::journal::JournalError;
use sqlx::error::ErrorKind;

/// A payment of an invoice, in cents and in seconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct Payment {
    pub amount: i64,
    pub paid_at: Option<i64>,
}

/// What callers get.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    #[error("it was paid before, at {0}")]
    AlreadyPaid(i64),
    #[error("other updates came in between, again and again: try later")]
    Contended,
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    NoId(#[from] JournalError),
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl PaymentError {
    /// What it says of a write. A statement that broke a constraint, and one that got no connection, changed nothing.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::AlreadyPaid(_) | Self::Contended | Self::NoId(_) | Self::Refused(_) => Outcome::Rejected,
            Self::Sql(sqlx::Error::PoolTimedOut) => Outcome::Rejected,
            Self::Sql(sqlx::Error::Database(error)) if error.kind() != ErrorKind::Other => Outcome::Rejected,
            Self::Sql(_) => Outcome::Unknown,
        }
    }
}
