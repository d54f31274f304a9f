//! The document store as the gateway's requests see it, once it decides.

use std::future::Future;

use rust_decimal::Decimal;

use super::store::{Target, of_either};
use crate::domain::{Draft, Invoice, NewInvoice, Precondition};
use crate::request::StoreError;
use crate::request_store::{Failure, RequestStore};
use crossfade::route::Store;

/// Where ids of new invoices come from once this store decides: it has no sequence of its own.
pub(crate) trait IdSource: Clone + Send + Sync + 'static {
    /// An id that nobody was given before. An error means that none was used.
    fn next(&self) -> impl Future<Output = Result<i64, StoreError>> + Send;
}

/// The document store, for the request path.
#[derive(Clone, Debug)]
pub(crate) struct TargetWithIds<I> {
    pub(crate) store: Target,
    pub(crate) ids: I,
}

impl<I: IdSource> RequestStore for TargetWithIds<I> {
    const STORE: Store = Store::Target;

    async fn create(&self, customer: i64, new: NewInvoice) -> Result<Invoice, Failure> {
        // Asked for before the store, which must not wait for the journal; a retry leaves its id unused.
        let id = self.ids.next().await.map_err(Failure::Known)?;
        of_either!(&self.store, store => store.create(customer, id, new).await)
    }

    async fn get(&self, customer: i64, id: i64) -> Result<Option<Invoice>, Failure> {
        of_either!(&self.store, store => store.get(customer, id).await)
    }

    async fn find(&self, number: &str) -> Result<Option<Invoice>, Failure> {
        of_either!(&self.store, store => store.find(number).await)
    }

    async fn list(&self, customer: i64, after: i64, limit: u32) -> Result<Vec<Invoice>, Failure> {
        of_either!(&self.store, store => store.behind(customer, after, limit).await)
    }

    async fn put(
        &self,
        customer: i64,
        id: i64,
        draft: Draft,
        precondition: Precondition,
    ) -> Result<Invoice, Failure> {
        of_either!(&self.store, store => store.put(customer, id, draft, precondition).await)
    }

    async fn delete(&self, customer: i64, id: i64, precondition: Precondition) -> Result<(), Failure> {
        of_either!(&self.store, store => store.delete(customer, id, precondition).await)
    }

    async fn pay(&self, customer: i64, id: i64, amount: Decimal) -> Result<Invoice, Failure> {
        of_either!(&self.store, store => store.pay(customer, id, amount).await)
    }

    async fn close(&self, customer: i64, ids: &[i64]) -> Result<Vec<Invoice>, Failure> {
        of_either!(&self.store, store => store.close_all(customer, ids).await)
    }
}

/// No invoice is ever replaced by a new one.
pub(super) fn id_taken(id: i64) -> Failure {
    Failure::Known(StoreError::Unavailable { store: Store::Target, reason: format!("the id {id} is taken") })
}
