//! Crossfade around two stores, in a stage.

use std::time::Duration;

use anyhow::{Result, ensure};
use crossfade::Migration;
use crossfade::copy::Copier;
use crossfade::data::RecordStore;
use crossfade::journal::{Journal, Limits};
use crossfade::mismatch_metrics::{MismatchMetricsLayer, by};
use crossfade::reconcile::{Reconciler, ReconcilerHandle};
use crossfade::route::{Asked, RoutingConfig, RoutingHandle, Stage};
use tokio::time::{Instant, sleep};

use super::invoices::{Answer, Error, Invoices, Service};

/// The caller waits until the copy has ended.
pub(crate) const WAITS: &str = "writes = { wait = \"until_copied\" }\nshadow = { sample = \"0%\" }";
/// The copy goes on behind the answer.
pub(crate) const ANSWERS_AT_ONCE: &str = "writes = { wait = \"0s\" }\nshadow = { sample = \"0%\" }";

/// More than any measurement makes.
const MARKS_MAX: u64 = 10_000_000;
/// How long marks may take to go once there is no traffic.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_millis(2);

/// Everything of one migration.
pub(crate) struct Migrated<L: 'static, T: 'static> {
    pub(crate) routing: RoutingHandle,
    pub(crate) copier: Copier<L, T>,
    pub(crate) reconciler: ReconcilerHandle,
    pub(crate) service: Service,
    paused: bool,
}

impl<L, T> Migrated<L, T>
where
    L: RecordStore<Data = Invoices>,
    T: RecordStore<Data = Invoices>,
{
    /// Around these stores and their request paths, moved to this stage; the reconciler runs.
    pub(crate) async fn at(
        (stage, config): (Stage, &str),
        journal: &str,
        (legacy, legacy_service): (L, Service),
        (target, target_service): (T, Service),
    ) -> Result<Self> {
        let journal = Journal::open_with(journal, Limits::default().marks_max(MARKS_MAX)).await?;
        let routing = RoutingHandle::open(&journal, RoutingConfig::from_toml(config)?).await?;
        let copier = Copier::new(routing, legacy, target);
        let reconciler = Reconciler::new(copier).spawn();
        let same = MismatchMetricsLayer::new(by(|a: &Answer, b: &Answer| a == b));
        let builder = Migration::builder(routing, copier).compare(same).classified_by(Error::outcome);
        let service = builder.build(legacy_service, target_service);
        for next in Stage::ALL.into_iter().filter(|next| *next > Stage::Off && *next <= stage) {
            let asked = Asked::by("bench", "measure it").with_force();
            routing.move_to(next, asked).await?.drained().await;
        }
        Ok(Self { routing, copier, reconciler, service, paused: false })
    }

    /// Waits until every mark has gone; what was left is repaired.
    pub(crate) async fn settled(&self) -> Result<()> {
        self.reconciler.resume();
        settled(self.routing).await?;
        if self.paused {
            self.reconciler.pause();
        }
        Ok(())
    }

    /// Nothing is claimed while the measurement runs: what is left is the path of the requests.
    pub(crate) fn without_reconciler(self) -> Self {
        self.reconciler.pause();
        Self { paused: true, ..self }
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.reconciler.stop().await;
        Ok(self.routing.close().await?)
    }
}

/// Waits until every mark has gone, by the reconciler that runs.
pub(crate) async fn settled(routing: RoutingHandle) -> Result<()> {
    let until = Instant::now() + SETTLED_WITHIN;
    while routing.journal().marks() > 0 {
        ensure!(Instant::now() < until, "{} marks do not go", routing.journal().marks());
        sleep(ASK_EVERY).await;
    }
    Ok(())
}
