//! One repair: copies a scope and does with its marks what the protocol says.

use std::time::Duration;

use tokio::time::timeout;
use tracing::Instrument;

use super::reconciler::Settings;
use crate::copy::Copier;
use crate::data::{RecordStore, Scope};
use crate::journal::{ClaimId, ClaimedMark, MarkId};
use crate::protocol::{CopyEnd, RepairEnd, RepairStep, after_repair};
use crate::route::{Core, Store};

/// Under which authority and settings a repair runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct RepairScope {
    pub(super) authority: Store,
    pub(super) settings: Settings,
}

/// Claimed marks on one scope. Dropping it before it has ended gives them back.
pub(super) struct Repair<L: 'static, T: 'static> {
    copier: Copier<L, T>,
    core: &'static Core,
    claim: ClaimId,
    scope: Scope,
    ids: Vec<MarkId>,
    attempts: u32,
    under: RepairScope,
    end: RepairEnd,
}

impl<L, T> Repair<L, T>
where
    L: RecordStore,
    T: RecordStore<Data = L::Data>,
{
    pub(super) fn new(
        copier: Copier<L, T>,
        claim: ClaimId,
        scope: Scope,
        marks: Vec<ClaimedMark>,
        under: RepairScope,
    ) -> Self {
        let attempts = marks.iter().map(|mark| mark.attempts).max().unwrap_or(0);
        let ids = marks.into_iter().map(|mark| mark.id).collect();
        Self { copier, core: copier.core(), claim, scope, ids, attempts, under, end: RepairEnd::CutOff }
    }

    pub(super) async fn run(mut self, at_most: Duration) {
        let span = tracing::debug_span!("repair", scope = %self.scope, attempts = self.attempts);
        let copy = self.copier.copy_scope(&self.scope, self.under.authority).instrument(span);
        if let Ok(end) = timeout(at_most, copy).await {
            self.end = RepairEnd::Ended(end);
        }
    }
}

impl<L, T> Drop for Repair<L, T> {
    fn drop(&mut self) {
        let attempts_max = self.under.settings.attempts_max;
        if std::thread::panicking() {
            // The store's own code: what it could not read or write it will not the next time either.
            if self.core.events.admit() {
                tracing::error!(scope = %self.scope, "a repair panicked: see RecordStore::read and replace");
            }
            let failed = self.copier.secondary_of(self.under.authority).after_unknown_copy();
            self.end = RepairEnd::Ended(CopyEnd::Failed(failed));
        }
        let secondary = self.copier.secondary_of(self.under.authority);
        let (journal, ids) = (&self.core.journal, std::mem::take(&mut self.ids));
        match after_repair(self.end, secondary, self.attempts, attempts_max) {
            RepairStep::Clear => {
                self.core.stats.marks_repaired.add(ids.len() as u64);
                journal.clear(self.claim, &self.scope, ids);
            }
            RepairStep::GiveBack(wait) => {
                self.core.stats.repairs_failed.one();
                let failed = matches!(self.end, RepairEnd::Ended(_));
                journal.give_back(
                    self.claim,
                    &self.scope,
                    ids,
                    self.core.not_before(wait, self.attempts),
                    failed,
                );
            }
            RepairStep::Bury(wait) => {
                self.core.stats.dead_letters.add(ids.len() as u64);
                if self.core.events.admit() {
                    let attempts = self.attempts + 1;
                    tracing::error!(scope = %self.scope, attempts, "a mark became a dead letter");
                }
                let not_before = self.core.not_before(wait, self.attempts);
                journal.bury(self.claim, &self.scope, ids, not_before);
            }
        }
    }
}
