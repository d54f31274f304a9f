//! A store with faults in front of it, for the request path ([`tower::Service`]) and for copies ([`RecordStore`]).

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crossfade::data::{FoundKeys, Outcome, Page, RecordKey, RecordStore, Stamp};
use tower::Service;

use crate::domain::{self, Invoice, Invoices};
use crate::faults::{Fault, Faults, LATE_MAX, gone, no_answer, refused};
use crate::request::{InvoiceAnswer, InvoiceRequest, StoreError};
use crate::request_store::RequestStore;
use crossfade::route::Store;

/// A store and what may happen to calls of it.
#[derive(Clone, Debug)]
pub(crate) struct Faulty<S> {
    inner: S,
    store: Store,
    faults: Faults,
}

impl<S> Faulty<S> {
    pub(crate) fn new(inner: S, store: Store, faults: Faults) -> Self {
        Self { inner, store, faults }
    }

    /// Runs a call the way the schedule wants it.
    async fn run<T, F>(&self, writes: bool, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        match self.faults.next(self.store, writes) {
            None => call.await,
            Some(Fault::Slow(more)) => {
                tokio::time::sleep(more).await;
                call.await
            }
            Some(Fault::Failing) => Err(refused(self.store)),
            Some(Fault::LostAnswer(Duration::ZERO)) => {
                // What the store said is lost on the way, also when it refused.
                drop(call.await);
                Err(no_answer(self.store))
            }
            Some(Fault::LostAnswer(late)) => {
                tokio::spawn(land_late(late, call));
                Err(no_answer(self.store))
            }
            Some(fault @ (Fault::GoneRefused | Fault::GoneTimeout)) => Err(gone(self.store, fault).await),
        }
    }
}

/// How long a late write may take once it begins: with what it waited before, it stays below the late bound.
const LANDING_MAX: Duration = Duration::from_millis(100);

/// One spawned write a lost answer. On a machine that stands still the write is dropped rather than land after the
/// late bound, as a store's own statement timeout would see to.
async fn land_late<T>(late: Duration, call: impl Future<Output = Result<T, StoreError>>) {
    let given_up = tokio::time::Instant::now();
    tokio::time::sleep(late).await;
    if given_up.elapsed() <= LATE_MAX + Duration::from_millis(20) {
        // Nor may it wait for the store's writer for longer, whatever the store itself allows.
        drop(tokio::time::timeout(LANDING_MAX, call).await);
    }
}

impl<S: RequestStore> Service<InvoiceRequest> for Faulty<S> {
    type Response = InvoiceAnswer;
    type Error = StoreError;
    type Future = Pin<Box<dyn Future<Output = Result<InvoiceAnswer, StoreError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), StoreError>> {
        Poll::Ready(Ok(())) // the connection pool is awaited inside the call, with its own bound
    }

    fn call(&mut self, request: InvoiceRequest) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let writes = request.is_write();
            let inner = this.inner.clone();
            this.run(writes, async move { inner.answer(request).await }).await
        })
    }
}

impl<S: RecordStore<Data = Invoices, Error = StoreError>> RecordStore for Faulty<S> {
    type Data = Invoices;
    type Error = StoreError;
    const KEEPS_STAMPS: bool = S::KEEPS_STAMPS;

    async fn read(
        &self,
        key: &RecordKey<Invoices>,
        now: Stamp,
    ) -> Result<(Stamp, Option<Invoice>), StoreError> {
        let (inner, key) = (self.inner.clone(), domain::key(key.group, key.item));
        self.run(false, async move { inner.read(&key, now).await }).await
    }

    async fn replace(
        &self,
        key: &RecordKey<Invoices>,
        record: Option<&Invoice>,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let (inner, key, record) = (self.inner.clone(), domain::key(key.group, key.item), record.cloned());
        self.run(true, async move { inner.replace(&key, record.as_ref(), stamp).await }).await
    }

    async fn replace_many(
        &self,
        records: &[(RecordKey<Invoices>, Invoice)],
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let inner = self.inner.clone();
        let records: Vec<_> = records
            .iter()
            .map(|(key, invoice)| (domain::key(key.group, key.item), invoice.clone()))
            .collect();
        self.run(true, async move { inner.replace_many(&records, stamp).await }).await
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Invoices>>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<Invoices>, StoreError> {
        let (inner, group) = (self.inner.clone(), group.copied());
        let after = after.map(|key| domain::key(key.group, key.item));
        self.run(false, async move { inner.page(group.as_ref(), after.as_ref(), limit, now).await }).await
    }

    async fn page_of_keys(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Invoices>>,
        limit: usize,
    ) -> Result<Vec<RecordKey<Invoices>>, StoreError> {
        let (inner, group) = (self.inner.clone(), group.copied());
        let after = after.map(|key| domain::key(key.group, key.item));
        self.run(false, async move { inner.page_of_keys(group.as_ref(), after.as_ref(), limit).await }).await
    }

    async fn existing_keys(&self, keys: &[RecordKey<Invoices>]) -> Result<FoundKeys<Invoices>, StoreError> {
        let inner = self.inner.clone();
        let keys: Vec<_> = keys.iter().map(|key| domain::key(key.group, key.item)).collect();
        self.run(false, async move { inner.existing_keys(&keys).await }).await
    }

    async fn clock(&self) -> Result<Option<Stamp>, StoreError> {
        self.inner.clock().await
    }

    fn outcome(error: &StoreError) -> Outcome {
        S::outcome(error)
    }
}
