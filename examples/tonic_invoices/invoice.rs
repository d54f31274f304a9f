//! What both forms have in common: the data set, what may be done to an invoice, and why it may not.

use crossfade::Refused;
use crossfade::data::{DataSet, Outcome, RecordKey};
use crossfade::records::Entity;
use tonic::{Code, Status};

use crate::messages::{Invoice, Key, TEXT_BYTES_MAX};
use crate::status::refusal;

/// The invoices of customers.
#[derive(Debug)]
pub(crate) enum Invoices {}

impl DataSet for Invoices {
    type Group = i64;
    type Item = i64;
    type Record = Invoice;

    fn same(a: &Invoice, b: &Invoice) -> bool {
        a == b
    }
}

impl Entity for Invoices {
    type New = Invoice; // the caller gives the number
    type Error = InvoiceError;
}

/// Why a call of the service ends without what it asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvoiceError {
    #[error("there is no such invoice")]
    Missing,
    #[error("there is an invoice with this number already")]
    Exists,
    #[error("the invoice is paid already")]
    Paid,
    #[error("{0}")]
    Invalid(&'static str),
    #[error("this service has no such method")]
    NoMethod,
    /// No connection: surely nothing was done.
    #[error("the store cannot be reached")]
    Unreachable,
    /// The store did what it was asked, or did not.
    #[error("the store did not answer")]
    NoAnswer(Code),
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl InvoiceError {
    pub(crate) const fn outcome(&self) -> Outcome {
        if matches!(self, Self::NoAnswer(_)) { Outcome::Unknown } else { Outcome::Rejected }
    }

    const fn code(&self) -> Code {
        match self {
            Self::Missing => Code::NotFound,
            Self::Exists => Code::AlreadyExists,
            Self::Paid => Code::FailedPrecondition,
            Self::Invalid(_) => Code::InvalidArgument,
            Self::NoMethod => Code::Unimplemented,
            Self::Unreachable | Self::Refused(_) => Code::Unavailable,
            Self::NoAnswer(code) => *code,
        }
    }
}

impl From<InvoiceError> for Status {
    fn from(error: InvoiceError) -> Self {
        match &error {
            InvoiceError::Refused(refused) => refusal(refused),
            _ => Self::new(error.code(), error.to_string()),
        }
    }
}

/// Takes a number that is free.
pub(crate) fn create(stored: &mut Option<Invoice>, new: &Invoice) -> Result<(), InvoiceError> {
    if stored.is_some() {
        return Err(InvoiceError::Exists);
    }
    *stored = Some(new.clone());
    Ok(())
}

pub(crate) fn pay(invoice: &mut Invoice) -> Result<(), InvoiceError> {
    if invoice.paid {
        return Err(InvoiceError::Paid);
    }
    invoice.paid = true;
    Ok(())
}

/// What a caller may write.
pub(crate) fn checked(invoice: Invoice) -> Result<Invoice, InvoiceError> {
    match invoice {
        Invoice { total_cents: ..0, .. } => Err(InvoiceError::Invalid("a total is not negative")),
        invoice if invoice.text.len() > TEXT_BYTES_MAX => {
            Err(InvoiceError::Invalid("a text has 1,000 bytes at most"))
        }
        invoice => Ok(invoice),
    }
}

impl From<Key> for RecordKey<Invoices> {
    fn from(key: Key) -> Self {
        (key.customer, key.number).into()
    }
}

impl From<&RecordKey<Invoices>> for Key {
    fn from(key: &RecordKey<Invoices>) -> Self {
        Self { customer: key.group, number: key.item }
    }
}
