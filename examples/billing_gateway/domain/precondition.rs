//! Which version of an invoice a caller has seen, and writes that hold only for that one.

use std::fmt;

use super::digest::digest;
use super::invoice::Invoice;
use super::rejection::Rejection;

/// Names what is in an invoice: the same on both stores, and another one after every change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ETag(String);

/// What must hold of the invoice that is there before it is changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// Nothing.
    #[default]
    None,
    /// It is one of these versions.
    OneOf(Vec<ETag>),
}

impl Invoice {
    pub(crate) fn etag(&self) -> ETag {
        ETag(digest(self))
    }
}

impl ETag {
    /// What stood between the quotes. One that no invoice ever had is a tag too, and matches none.
    pub(crate) fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// With its quotes, as it stands in a header.
impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

impl Precondition {
    /// Whether the change may be made. Asked inside the transaction that makes it.
    pub(crate) fn check(&self, invoice: &Invoice) -> Result<(), Rejection> {
        match self {
            Self::None => Ok(()),
            Self::OneOf(tags) if tags.contains(&invoice.etag()) => Ok(()),
            Self::OneOf(_) => Err(Rejection::Changed),
        }
    }
}
