//! What many teams write first: both stores called side by side, a script that copies what was there before, and a
//! flag for the stage. `--naive` runs the demo with it in place of crossfade, so that the same ledger judges both.
//!
//! It is no straw man: ids come from one store, reads fall back, the script is one transaction a page. What it lacks is
//! what cannot be seen in it: nothing remembers a write that reached one store only, nothing orders two writes of one
//! key in the same way on both, the script writes over what changed since it read, and the switch waits for nobody.

use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use crossfade::data::{RecordStore, Stamp};
use crossfade::route::{Stage, Store, bucket};
use tokio::sync::OnceCell;
use tower::Service;

use crate::domain;
use crate::faults::Faults;
use crate::faulty::Faulty;
use crate::legacy::Legacy;
use crate::mover::{Cohort, FillProgress};
use crate::request::{About, Body, Call, InvoiceAnswer, InvoiceRequest, StoreError};
use crate::target::{IdSource, Target, TargetWithIds};

/// Invoices that the script copies at once.
const PAGE: usize = 500;

/// Both stores, written by hand.
#[derive(Clone, Debug)]
pub(crate) struct Naive {
    legacy: Faulty<Legacy>,
    target: Faulty<TargetWithIds<AfterLargest>>,
    /// The same stores as the script and creates write them.
    legacy_records: Faulty<Legacy>,
    target_records: Faulty<Target>,
    flags: Arc<Mutex<Flags>>,
}

/// What a config service would hand out.
#[derive(Clone, Debug)]
struct Flags {
    stage: Stage,
    cohort: Cohort,
}

/// The target has no sequence: its ids go on after the largest that it has when the first one is asked for.
#[derive(Clone, Debug)]
pub(crate) struct AfterLargest {
    target: Target,
    next: Arc<OnceCell<AtomicI64>>,
}

impl IdSource for AfterLargest {
    async fn next(&self) -> Result<i64, StoreError> {
        let next = self.next.get_or_try_init(|| self.first()).await?;
        Ok(next.fetch_add(1, Ordering::Relaxed))
    }
}

impl AfterLargest {
    async fn first(&self) -> Result<AtomicI64, StoreError> {
        Ok(AtomicI64::new(self.target.largest_id().await? + 1))
    }
}

impl Naive {
    pub(crate) fn new(legacy: &Legacy, target: &Target, faults: &Faults) -> Self {
        let with_ids = TargetWithIds {
            store: target.clone(),
            ids: AfterLargest { target: target.clone(), next: Arc::default() },
        };
        Self {
            legacy: Faulty::new(legacy.clone(), Store::Legacy, faults.clone()),
            target: Faulty::new(with_ids, Store::Target, faults.clone()),
            legacy_records: Faulty::new(legacy.clone(), Store::Legacy, faults.clone()),
            target_records: Faulty::new(target.clone(), Store::Target, faults.clone()),
            flags: Arc::new(Mutex::new(Flags { stage: Stage::Off, cohort: Cohort::Percent(0) })),
        }
    }

    /// The next request sees it; those that run do not.
    pub(crate) fn set_stage(&self, stage: Stage) {
        self.flags.lock().unwrap_or_else(PoisonError::into_inner).stage = stage;
    }

    pub(crate) fn set_cohort(&self, cohort: Cohort) {
        self.flags.lock().unwrap_or_else(PoisonError::into_inner).cohort = cohort;
    }

    /// The script: what legacy has is written to the target, page by page. A page that fails is done again.
    pub(crate) async fn fill(&self, mut progress: impl FnMut(FillProgress) + Send) -> Result<()> {
        let (mut after, mut copied) = (None, 0);
        loop {
            let Ok(page) = self.legacy_records.page(None, after.as_ref(), PAGE, 0).await else { continue };
            let Some((last, _)) = page.records.last() else { break };
            let next = domain::key(last.group, last.item);
            if self.target_records.replace_many(&page.records, now()).await.is_ok() {
                (after, copied) = (Some(next), copied + page.records.len() as u64);
                progress(FillProgress { copied, done: false });
            }
        }
        progress(FillProgress { copied, done: true });
        Ok(())
    }

    async fn answer(mut self, request: InvoiceRequest) -> Result<InvoiceAnswer, StoreError> {
        let flags = self.flags.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (request.is_write(), flags.stage) {
            (false, _) => self.read(&flags, request).await,
            (true, Stage::Off) => self.legacy.call(request).await,
            (true, Stage::Complete) => self.target.call(request).await,
            (true, stage) => self.write(stage.authority(), request).await,
        }
    }

    async fn read(&mut self, flags: &Flags, request: InvoiceRequest) -> Result<InvoiceAnswer, StoreError> {
        let from_target = match flags.stage {
            Stage::Canary | Stage::Live if request.store.is_some() => request.store == Some(Store::Target),
            Stage::Off | Stage::DualWrite | Stage::Shadow => false,
            Stage::Canary => flags.cohort.holds(&request),
            Stage::Live | Stage::RampDown | Stage::Complete => true,
        };
        if !from_target {
            return self.legacy.call(request).await;
        }
        match self.target.call(request.clone()).await {
            Ok(answer) if answer.body != Body::Missing => Ok(answer),
            answer if flags.stage >= Stage::RampDown => answer,
            _ => self.legacy.call(request).await,
        }
    }

    async fn write(
        &mut self,
        authority: Store,
        request: InvoiceRequest,
    ) -> Result<InvoiceAnswer, StoreError> {
        if matches!(request.about, About::Customer { call: Call::Create(..), .. }) {
            return self.create(authority, request).await;
        }
        let (legacy, target) = tokio::join!(self.legacy.call(request.clone()), self.target.call(request));
        match authority {
            Store::Legacy => legacy,
            Store::Target => target,
        }
    }

    /// One store gives the id; the other one gets the invoice with it.
    async fn create(
        &mut self,
        authority: Store,
        request: InvoiceRequest,
    ) -> Result<InvoiceAnswer, StoreError> {
        let answer = match authority {
            Store::Legacy => self.legacy.call(request).await?,
            Store::Target => self.target.call(request).await?,
        };
        if let Body::Invoice(invoice) = &answer.body {
            let key = domain::key(invoice.customer_id, invoice.id);
            // The caller has its invoice, so a failure of the other store is not its concern.
            drop(match authority {
                Store::Legacy => self.target_records.replace(&key, Some(invoice), now()).await,
                Store::Target => self.legacy_records.replace(&key, Some(invoice), now()).await,
            });
        }
        Ok(answer)
    }
}

impl Cohort {
    /// A lookup names no customer, so it stays where it was.
    fn holds(&self, request: &InvoiceRequest) -> bool {
        let About::Customer { id, country, .. } = &request.about else { return false };
        match self {
            Self::Country(cohort) => cohort == country,
            Self::Percent(percent) => bucket("invoices", &id.to_string()) < u32::from(*percent) * 1_000,
        }
    }
}

impl Service<InvoiceRequest> for Naive {
    type Response = InvoiceAnswer;
    type Error = StoreError;
    type Future = Pin<Box<dyn Future<Output = Result<InvoiceAnswer, StoreError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), StoreError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: InvoiceRequest) -> Self::Future {
        Box::pin(self.clone().answer(request))
    }
}

fn now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp::try_from(since.as_micros()).unwrap_or(Stamp::MAX)
}

#[cfg(test)]
#[path = "naive_tests.rs"]
mod tests;
