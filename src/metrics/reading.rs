//! Everything that the families are read from, taken at one moment.

use crate::journal::JournalStatus;
use crate::route::{Core, Percent, ReloadStatus, Stage, Store};
use crate::stats::StatsSnapshot;

use super::known::Known;

/// One migration at the moment of a scrape. All but `known` is read from memory.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) stats: StatsSnapshot,
    pub(super) stage: Stage,
    pub(super) epoch: u64,
    pub(super) holding: bool,
    pub(super) marks: u64,
    pub(super) mark_rows: u64,
    pub(super) everything_dirty: bool,
    /// For copies to legacy, and to the target.
    pub(super) breakers_open: [bool; 2],
    pub(super) cohort_weight: Percent,
    pub(super) shadow_sample: Percent,
    pub(super) reloads: Option<ReloadStatus>,
    /// What the journal said when it was last asked.
    pub(super) known: Option<Known>,
}

impl Reading {
    pub(super) fn of(core: &'static Core, known: Option<Known>) -> Self {
        let snapshot = core.snapshot.load();
        let breaker = |store| core.breaker(store).is_open();
        Self {
            stats: core.counted(),
            stage: core.stage(),
            epoch: core.epoch(),
            holding: core.gate.word().held(),
            marks: core.journal.marks(),
            mark_rows: core.journal.mark_rows(),
            everything_dirty: core.journal.everything_is_dirty(),
            breakers_open: [breaker(Store::Legacy), breaker(Store::Target)],
            cohort_weight: snapshot.config.cohort.weight,
            shadow_sample: snapshot.config.shadow.sample,
            reloads: core.reloads.status(),
            known,
        }
    }

    pub(super) fn status(&self) -> Option<&JournalStatus> {
        self.known.as_ref().and_then(|known| known.status.as_deref())
    }
}
