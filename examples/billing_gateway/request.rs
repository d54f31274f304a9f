//! What the gateway asks of a store and what it gets: one request type and one answer type for both stores.

use std::borrow::Cow;
use std::sync::Arc;

use crossfade::data::{ClassifyOutcome, Group, Key, Outcome, Scope, Scopes};
use rust_decimal::Decimal;
use tower::util::BoxCloneSyncService;

use crate::domain::{Draft, Invoice, NewInvoice, Precondition, Rejection};
use crossfade::Refused;
use crossfade::route::{Operation, StorageRequest, Store};

/// A store, or the whole crossfade stack: whoever answers invoice requests.
pub(crate) type InvoiceService = BoxCloneSyncService<InvoiceRequest, InvoiceAnswer, StoreError>;

/// One call to a store.
#[derive(Clone, Debug)]
pub(crate) struct InvoiceRequest {
    pub(crate) customer: i64,
    /// The customer's country, by which the first cohort is chosen. From the gateway's cache: customers do not move.
    pub(crate) country: Arc<str>,
    pub(crate) call: Call,
}

#[derive(Clone, Debug)]
pub(crate) enum Call {
    /// The store gives the id.
    Create(NewInvoice),
    Get(i64),
    /// `limit` invoices with an id above `after`. A walk of several pages stays with the store that gave the first.
    List {
        after: i64,
        limit: u32,
        store: Option<Store>,
    },
    /// Replaces an invoice that is there.
    Put(i64, Draft, Precondition),
    Delete(i64, Precondition),
    /// Adds to what was received of an invoice.
    Pay(i64, Decimal),
    /// Closes all of these invoices or none.
    Close(Vec<i64>),
}

/// What a store answered, and which store it was.
#[derive(Clone, Debug)]
pub(crate) struct InvoiceAnswer {
    pub(crate) from: Store,
    pub(crate) body: Body,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// The answer to a create, a get, a put or a payment.
    Invoice(Box<Invoice>),
    /// The answer to a get: there is no such invoice. (A put or delete of none is [`Rejection::NotFound`].)
    Missing,
    /// The answer to a list or a closing.
    List(Vec<Invoice>),
    Deleted,
}

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The invoices say that it cannot be done: surely nothing was changed.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The store did not take the call: surely nothing was changed.
    #[error("{store:?} store is unavailable: {reason}")]
    Unavailable { store: Store, reason: String },
    /// The call was sent and nobody knows what became of it.
    #[error("{store:?} store did not answer: {reason}")]
    NoAnswer { store: Store, reason: String },
    /// Crossfade itself refused the call; no store has seen it.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl StoreError {
    /// What the error says about a write.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Rejected(_) | Self::Unavailable { .. } | Self::Refused(_) => Outcome::Rejected,
            Self::NoAnswer { .. } => Outcome::Unknown,
        }
    }
}

/// Tells crossfade what an answer of either store means for a write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InvoiceOutcome;

impl ClassifyOutcome<InvoiceAnswer, StoreError> for InvoiceOutcome {
    fn classify(&self, answer: Result<&InvoiceAnswer, &StoreError>) -> Outcome {
        answer.map_or_else(StoreError::outcome, |_| Outcome::Applied)
    }
}

impl InvoiceRequest {
    pub(crate) fn is_write(&self) -> bool {
        self.operation().is_write()
    }
}

impl StorageRequest for InvoiceRequest {
    fn operation(&self) -> Operation {
        match self.call {
            Call::Create(_) => Operation::write("create_invoice"),
            Call::Get(_) => Operation::read("get_invoice"),
            Call::List { .. } => Operation::read("list_invoices"),
            Call::Put(..) => Operation::write("put_invoice"),
            Call::Delete(..) => Operation::write("delete_invoice"),
            Call::Pay(..) => Operation::write("pay_invoice"),
            Call::Close(_) => Operation::write("close_invoices"),
        }
    }

    fn scopes(&self) -> Scopes {
        match &self.call {
            // A create names its customer: the id is known only afterwards.
            Call::Create(_) | Call::List { .. } => Group::new(&self.customer).into(),
            Call::Get(id) | Call::Put(id, ..) | Call::Delete(id, _) | Call::Pay(id, _) => {
                Key::new(&self.customer, id).into()
            }
            Call::Close(ids) => ids.iter().map(|id| Scope::from(Key::new(&self.customer, id))).collect(),
        }
    }

    fn attribute(&self, name: &str) -> Option<Cow<'_, str>> {
        (name == "country").then_some(Cow::Borrowed(&*self.country))
    }

    fn read_override(&self) -> Option<Store> {
        match self.call {
            Call::List { store, .. } => store,
            _ => None,
        }
    }
}

impl From<Invoice> for Body {
    fn from(invoice: Invoice) -> Self {
        Self::Invoice(Box::new(invoice))
    }
}
