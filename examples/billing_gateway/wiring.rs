//! Where crossfade is put around the two stores, and what the demo asks of it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use crossfade::canary_read::CanaryReadLayer;
use crossfade::copy::Copier;
use crossfade::data::{Group, Key, Scopes};
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::fill::Fill;
use crossfade::journal::{IdBlocks, Journal, JournalError};
use crossfade::mismatch_metrics::{MismatchMetricsLayer, Samples, by_form};
use crossfade::reconcile::{Reconciler, ReconcilerHandle};
use crossfade::route::{
    Asked, AttributeRule, CohortConfig, LegacyIds, Percent, RouteLayer, RoutingConfig, RoutingHandle, Stage,
    Store,
};
use crossfade::store::TargetLayer;
use tokio::sync::Mutex;
use tower::ServiceBuilder;
use tower::retry::budget::TpsBudget;

use crate::faults::Faults;
use crate::faulty::Faulty;
use crate::legacy::Legacy;
use crate::request::{Body, InvoiceAnswer, InvoiceOutcome, InvoiceService, StoreError};
use crate::target::{IdSource, Target, TargetWithIds};

/// How invoices are routed where no other config is given.
const CONFIG: &str = include_str!("routing.toml");
/// The copy of one invoice takes a millisecond; one that takes this long is given up and repaired.
const COPY_DEADLINE: Duration = Duration::from_secs(1);
/// A read that the target has not answered by then is answered by legacy.
const FALLBACK_AFTER: Duration = Duration::from_millis(100);

/// Whose reads go to the target first in `canary`.
#[derive(Clone, Debug)]
pub(crate) enum Cohort {
    Country(Arc<str>),
    Percent(u8),
}

/// How far the fill is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FillProgress {
    pub(crate) copied: u64,
    pub(crate) done: bool,
}

/// What crossfade counted since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Statistics {
    pub(crate) marks: u64,
    pub(crate) copies: u64,
    pub(crate) fallbacks: u64,
    pub(crate) mismatches_confirmed: u64,
    pub(crate) mismatches_transient: u64,
    pub(crate) unaccounted_writes: u64,
}

pub(crate) type InvoiceCopier = Copier<Faulty<Legacy>, Faulty<Target>>;

/// The migration as the demo drives it.
#[derive(Clone)]
pub(crate) struct Control {
    pub(crate) routing: RoutingHandle,
    pub(crate) copier: InvoiceCopier,
    /// The newest mismatches.
    pub(crate) samples: Samples,
    reconciler: Arc<Mutex<Option<ReconcilerHandle>>>,
}

/// Builds the stack around both stores, and the control of it.
pub(crate) async fn assemble(
    legacy: Legacy,
    target: Target,
    journal: &str,
    faults: &Faults,
) -> Result<(InvoiceService, Control)> {
    let journal = Journal::open(journal).await.context("cannot open the journal")?;
    // A service that starts again goes on in the committed stage.
    let routing = RoutingHandle::resume(&journal, RoutingConfig::from_toml(CONFIG)?).await?;
    let ids = journal.ids("invoices");
    routing.hand_over_ids(ids.clone(), InvoiceIds(legacy.clone()));

    let copier = Copier::new(
        routing,
        Faulty::new(legacy.clone(), Store::Legacy, faults.clone()),
        Faulty::new(target.clone(), Store::Target, faults.clone()),
    )
    .deadline(COPY_DEADLINE);
    let reconciler = Arc::new(Mutex::new(Some(Reconciler::new(copier).spawn())));

    let target = TargetWithIds { store: target, ids: TargetIds(ids) };
    let mismatches = MismatchMetricsLayer::new(by_form(|answer: &InvoiceAnswer| answer.body.clone()));
    let samples = mismatches.samples();
    let invoices = InvoiceService::new(
        ServiceBuilder::new()
            .layer(RouteLayer::new(routing))
            .layer(CanaryReadLayer::new())
            .layer(FallbackLayer::new().missing(is_missing).timeout(FALLBACK_AFTER).budget(fallbacks()))
            .layer(mismatches)
            .layer(DualWriteLayer::new(copier).classified_by(InvoiceOutcome).written(written))
            .layer(TargetLayer::new(Faulty::new(target, Store::Target, faults.clone())))
            .service(Faulty::new(legacy, Store::Legacy, faults.clone())),
    );
    Ok((invoices, Control { routing, copier, samples, reconciler }))
}

