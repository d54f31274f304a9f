//! What becomes of claimed marks after their scope was copied, or was not.

use super::copy::CopyEnd;
use super::wait::{Secondary, Wait};

/// How the copy of a claimed scope ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RepairEnd {
    /// Every key of the scope was copied, or the first failure.
    Ended(CopyEnd),
    /// It was cut off: a shutdown, or its deadline passed with a request possibly inside the secondary.
    CutOff,
}

/// What becomes of the claimed marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RepairStep {
    /// Remove the marks that were claimed, nothing else (R6).
    Clear,
    /// Give them back; they may be claimed again after the wait (R2).
    GiveBack(Wait),
    /// Make them dead letters: not tried again by themselves, still dirty. When somebody has them tried again, they
    /// wait for what their last copy may have left inside the secondary.
    Bury(Wait),
}

/// What becomes of claimed marks, given how their repair ended and how often they had been tried before.
///
/// A repair that was cut off does not count as an attempt: it says nothing about the scope.
#[must_use]
pub const fn after_repair(
    end: RepairEnd,
    secondary: Secondary,
    attempts: u32,
    attempts_max: u32,
) -> RepairStep {
    match end {
        RepairEnd::Ended(CopyEnd::Copied) => RepairStep::Clear,
        RepairEnd::Ended(CopyEnd::Failed(wait)) if attempts + 1 >= attempts_max => {
            RepairStep::Bury(match wait {
                Wait::LateBound(store) => Wait::LateBound(store),
                // Whoever has them tried again has waited long enough for a store that only failed.
                Wait::None | Wait::Backoff => Wait::None,
            })
        }
        RepairEnd::Ended(CopyEnd::Failed(wait)) => RepairStep::GiveBack(wait),
        RepairEnd::CutOff => RepairStep::GiveBack(secondary.after_cut_off_copy()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Store;

    const STAMPED: Secondary = Secondary { store: Store::Target, keeps_stamps: true };
    const UNSTAMPED: Secondary = Secondary { store: Store::Legacy, keeps_stamps: false };
    const FAILED: RepairEnd = RepairEnd::Ended(CopyEnd::Failed(Wait::Backoff));

    #[test]
    fn only_a_copied_scope_is_cleared() {
        let copied = RepairEnd::Ended(CopyEnd::Copied);
        assert_eq!(after_repair(copied, STAMPED, 9, 10), RepairStep::Clear);
        assert_eq!(after_repair(FAILED, STAMPED, 0, 10), RepairStep::GiveBack(Wait::Backoff));
    }

    #[test]
    fn the_last_attempt_makes_a_dead_letter() {
        assert_eq!(after_repair(FAILED, STAMPED, 8, 10), RepairStep::GiveBack(Wait::Backoff));
        assert_eq!(after_repair(FAILED, STAMPED, 9, 10), RepairStep::Bury(Wait::None));
        assert_eq!(after_repair(RepairEnd::CutOff, STAMPED, 9, 10), RepairStep::GiveBack(Wait::None));
    }

    #[test]
    fn a_dead_letter_waits_for_what_its_last_copy_may_have_left_inside_the_secondary() {
        let unknown = Wait::LateBound(Store::Legacy);
        let end = RepairEnd::Ended(CopyEnd::Failed(unknown));
        assert_eq!(after_repair(end, UNSTAMPED, 9, 10), RepairStep::Bury(unknown));
    }

    #[test]
    fn a_repair_cut_off_waits_where_no_stamp_protects_it() {
        let step = after_repair(RepairEnd::CutOff, UNSTAMPED, 0, 10);
        assert_eq!(step, RepairStep::GiveBack(Wait::LateBound(Store::Legacy)));
    }
}
