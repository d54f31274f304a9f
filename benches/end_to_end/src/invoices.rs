//! What is moved: a text for each invoice of a customer.

use std::borrow::Cow;

use crossfade::Refused;
use crossfade::backend::cassandra::CassandraError;
use crossfade::backend::sql::MySql;
use crossfade::data::{DataSet, Key, Outcome, RecordKey, Scopes};
use crossfade::route::{Operation, StorageRequest};
use tower::util::BoxCloneSyncService;

/// The data set.
#[derive(Debug)]
pub(crate) struct Invoices;

impl DataSet for Invoices {
    type Group = i64;
    type Item = i64;
    type Record = String;

    fn same(a: &String, b: &String) -> bool {
        a == b
    }
}

pub(crate) type InvoiceKey = RecordKey<Invoices>;

/// How many invoices a customer has.
const OF_A_CUSTOMER: i64 = 10;

/// The key of the n-th invoice.
pub(crate) fn key(n: i64) -> InvoiceKey {
    (n / OF_A_CUSTOMER, n % OF_A_CUSTOMER).into()
}

/// A body of the usual size, different each time.
pub(crate) fn body() -> String {
    format!("{:016x}{}", fastrand::u64(..), "x".repeat(184))
}

/// What the service asks a store.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Get { customer: i64, id: i64 },
    Put { customer: i64, id: i64, body: String },
}

impl Request {
    pub(crate) fn get(n: i64) -> Self {
        let InvoiceKey { group: customer, item: id } = key(n);
        Self::Get { customer, id }
    }

    pub(crate) fn put(n: i64) -> Self {
        let InvoiceKey { group: customer, item: id } = key(n);
        Self::Put { customer, id, body: body() }
    }
}

impl StorageRequest for Request {
    fn operation(&self) -> Operation {
        match self {
            Self::Get { .. } => Operation::read("get"),
            Self::Put { .. } => Operation::write("put"),
        }
    }

    fn scopes(&self) -> Scopes {
        let (Self::Get { customer, id } | Self::Put { customer, id, .. }) = self;
        Key::new(customer, id).into()
    }

    fn attribute(&self, name: &str) -> Option<Cow<'_, str>> {
        (name == "country").then_some(Cow::Borrowed("Norway"))
    }
}

/// An invoice, or that there is none; a write answers nothing.
pub(crate) type Answer = Option<String>;

/// A store, or crossfade around two.
pub(crate) type Service = BoxCloneSyncService<Request, Answer, Error>;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Cassandra(#[from] CassandraError),
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Error {
    /// What it says of a write.
    pub(crate) fn outcome(answer: Result<&Answer, &Self>) -> Outcome {
        match answer {
            Ok(_) => Outcome::Applied,
            Err(Self::Sql(error)) => MySql::outcome(error),
            Err(Self::Cassandra(error)) => error.outcome(),
            Err(Self::Refused(_)) => Outcome::Rejected,
        }
    }
}
