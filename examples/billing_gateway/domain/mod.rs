//! Invoices as the business sees them: the one form that both schemas map to, and the rules for what may be in it.

mod closing;
mod create;
mod digest;
mod draft;
mod invoice;
mod money;
mod payment;
mod precondition;
mod rejection;

pub(crate) use closing::{Closing, InvalidClosing};
pub(crate) use create::{Idempotency, NewInvoice};
#[cfg(test)]
pub(crate) use draft::tests;
pub(crate) use draft::{Draft, InvalidDraft};
pub(crate) use invoice::{Billing, Invoice, Invoices, Line, invoice_number, key};
pub(crate) use money::{MONEY_SCALE, cents, money, total_of};
pub(crate) use payment::{InvalidPayment, Payment};
pub(crate) use precondition::{ETag, Precondition};
pub(crate) use rejection::Rejection;
