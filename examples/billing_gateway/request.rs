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

/// One request to a store.
#[derive(Clone, Debug)]
pub(crate) struct InvoiceRequest {
    pub(crate) about: About,
    /// The store that the caller wants a read to be answered by: a walk of several pages stays with that of the first.
    pub(crate) store: Option<Store>,
}

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every request is about a customer")]
pub(crate) enum About {
    /// Which invoice has this printed number. It names no customer, so no key: a lookup.
    Number(String),
    /// The country is that by which the first cohort is chosen; from the gateway's cache: customers do not move.
    Customer { id: i64, country: Arc<str>, call: Call },
}

/// What is asked about the invoices of one customer.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    /// The store gives the id.
    Create(NewInvoice),
    Get(i64),
    /// `limit` invoices with an id above `after`.
    List {
        after: i64,
        limit: u32,
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
    /// The answer to a create, a get, a lookup, a put or a payment.
    Invoice(Box<Invoice>),
    /// The answer to a get or a lookup: there is no such invoice. (A put or delete of none is [`Rejection::NotFound`].)
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
        let About::Customer { call, .. } = &self.about else {
            return Operation::lookup("find_invoice");
        };
        match call {
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
        let About::Customer { id: customer, call, .. } = &self.about else {
            return Scopes::none();
        };
        match call {
            // A create names its customer: the id is known only afterwards.
            Call::Create(_) | Call::List { .. } => Group::new(customer).into(),
            Call::Get(id) | Call::Put(id, ..) | Call::Delete(id, _) | Call::Pay(id, _) => {
                Key::new(customer, id).into()
            }
            Call::Close(ids) => ids.iter().map(|id| Scope::from(Key::new(customer, id))).collect(),
        }
    }

    /// A lookup is in the cohort by what it looks for; everything else by its customer.
    fn cohort_key(&self) -> Option<Cow<'_, str>> {
        match &self.about {
            About::Number(number) => Some(Cow::Borrowed(number)),
            About::Customer { .. } => None,
        }
    }

    fn attribute(&self, name: &str) -> Option<Cow<'_, str>> {
        match &self.about {
            About::Customer { country, .. } if name == "country" => Some(Cow::Borrowed(country)),
            _ => None,
        }
    }

    fn read_override(&self) -> Option<Store> {
        self.store
    }
}

impl Body {
    /// The answer to a read of one invoice.
    pub(crate) fn of_read(found: Option<Invoice>) -> Self {
        found.map_or(Self::Missing, Self::from)
    }
}

impl From<Invoice> for Body {
    fn from(invoice: Invoice) -> Self {
        Self::Invoice(Box::new(invoice))
    }
}
