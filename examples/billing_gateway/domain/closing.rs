//! Closing: one write over many invoices of a customer.

use std::collections::BTreeSet;

use serde::Deserialize;

/// How many invoices may be closed at once. Crossfade names up to 256 keys in a write.
pub(crate) const CLOSED_AT_ONCE_MAX: usize = 100;

/// What a caller says about the invoices to close.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Closing {
    invoices: Vec<i64>,
}

/// Why a closing is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invoices must name 1 to {CLOSED_AT_ONCE_MAX} invoices, it names {0}")]
pub(crate) struct InvalidClosing(usize);

impl Closing {
    /// The ids, each once.
    pub(crate) fn checked(self) -> Result<Vec<i64>, InvalidClosing> {
        let ids: BTreeSet<i64> = self.invoices.into_iter().collect();
        match ids.len() {
            1..=CLOSED_AT_ONCE_MAX => Ok(ids.into_iter().collect()),
            count => Err(InvalidClosing(count)),
        }
    }
}
