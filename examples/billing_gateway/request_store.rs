//! What the request path asks of a store. Both stores implement it, each with its own statements.

use std::future::Future;

use rust_decimal::Decimal;

use crate::domain::{Draft, Invoice, NewInvoice, Precondition, Rejection};
use crate::request::{About, Body, Call, InvoiceAnswer, InvoiceRequest, StoreError};
use crate::store_error::{cassandra_error, store_error};
use crossfade::backend::cassandra::CassandraError;
use crossfade::route::Store;

/// Why a store did not do it, before it is said which store it was.
#[derive(Debug)]
pub(crate) enum Failure {
    Known(StoreError),
    Driver(sqlx::Error),
    Cassandra(CassandraError),
}

/// A store that answers the gateway's requests. What changes something is one transaction of the store.
pub(crate) trait RequestStore: Clone + Send + Sync + 'static {
    /// Which of the two it is.
    const STORE: Store;

    /// Makes an invoice; when its key made one before, gives that one.
    fn create(&self, customer: i64, new: NewInvoice)
    -> impl Future<Output = Result<Invoice, Failure>> + Send;
    fn get(&self, customer: i64, id: i64) -> impl Future<Output = Result<Option<Invoice>, Failure>> + Send;
    /// The invoice with this printed number, whoever's it is.
    fn find(&self, number: &str) -> impl Future<Output = Result<Option<Invoice>, Failure>> + Send;
    /// `limit` invoices with an id above `after`.
    fn list(
        &self,
        customer: i64,
        after: i64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Invoice>, Failure>> + Send;
    fn put(
        &self,
        customer: i64,
        id: i64,
        draft: Draft,
        precondition: Precondition,
    ) -> impl Future<Output = Result<Invoice, Failure>> + Send;
    fn delete(
        &self,
        customer: i64,
        id: i64,
        precondition: Precondition,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
    fn pay(
        &self,
        customer: i64,
        id: i64,
        amount: Decimal,
    ) -> impl Future<Output = Result<Invoice, Failure>> + Send;
    /// Closes all of them or none, and gives them back.
    fn close(&self, customer: i64, ids: &[i64])
    -> impl Future<Output = Result<Vec<Invoice>, Failure>> + Send;

    /// Answers one request of the gateway.
    fn answer(
        &self,
        request: InvoiceRequest,
    ) -> impl Future<Output = Result<InvoiceAnswer, StoreError>> + Send {
        async move {
            let body = self.body(request).await.map_err(|failure| failure.of(Self::STORE))?;
            Ok(InvoiceAnswer { from: Self::STORE, body })
        }
    }

    /// What is answered; a store may do it in its own way around [`body_of`](Self::body_of).
    fn body(&self, request: InvoiceRequest) -> impl Future<Output = Result<Body, Failure>> + Send {
        self.body_of(request)
    }

    fn body_of(&self, request: InvoiceRequest) -> impl Future<Output = Result<Body, Failure>> + Send {
        async move {
            match request.about {
                About::Number(number) => self.find(&number).await.map(Body::of_read),
                About::Customer { id, call, .. } => self.carry_out(id, call).await,
            }
        }
    }

    fn carry_out(&self, customer: i64, call: Call) -> impl Future<Output = Result<Body, Failure>> + Send {
        async move {
            match call {
                Call::Create(new) => self.create(customer, new).await.map(Body::from),
                Call::Get(id) => self.get(customer, id).await.map(Body::of_read),
                Call::List { after, limit } => self.list(customer, after, limit).await.map(Body::List),
                Call::Put(id, draft, precondition) => {
                    self.put(customer, id, draft, precondition).await.map(Body::from)
                }
                Call::Delete(id, precondition) => {
                    self.delete(customer, id, precondition).await.map(|()| Body::Deleted)
                }
                Call::Pay(id, amount) => self.pay(customer, id, amount).await.map(Body::from),
                Call::Close(ids) => self.close(customer, &ids).await.map(Body::List),
            }
        }
    }
}

impl Failure {
    fn of(self, store: Store) -> StoreError {
        match self {
            Self::Known(error) => error,
            Self::Driver(error) => store_error(store, &error),
            Self::Cassandra(error) => cassandra_error(&error),
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<CassandraError> for Failure {
    fn from(error: CassandraError) -> Self {
        Self::Cassandra(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Known(error)
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Known(rejection.into())
    }
}
