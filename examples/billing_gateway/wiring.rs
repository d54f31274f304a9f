//! Where crossfade is wired around the two stores, and what the demo asks of it.

use std::sync::Arc;

use anyhow::Result;

use crate::faults::Faults;
use crate::faulty::Faulty;
use crate::legacy::Legacy;
use crate::request::{InvoiceService, StoreError};
use crate::stand_in::{Naive, NaiveIds, Stage, Store};
use crate::target::{Target, TargetWithIds};

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

/// The migration as the demo drives it.
#[derive(Clone)]
pub(crate) struct Control {
    naive: Naive,
}

/// Builds the stack around both stores, and the control of it.
pub(crate) async fn assemble(
    legacy: Legacy,
    target: Target,
    _journal: &str,
    faults: &Faults,
) -> Result<(InvoiceService, Control)> {
    let ids = NaiveIds::default();
    let legacy_records = Faulty::new(legacy.clone(), Store::Legacy, faults.clone());
    let target_records = Faulty::new(target.clone(), Store::Target, faults.clone());
    let target_service = TargetWithIds {
        store: target,
        ids: ids.clone(),
    };
    let naive = Naive::new(
        legacy,
        InvoiceService::new(legacy_records.clone()),
        InvoiceService::new(Faulty::new(target_service, Store::Target, faults.clone())),
        legacy_records,
        target_records,
        ids,
    );
    Ok((InvoiceService::new(naive.clone()), Control { naive }))
}

impl Control {
    /// Moves to the stage and returns when nothing planned under the old one is running.
    pub(crate) async fn move_to(&self, stage: Stage) -> Result<()> {
        self.naive.move_to(stage).await
    }

    pub(crate) async fn set_cohort(&self, cohort: Cohort) -> Result<()> {
        self.naive.set_cohort(cohort);
        Ok(())
    }

    /// Copies everything that legacy has; returns when the target may be read.
    pub(crate) async fn fill(&self, progress: impl FnMut(FillProgress) + Send) -> Result<()> {
        self.naive.fill(progress).await?;
        Ok(())
    }

    /// Marks of any kind that are left.
    pub(crate) async fn marks_left(&self) -> Result<u64> {
        Ok(self.naive.marks_left())
    }

    pub(crate) fn statistics(&self) -> Statistics {
        self.naive.statistics()
    }

    /// Ends the migration in order.
    pub(crate) async fn close(&self) -> Result<()> {
        Ok::<_, StoreError>(()).map_err(Into::into)
    }
}
