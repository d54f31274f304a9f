//! Stand-ins for `crossfade::route` while it is being written: same names, same meaning. Removed with the wiring.

use std::borrow::Cow;
use std::fmt;

use crossfade::data::Scopes;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Store {
    Legacy,
    Target,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Stage {
    Off,
    DualWrite,
    Shadow,
    Canary,
    Live,
    RampDown,
    Complete,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Off => "off",
            Self::DualWrite => "dual_write",
            Self::Shadow => "shadow",
            Self::Canary => "canary",
            Self::Live => "live",
            Self::RampDown => "ramp_down",
            Self::Complete => "complete",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) writes: bool,
}

impl Operation {
    pub(crate) const fn read(name: &'static str) -> Self {
        Self { name, writes: false }
    }
    pub(crate) const fn write(name: &'static str) -> Self {
        Self { name, writes: true }
    }
}

#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("refused")]
pub(crate) struct Refused;

pub(crate) trait StorageRequest {
    fn operation(&self) -> Operation;
    fn scopes(&self) -> Scopes;
    fn attribute(&self, _name: &str) -> Option<Cow<'_, str>> {
        None
    }
    fn read_override(&self) -> Option<Store> {
        None
    }
}

// ---- a naive migration in memory, so that the demo runs; no crash safety, no bounds, gone with the wiring ----

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use crossfade::data::{Outcome, RecordStore};
use tokio::time::Instant;
use tower::{Service, ServiceExt};

use crate::domain;
use crate::faulty::Faulty;
use crate::legacy::Legacy;
use crate::request::{Body, Call, InvoiceAnswer, InvoiceRequest, InvoiceService, StoreError};
use crate::target::{IdSource, Target};
use crate::wiring::{Cohort, FillProgress, Statistics};

