//! A copy of one key: stamp, read the authority, replace in the secondary, look again where no stamps are kept.

use super::wait::{Secondary, Wait};
use crate::data::Outcome;

/// How often a copy to a store without stamps follows a record that keeps changing before it leaves the key to the
/// reconciler.
pub const LOOKS_MAX: u8 = 8;

/// One copy of one key.
///
/// The stamp is taken strictly before the read (R3), and what was read is always written, also when both sides
/// look equal: an older copy may still land (R4). A secondary without stamps is followed by another read of the
/// authority, and written again while that read differs (R5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CopyRun {
    state: State,
    secondary: Secondary,
    looks: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Stamping,
    Reading,
    Replacing,
    Looking,
    Ended,
}

/// What came of a step of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CopyEvent {
    /// The stamp is taken.
    Stamped,
    /// The authority gave its record, or that there is none.
    Read,
    /// The stamp could not be taken or the authority could not be read.
    ReadFailed,
    /// The secondary answered a replace, or failed to.
    Replaced(Outcome),
    /// The authority, read again, has what was written.
    LookedSame,
    /// The authority has changed since; the new record is what is written next.
    LookedChanged,
}

/// What a copy does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CopyStep {
    /// Take a stamp.
    TakeStamp,
    /// Read the authority.
    Read,
    /// Replace in the secondary what was last read, with the stamp.
    Replace,
    /// Read the authority again and compare with what was written.
    Look,
    /// The copy has ended.
    End(CopyEnd),
}

/// How a copy ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CopyEnd {
    /// The secondary has the record as the authority had it after the copy began, or a newer one.
    Copied,
    /// It may not; the mark stays and waits.
    Failed(Wait),
}

impl CopyRun {
    /// A new copy and its first step.
    #[must_use]
    pub const fn begin(secondary: Secondary) -> (Self, CopyStep) {
        (Self { state: State::Stamping, secondary, looks: 0 }, CopyStep::TakeStamp)
    }

    /// The step that follows what came of the last one.
    pub fn next(&mut self, event: CopyEvent) -> CopyStep {
        let (state, step) = match (self.state, event) {
            (State::Stamping, CopyEvent::Stamped) => (State::Reading, CopyStep::Read),
            (State::Reading, CopyEvent::Read) => (State::Replacing, CopyStep::Replace),
            (State::Replacing, CopyEvent::Replaced(outcome)) => self.after_replace(outcome),
            (State::Looking, CopyEvent::LookedSame) => ended(CopyEnd::Copied),
            (State::Looking, CopyEvent::LookedChanged) => self.follow(),
            _ => ended(CopyEnd::Failed(Wait::Backoff)),
        };
        self.state = state;
        step
    }

    const fn after_replace(self, outcome: Outcome) -> (State, CopyStep) {
        match outcome {
            Outcome::Applied if self.secondary.keeps_stamps => ended(CopyEnd::Copied),
            Outcome::Applied => (State::Looking, CopyStep::Look),
            Outcome::Rejected => ended(CopyEnd::Failed(Wait::Backoff)),
            Outcome::Unknown => ended(CopyEnd::Failed(self.secondary.after_unknown_copy())),
        }
    }

    const fn follow(&mut self) -> (State, CopyStep) {
        self.looks += 1;
        if self.looks < LOOKS_MAX {
            (State::Replacing, CopyStep::Replace)
        } else {
            ended(CopyEnd::Failed(Wait::Backoff))
        }
    }
}

const fn ended(end: CopyEnd) -> (State, CopyStep) {
    (State::Ended, CopyStep::End(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Store;

    fn steps(keeps_stamps: bool, events: &[CopyEvent]) -> Vec<CopyStep> {
        let (mut copy, first) = CopyRun::begin(Secondary { store: Store::Target, keeps_stamps });
        std::iter::once(first).chain(events.iter().map(|event| copy.next(*event))).collect()
    }

    const APPLIED: CopyEvent = CopyEvent::Replaced(Outcome::Applied);

    #[test]
    fn the_stamp_is_taken_before_the_read_and_what_was_read_is_always_written() {
        let run = steps(true, &[CopyEvent::Stamped, CopyEvent::Read, APPLIED]);
        let end = CopyStep::End(CopyEnd::Copied);
        assert_eq!(run, [CopyStep::TakeStamp, CopyStep::Read, CopyStep::Replace, end]);
    }

    #[test]
    fn a_store_without_stamps_is_looked_after_until_the_authority_rests() {
        let events = [
            CopyEvent::Stamped,
            CopyEvent::Read,
            APPLIED,
            CopyEvent::LookedChanged,
            APPLIED,
            CopyEvent::LookedSame,
        ];
        let run = steps(false, &events);
        let (replace, look) = (CopyStep::Replace, CopyStep::Look);
        assert_eq!(run[2..], [replace, look, replace, look, CopyStep::End(CopyEnd::Copied)]);
    }

    #[test]
    fn a_record_that_never_rests_is_left_to_the_reconciler() {
        let restless = [APPLIED, CopyEvent::LookedChanged].repeat(LOOKS_MAX.into());
        let events = [&[CopyEvent::Stamped, CopyEvent::Read], &restless[..]].concat();
        assert_eq!(steps(false, &events).last(), Some(&CopyStep::End(CopyEnd::Failed(Wait::Backoff))));
        assert_eq!(steps(false, &events[..events.len() - 2]).last(), Some(&CopyStep::Replace));
    }

    #[test]
    fn an_unknown_copy_waits_for_the_late_bound_only_where_no_stamp_protects_it() {
        let unknown = [CopyEvent::Stamped, CopyEvent::Read, CopyEvent::Replaced(Outcome::Unknown)];
        let last = |keeps_stamps| steps(keeps_stamps, &unknown).pop();
        assert_eq!(last(true), Some(CopyStep::End(CopyEnd::Failed(Wait::Backoff))));
        assert_eq!(last(false), Some(CopyStep::End(CopyEnd::Failed(Wait::LateBound(Store::Target)))));
    }

    #[test]
    fn a_failed_read_or_a_rejected_replace_ends_the_copy() {
        let failed = Some(CopyStep::End(CopyEnd::Failed(Wait::Backoff)));
        assert_eq!(steps(true, &[CopyEvent::ReadFailed]).pop(), failed);
        assert_eq!(steps(true, &[CopyEvent::Stamped, CopyEvent::ReadFailed]).pop(), failed);
        let rejected = [CopyEvent::Stamped, CopyEvent::Read, CopyEvent::Replaced(Outcome::Rejected)];
        assert_eq!(steps(false, &rejected).pop(), failed);
        assert_eq!(
            steps(false, &[CopyEvent::Stamped, CopyEvent::Read, APPLIED, CopyEvent::ReadFailed]).pop(),
            failed
        );
    }
}
