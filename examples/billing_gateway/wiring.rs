//! Where crossfade is put around the two stores.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use crossfade::canary_read::CanaryReadLayer;
use crossfade::copy::Copier;
use crossfade::data::{Group, Key, Scopes};
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::journal::{IdBlocks, Journal, JournalError};
use crossfade::mismatch_metrics::{MismatchMetricsLayer, Samples, by_form};
use crossfade::reconcile::{Reconciler, ReconcilerHandle};
use crossfade::route::{LegacyIds, RouteLayer, RoutingConfig, RoutingHandle, Store};
use crossfade::store::TargetLayer;
use tokio::sync::Mutex;
use tower::ServiceBuilder;
use tower::retry::budget::TpsBudget;

use crate::faults::Faults;
use crate::faulty::Faulty;
use crate::legacy::Legacy;
use crate::request::{Body, InvoiceAnswer, InvoiceOutcome, InvoiceService, StoreError};
use crate::target::{IdSource, Target, TargetWithIds};

/// How invoices are routed where no other config is given: between files, and when a store is a server.
const OF_FILES: &str = include_str!("routing.toml");
const OF_SERVERS: &str = include_str!("servers.toml");
/// The copy of one invoice takes milliseconds, that of a page of the fill some hundred; one that takes this long is given up and
/// done again.
const COPY_DEADLINE: Duration = Duration::from_secs(5);
/// A read that the target has not answered by then is answered by legacy.
const FALLBACK_AFTER: Duration = Duration::from_millis(100);

pub(crate) type InvoiceCopier = Copier<Faulty<Legacy>, Faulty<Target>>;

/// The levers of the migration.
#[derive(Clone)]
pub(crate) struct Control {
    pub(crate) routing: RoutingHandle,
    pub(crate) copier: InvoiceCopier,
    /// The newest mismatches.
    pub(crate) samples: Samples,
    /// The config that it began with.
    pub(crate) config: &'static str,
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
    let text = config_of(&legacy, &target);
    let config = RoutingConfig::from_toml(text)?;
    check_late_bounds(&config, &legacy, &target)?;
    let routing = RoutingHandle::resume(&journal, config).await?;
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
    Ok((invoices, Control { routing, copier, samples, config: text, reconciler }))
}

/// Whether a config knows how long writes of these stores may still land. Ask it of any config before it is in force.
pub(crate) fn check_late_bounds(config: &RoutingConfig, legacy: &Legacy, target: &Target) -> Result<()> {
    legacy.check_late_bound(config.late_bound.legacy).context("late_bound.legacy")?;
    target.check_late_bound(config.late_bound.target).context("late_bound.target")
}

fn config_of(legacy: &Legacy, target: &Target) -> &'static str {
    if legacy.is_server() || matches!(target, Target::Cassandra(_)) { OF_SERVERS } else { OF_FILES }
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