#[derive(Clone, Debug, Default)]
pub(crate) struct NaiveIds(Arc<AtomicI64>);
impl IdSource for NaiveIds {
    async fn next(&self) -> Result<i64, StoreError> {
        Ok(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

#[derive(Clone)]
pub(crate) struct Naive(Arc<Inner>);
struct Inner {
    stage: tokio::sync::RwLock<Stage>,
    cohort: Mutex<Option<Cohort>>,
    legacy: Legacy,
    services: [InvoiceService; 2],
    legacy_records: Faulty<Legacy>,
    target_records: Faulty<Target>,
    ids: NaiveIds,
    dirty: Mutex<HashMap<(i64, Option<i64>), (u64, Instant)>>,
    tokens: AtomicU64,
    stripes: Vec<tokio::sync::Mutex<()>>,
    hold: AtomicBool,
    copies: AtomicU64,
    fallbacks: AtomicU64,
    stamp: AtomicI64,
}

impl Naive {
    pub(crate) fn new(
        legacy: Legacy,
        l: InvoiceService,
        t: InvoiceService,
        legacy_records: Faulty<Legacy>,
        target_records: Faulty<Target>,
        ids: NaiveIds,
    ) -> Self {
        let this = Self(Arc::new(Inner {
            stage: tokio::sync::RwLock::new(Stage::Off),
            cohort: Mutex::new(None),
            legacy,
            services: [l, t],
            legacy_records,
            target_records,
            ids,
            dirty: Mutex::default(),
            tokens: AtomicU64::new(0),
            stripes: (0..512).map(|_| tokio::sync::Mutex::new(())).collect(),
            hold: AtomicBool::new(false),
            copies: AtomicU64::new(0),
            fallbacks: AtomicU64::new(0),
            stamp: AtomicI64::new(0),
        }));
        let reconciler = this.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(50)).await;
                reconciler.repair().await;
            }
        });
        this
    }

    pub(crate) async fn move_to(&self, to: Stage) -> anyhow::Result<()> {
        let from = *self.0.stage.read().await;
        self.0.hold.store(true, Ordering::SeqCst);
        let moved = self.move_from(from, to).await;
        self.0.hold.store(false, Ordering::SeqCst);
        moved
    }

    async fn move_from(&self, from: Stage, to: Stage) -> anyhow::Result<()> {
        if to >= Stage::RampDown || from >= Stage::RampDown {
            let mut stage = self.0.stage.write().await;
            while self.marks_left() > 0 {
                drop(stage);
                tokio::time::sleep(Duration::from_millis(20)).await;
                stage = self.0.stage.write().await;
            }
            let largest = self.0.legacy.largest_id().await?;
            self.0.ids.0.fetch_max(largest, Ordering::SeqCst);
            *stage = to;
        } else {
            *self.0.stage.write().await = to;
        }
        Ok(())
    }

    pub(crate) fn set_cohort(&self, cohort: Cohort) {
        *self.0.cohort.lock().unwrap() = Some(cohort);
    }

    pub(crate) async fn fill(&self, mut progress: impl FnMut(FillProgress)) -> anyhow::Result<()> {
        let (mut after, mut copied) = (None, 0);
        loop {
            let stamp = self.stamp();
            let Ok(page) = self.0.legacy_records.page(None, after.as_ref(), 500, stamp).await else {
                continue;
            };
            let Some((last, _)) = page.records.last() else {
                break;
            };
            let next = domain::key(last.group, last.item);
            if self
                .0
                .target_records
                .replace_many(&page.records, stamp)
                .await
                .is_err()
            {
                continue;
            }
            copied += page.records.len() as u64;
            after = Some(next);
            progress(FillProgress { copied, done: false });
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        progress(FillProgress { copied, done: true });
        Ok(())
    }

    pub(crate) fn marks_left(&self) -> u64 {
        self.0.dirty.lock().unwrap().len() as u64
    }

    pub(crate) fn statistics(&self) -> Statistics {
        Statistics {
            marks: self.0.tokens.load(Ordering::Relaxed),
            copies: self.0.copies.load(Ordering::Relaxed),
            fallbacks: self.0.fallbacks.load(Ordering::Relaxed),
            ..Statistics::default()
        }
    }

    fn stamp(&self) -> i64 {
        let now = i64::try_from(
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_micros(),
        )
        .unwrap();
        let before = self.0.stamp.fetch_max(now, Ordering::SeqCst);
        if before >= now {
            self.0.stamp.fetch_add(1, Ordering::SeqCst) + 1
        } else {
            now
        }
    }

    /// The token, 0 when another mark was there: then only the repair clears it.
    fn mark(&self, scope: (i64, Option<i64>), wait: Duration) -> u64 {
        let token = self.0.tokens.fetch_add(1, Ordering::SeqCst) + 1;
        let mut dirty = self.0.dirty.lock().unwrap();
        let fresh = !dirty.contains_key(&scope);
        let entry = dirty.entry(scope).or_insert((token, Instant::now()));
        *entry = (token, entry.1.max(Instant::now() + wait));
        if fresh { token } else { 0 }
    }

    fn unmark(&self, scope: (i64, Option<i64>), token: u64) {
        let mut dirty = self.0.dirty.lock().unwrap();
        if dirty
            .get(&scope)
            .is_some_and(|&(t, ready)| t == token && ready <= Instant::now())
        {
            dirty.remove(&scope);
        }
    }

    fn is_dirty(&self, request: &InvoiceRequest) -> bool {
        let dirty = self.0.dirty.lock().unwrap();
        match request.call {
            Call::Get(id) => {
                dirty.contains_key(&(request.customer, Some(id)))
                    || dirty.contains_key(&(request.customer, None))
            }
            _ => dirty.keys().any(|&(customer, _)| customer == request.customer),
        }
    }

    async fn copy(&self, stage: Stage, customer: i64, id: i64) -> bool {
        let key = domain::key(customer, id);
        let stamp = self.stamp();
        let done = if stage == Stage::RampDown {
            match self.0.target_records.read(&key, stamp).await {
                Ok((stamp, record)) => self
                    .0
                    .legacy_records
                    .replace(&key, record.as_ref(), stamp)
                    .await
                    .is_ok(),
                Err(_) => false,
            }
        } else {
            match self.0.legacy_records.read(&key, stamp).await {
                Ok((stamp, record)) => self
                    .0
                    .target_records
                    .replace(&key, record.as_ref(), stamp)
                    .await
                    .is_ok(),
                Err(_) => false,
            }
        };
        self.0.copies.fetch_add(u64::from(done), Ordering::Relaxed);
        done
    }

    async fn repair(&self) {
        let ready: Vec<_> = {
            let dirty = self.0.dirty.lock().unwrap();
            dirty
                .iter()
                .filter(|(_, v)| v.1 <= Instant::now())
                .map(|(k, v)| (*k, v.0))
                .collect()
        };
        for ((customer, id), token) in ready {
            let stage = self.0.stage.read().await;
            let scope_id = id;
            let ids = match id {
                Some(id) => vec![id],
                None => {
                    let l = self.0.legacy_records.page(Some(&customer), None, 10_000, 0).await;
                    let t = self.0.target_records.page(Some(&customer), None, 10_000, 0).await;
                    let (Ok(l), Ok(t)) = (l, t) else { continue };
                    l.records.iter().chain(&t.records).map(|(k, _)| k.item).collect()
                }
            };
            let mut done = true;
            for id in ids {
                let _lock = self.stripe(customer, id).lock().await;
                if !self.copy(*stage, customer, id).await {
                    self.mark((customer, Some(id)), Duration::ZERO);
                    done &= scope_id.is_none();
                }
            }
            if done {
                self.unmark((customer, id), token);
            }
        }
    }

    fn stripe(&self, customer: i64, id: i64) -> &tokio::sync::Mutex<()> {
        &self.0.stripes[((customer * 31 + id) as usize) % self.0.stripes.len()]
    }

    async fn answer(self, request: InvoiceRequest) -> Result<InvoiceAnswer, StoreError> {
        while request.operation().writes && self.0.hold.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let stage = self.0.stage.read().await;
        if request.operation().writes {
            self.write(*stage, request).await
        } else {
            self.read(*stage, request).await
        }
    }

    async fn write(&self, stage: Stage, request: InvoiceRequest) -> Result<InvoiceAnswer, StoreError> {
        let authority = usize::from(stage >= Stage::RampDown);
        let copies = stage != Stage::Off && stage != Stage::Complete;
        let customer = request.customer;
        let id = match request.call {
            Call::Put(id, _) | Call::Delete(id) => Some(id),
            _ => None,
        };
        let _lock = match id {
            Some(id) => Some(self.stripe(customer, id).lock().await),
            None => None,
        };
        let token = if copies {
            self.mark((customer, id), Duration::ZERO)
        } else {
            0
        };
        let answer = self.0.services[authority].clone().oneshot(request).await;
        if !copies {
            return answer;
        }
        match &answer {
            Err(error) if error.outcome() == Outcome::Rejected => self.unmark((customer, id), token),
            Err(_) => drop(self.mark((customer, id), Duration::from_millis(320))),
            Ok(answer) => {
                let written = match &answer.body {
                    Body::Invoice(invoice) => invoice.id,
                    _ => id.unwrap_or_default(),
                };
                if self.copy(stage, customer, written).await {
                    self.unmark((customer, id), token);
                } else {
                    self.mark((customer, id), Duration::from_millis(320));
                }
            }
        }
        answer
    }

    async fn read(&self, stage: Stage, request: InvoiceRequest) -> Result<InvoiceAnswer, StoreError> {
        let first = match stage {
            Stage::Off | Stage::DualWrite | Stage::Shadow => 0,
            Stage::Canary => match self.0.cohort.lock().unwrap().as_ref() {
                Some(Cohort::Country(country)) => usize::from(request.country == *country),
                Some(Cohort::Percent(p)) => {
                    usize::from(request.customer.wrapping_mul(7919) % 100 < i64::from(*p))
                }
                None => 0,
            },
            Stage::Live | Stage::RampDown | Stage::Complete => 1,
        };
        if first == 0 || stage >= Stage::RampDown {
            return self.0.services[first].clone().oneshot(request).await;
        }
        if self.is_dirty(&request) {
            return self.0.services[0].clone().oneshot(request).await;
        }
        let answer = self.0.services[1].clone().oneshot(request.clone()).await;
        if answer.is_ok() {
            return answer;
        }
        self.0.fallbacks.fetch_add(1, Ordering::Relaxed);
        self.0.services[0].clone().oneshot(request).await
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