/// The target knows no such invoice: legacy may.
fn is_missing(answer: &InvoiceAnswer) -> bool {
    answer.body == Body::Missing
}

/// A new invoice has a key once it is answered; before, only its customer was known.
fn written(named: &Scopes, answer: &InvoiceAnswer) -> Scopes {
    let customer = named.as_slice().first().and_then(|scope| scope.group());
    match (&answer.body, customer) {
        (Body::Invoice(invoice), Some(customer)) if customer == Group::new(&invoice.customer_id) => {
            Key::new(&invoice.customer_id, &invoice.id).into()
        }
        _ => named.clone(),
    }
}

/// Legacy is strong enough for all reads, as it was before; the budget only keeps an outage from going unnoticed.
fn fallbacks() -> TpsBudget {
    TpsBudget::new(Duration::from_secs(10), 200, 0.5)
}

impl Control {
    /// Moves to the stage and returns when nothing planned under the old one is running.
    pub(crate) async fn move_to(&self, stage: Stage) -> Result<()> {
        let moved = self.routing.move_to(stage, Asked::by("billing_gateway", "the demo walks on")).await?;
        moved.drained().await;
        Ok(())
    }

    pub(crate) async fn set_cohort(&self, cohort: Cohort) -> Result<()> {
        let mut config = self.routing.config();
        config.cohort = CohortConfig { rules: Vec::new(), weight: Percent::ZERO, ..config.cohort };
        match cohort {
            Cohort::Country(country) => {
                config.cohort.rules =
                    vec![AttributeRule { attribute: "country".into(), values: vec![country.to_string()] }];
            }
            Cohort::Percent(percent) => config.cohort.weight = format!("{percent}%").parse()?,
        }
        self.routing.swap(config).await?.drained().await;
        Ok(())
    }

    /// Copies everything that legacy has; returns when the target may be read.
    pub(crate) async fn fill(&self, mut progress: impl FnMut(FillProgress) + Send) -> Result<()> {
        let fill = Fill::new(self.copier);
        let mut pages = fill.progress();
        let mut run = std::pin::pin!(fill.run());
        let filled = loop {
            tokio::select! {
                filled = &mut run => break filled?,
                Ok(()) = pages.changed() => {
                    progress(FillProgress { copied: pages.borrow_and_update().copied, done: false });
                }
            }
        };
        progress(FillProgress { copied: filled.copied, done: true });
        Ok(())
    }

    /// Marks of any kind that are left, and writes on their way.
    pub(crate) async fn marks_left(&self) -> Result<u64> {
        Ok(self.routing.journal().marks() + self.routing.stats().writes_in_flight)
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let stats = self.routing.stats();
        Statistics {
            marks: stats.marks,
            copies: stats.keys_copied,
            fallbacks: stats.fallbacks(),
            mismatches_confirmed: stats.mismatches_confirmed(),
            mismatches_transient: stats.mismatches_transient,
            unaccounted_writes: stats.unaccounted_writes().unsigned_abs(),
        }
    }

    /// Ends the migration in order.
    pub(crate) async fn close(&self) -> Result<()> {
        if let Some(reconciler) = self.reconciler.lock().await.take() {
            reconciler.stop().await;
        }
        Ok(self.routing.close().await?)
    }
}

/// Ids of invoices that the target creates come from the journal.
#[derive(Clone, Debug)]
pub(crate) struct TargetIds(IdBlocks);

impl IdSource for TargetIds {
    async fn next(&self) -> Result<i64, StoreError> {
        let unavailable =
            |error: JournalError| StoreError::Unavailable { store: Store::Target, reason: error.to_string() };
        let id = self.0.next_id().await.map_err(unavailable)?;
        i64::try_from(id)
            .map_err(|_| StoreError::Unavailable { store: Store::Target, reason: "out of ids".into() })
    }
}

/// The ids that legacy's database assigns.
#[derive(Clone, Debug)]
struct InvoiceIds(Legacy);

impl LegacyIds for InvoiceIds {
    type Error = sqlx::Error;

    async fn largest(&self) -> sqlx::Result<u64> {
        // A sequence of the database is never negative.
        self.0.largest_id().await.map(i64::unsigned_abs)
    }

    async fn raise_above(&self, id: u64) -> sqlx::Result<()> {
        self.0.raise_sequence_above(i64::try_from(id).unwrap_or(i64::MAX)).await
    }
}

#[cfg(test)]
#[path = "wiring_tests.rs"]
mod tests;
