//! The invoices in memory: a store that costs next to nothing, and keeps stamps.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Arc, PoisonError, RwLock};

use crossfade::data::{Outcome, Page, RecordStore, Stamp, StampedRecord};
use tokio::task::yield_now;
use tower::service_fn;
use tower::util::BoxCloneSyncService;

use super::invoices::{Answer, InvoiceKey, Invoices, Request, Service, key};

type Rows = BTreeMap<(i64, i64), (Stamp, Option<String>)>;

/// The store.
#[derive(Clone, Default)]
pub(crate) struct InMemory {
    rows: Arc<RwLock<Rows>>,
    suspends: bool,
}

impl InMemory {
    /// Suspends each call once, as every store does that waits for a server.
    pub(crate) fn suspending() -> Self {
        Self { suspends: true, ..Self::default() }
    }

    /// The invoices 0 to `rows`.
    pub(crate) fn seeded(rows: i64) -> Self {
        let this = Self::default();
        (0..rows).map(key).for_each(|key| this.set(&key, 0, Some("an invoice".to_owned())));
        this
    }

    /// The request path of the service.
    pub(crate) fn service(&self) -> Service {
        let this = self.clone();
        BoxCloneSyncService::new(service_fn(move |request| {
            let this = this.clone();
            async move {
                this.suspend().await;
                Ok(this.answer(request))
            }
        }))
    }

    async fn suspend(&self) {
        if self.suspends {
            yield_now().await;
        }
    }

    fn answer(&self, request: Request) -> Answer {
        match request {
            Request::Get { customer, id } => self.get(&(customer, id).into()),
            Request::Put { customer, id, body } => {
                self.set(&(customer, id).into(), 0, Some(body));
                None
            }
        }
    }

    fn get(&self, key: &InvoiceKey) -> Answer {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        rows.get(&(key.group, key.item)).and_then(|(_, body)| body.clone())
    }

    /// The larger stamp wins; a write of its own has none, and always does.
    fn set(&self, key: &InvoiceKey, stamp: Stamp, body: Answer) {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        let row = rows.entry((key.group, key.item)).or_default();
        if stamp == 0 || stamp >= row.0 {
            *row = (stamp.max(row.0), body);
        }
    }
}

impl RecordStore for InMemory {
    type Data = Invoices;
    type Error = Infallible;
    const KEEPS_STAMPS: bool = true;

    async fn read(&self, key: &InvoiceKey, now: Stamp) -> Result<StampedRecord<Invoices>, Infallible> {
        self.suspend().await;
        Ok((now, self.get(key)))
    }

    async fn replace(&self, key: &InvoiceKey, body: Option<&String>, stamp: Stamp) -> Result<(), Infallible> {
        self.suspend().await;
        self.set(key, stamp, body.cloned());
        Ok(())
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&InvoiceKey>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<Invoices>, Infallible> {
        self.suspend().await;
        let start = group.map_or(Unbounded, |group| Excluded((*group, i64::MIN)));
        let start = after.map_or(start, |after| Excluded((after.group, after.item)));
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        let behind =
            rows.range((start, Unbounded)).take_while(|(key, _)| group.is_none_or(|group| key.0 == *group));
        let records = behind.filter_map(|(key, (_, body))| Some(((*key).into(), body.clone()?)));
        Ok(Page { stamp: now, records: records.take(limit).collect() })
    }

    fn outcome(error: &Infallible) -> Outcome {
        match *error {}
    }
}
