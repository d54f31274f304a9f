//! A migration while it runs, in either form.

use anyhow::Result;
use crossfade::copy::Copier;
use crossfade::data::RecordStore;
use crossfade::fill::Fill;
use crossfade::journal::Journal;
use crossfade::reconcile::{Reconciler, ReconcilerHandle};
use crossfade::route::{Asked, RoutingConfig, RoutingHandle, Stage};

use crate::call::Calls;
use crate::invoice::Invoices;

/// What answers calls, and what moves its stage.
pub(crate) struct Migrated<L: 'static, T: 'static> {
    pub(crate) calls: Calls,
    pub(crate) routing: RoutingHandle,
    copier: Copier<L, T>,
    reconciler: ReconcilerHandle,
}

/// The committed stage; a service has its journal in `sqlite:invoices.db`.
pub(crate) async fn routing(config: &str) -> Result<RoutingHandle> {
    Ok(RoutingHandle::resume(&Journal::memory(), RoutingConfig::from_toml(config)?).await?)
}

impl<L, T> Migrated<L, T>
where
    L: RecordStore<Data = Invoices>,
    T: RecordStore<Data = Invoices>,
{
    pub(crate) fn new(routing: RoutingHandle, copier: Copier<L, T>, calls: Calls) -> Self {
        Self { calls, routing, copier, reconciler: Reconciler::new(copier).spawn() }
    }

    /// Moves to the next stage, and fills the target where that is due.
    pub(crate) async fn move_to(&self, stage: Stage) -> Result<()> {
        if stage != self.routing.stage() {
            let asked = Asked::by("tonic_invoices", "the example walks on");
            self.routing.move_to(stage, asked).await?.drained().await;
        }
        if stage == Stage::DualWrite {
            Fill::new(self.copier).run().await?;
        }
        Ok(())
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.reconciler.stop().await;
        Ok(self.routing.close().await?)
    }
}
