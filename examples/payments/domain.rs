//! What the service has already: the payment, and why something did not work.

use crossfade::Refused;
use crossfade::data::{DataSet, Outcome, Stamp};
use crossfade::journal::JournalError;
use crossfade::records::Entity;
use sqlx::error::ErrorKind;

/// A payment of an invoice, in cents and in seconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Payment {
    pub(crate) amount: i64,
    pub(crate) paid_at: Option<i64>,
}

/// The payments of an invoice: what a list covers.
pub(crate) struct Payments;
impl DataSet for Payments {
    type Group = i64;
    type Item = i64;
    type Record = Payment;
    fn same(a: &Payment, b: &Payment) -> bool {
        a == b
    }
}
impl Entity for Payments {
    type New = i64; // the amount
    type Error = PaymentError;
}

/// What callers get.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PaymentError {
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
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::AlreadyPaid(_) | Self::Contended | Self::NoId(_) | Self::Refused(_) => Outcome::Rejected,
            Self::Sql(sqlx::Error::PoolTimedOut) => Outcome::Rejected,
            Self::Sql(sqlx::Error::Database(error)) if error.kind() != ErrorKind::Other => Outcome::Rejected,
            Self::Sql(_) => Outcome::Unknown,
        }
    }
}

/// Microseconds since 1970.
pub(crate) fn clock() -> Stamp {
    std::time::UNIX_EPOCH
        .elapsed()
        .map_or(0, |since| Stamp::try_from(since.as_micros()).unwrap_or(Stamp::MAX))
}
