//! The mark of a key that a walk copies to a target without stamps.

use crate::data::Key;
use crate::journal::{JournalError, Reason, RunningMark};
use crate::protocol::{CopyEnd, RepairEnd, RepairStep, Secondary, after_repair};
use crate::route::{Core, Store};

/// A target without stamps keeps whatever copy lands last, also one that nobody waits for any more (R5).
///
/// The copies of writes and repairs have a mark over them that stays until they have ended. A page of a fill has none, so
/// each of its keys is marked before it is copied, as a write is: reads of it go to the authority meanwhile, and a
/// copy that does not end well, or not at all, is followed by a repair after the late bound.
pub(super) struct Unprotected {
    core: &'static Core,
    secondary: Secondary,
    mark: RunningMark,
    end: RepairEnd,
}

impl Unprotected {
    /// Whether copies to this secondary need such a mark. Legacy is never read while it is the secondary, and no fill
    /// copies to it.
    pub(super) const fn is(secondary: Secondary) -> bool {
        matches!(secondary.store, Store::Target) && !secondary.keeps_stamps
    }

    /// Marks the key, durably.
    pub(super) async fn begin(
        core: &'static Core,
        secondary: Secondary,
        key: Key,
    ) -> Result<Self, JournalError> {
        let mark = core.journal.mark(key.into(), core.epoch()).await?;
        Ok(Self { core, secondary, mark, end: RepairEnd::CutOff })
    }

    /// The copy has ended so.
    pub(super) fn ended(mut self, end: CopyEnd) {
        self.end = RepairEnd::Ended(end);
    }
}

impl Drop for Unprotected {
    fn drop(&mut self) {
        let (journal, mark) = (&self.core.journal, &self.mark);
        match after_repair(self.end, self.secondary, 0, u32::MAX) {
            RepairStep::Clear => journal.unmark(mark),
            // No attempt is the last one here, so none is buried.
            RepairStep::GiveBack(wait) | RepairStep::Bury(wait) => {
                journal.leave(mark, None, self.core.not_before(wait, 0), Reason::CopyFailed);
            }
        }
    }
}
