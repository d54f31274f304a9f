//! A write: mark, authority, copy, unmark.

use super::copy::CopyEnd;
use super::wait::{Secondary, Wait};
use crate::data::Outcome;

/// One write in a stage that copies.
///
/// | state | event | step |
/// |---|---|---|
/// | marking | marked, or cannot be recorded and the config says `continue` | call the authority |
/// | | cannot be recorded and the config says `reject`; planned for another authority | refuse |
/// | | abandoned | unmark: the authority was not called |
/// | calling | applied | copy |
/// | | rejected | unmark |
/// | | unknown, abandoned | leave the mark for the late bound of the authority (R2) |
/// | copying | copied | unmark (R6: its own mark, nothing else) |
/// | | failed, abandoned | leave the mark |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    state: State,
    secondary: Secondary,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Marking,
    Calling,
    Copying,
    Ended,
}

/// What came of a step of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteEvent {
    /// The mark is durable, and the session and its epoch were valid in the same commit; or it becomes so in the commit
    /// of the write itself.
    Marked,
    /// The journal cannot record the mark and the config says that the write goes on: the certificate is void and
    /// everything is dirty.
    Unrecorded,
    /// The journal cannot record the mark and the config says that the write is refused, or the write was planned
    /// for another authority than the committed one.
    MarkRefused,
    /// The authority answered, or failed to.
    Answered(Outcome),
    /// The copy ended.
    CopyEnded(CopyEnd),
    /// The write goes no further: its caller is gone and nobody can finish it.
    Abandoned,
}

/// What a write does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteStep {
    /// Make the mark durable (R1), in one commit that checks the session and the epoch.
    Mark,
    /// Call the authority.
    CallAuthority,
    /// Tell the caller that the write was not made.
    Refuse,
    /// Copy the scopes of the write; the caller is answered now or after a bounded wait.
    Copy,
    /// Remove the mark of this write.
    Unmark,
    /// Leave the mark to the reconciler, which may claim it after the wait.
    Leave(Wait),
    /// Nothing: the write had ended.
    Nothing,
}

impl Write {
    /// A new write and its first step.
    #[must_use]
    pub const fn begin(secondary: Secondary) -> (Self, WriteStep) {
        (Self { state: State::Marking, secondary }, WriteStep::Mark)
    }

    /// The step that follows what came of the last one.
    pub fn next(&mut self, event: WriteEvent) -> WriteStep {
        let (state, step) = match self.state {
            State::Marking => Self::after_mark(event),
            State::Calling => self.after_call(event),
            State::Copying => self.after_copy(event),
            State::Ended => (State::Ended, WriteStep::Nothing),
        };
        self.state = state;
        step
    }

    const fn after_mark(event: WriteEvent) -> (State, WriteStep) {
        match event {
            WriteEvent::Marked | WriteEvent::Unrecorded => (State::Calling, WriteStep::CallAuthority),
            WriteEvent::MarkRefused => (State::Ended, WriteStep::Refuse),
            _ => (State::Ended, WriteStep::Unmark),
        }
    }

    const fn after_call(self, event: WriteEvent) -> (State, WriteStep) {
        match event {
            WriteEvent::Answered(Outcome::Applied) => (State::Copying, WriteStep::Copy),
            WriteEvent::Answered(Outcome::Rejected) => (State::Ended, WriteStep::Unmark),
            _ => (State::Ended, WriteStep::Leave(Wait::LateBound(self.secondary.store.other()))),
        }
    }

    const fn after_copy(self, event: WriteEvent) -> (State, WriteStep) {
        match event {
            WriteEvent::CopyEnded(CopyEnd::Copied) => (State::Ended, WriteStep::Unmark),
            WriteEvent::CopyEnded(CopyEnd::Failed(wait)) => (State::Ended, WriteStep::Leave(wait)),
            _ => (State::Ended, WriteStep::Leave(self.secondary.after_cut_off_copy())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Store;

    fn after(events: &[WriteEvent], secondary: Secondary) -> WriteStep {
        let (mut write, first) = Write::begin(secondary);
        events.iter().fold(first, |_, event| write.next(*event))
    }

    const TARGET: Secondary = Secondary { store: Store::Target, keeps_stamps: true };
    const LEGACY: Secondary = Secondary { store: Store::Legacy, keeps_stamps: false };

    #[test]
    fn the_mark_comes_before_the_authority() {
        assert_eq!(after(&[], TARGET), WriteStep::Mark);
        assert_eq!(after(&[WriteEvent::Marked], TARGET), WriteStep::CallAuthority);
        assert_eq!(after(&[WriteEvent::Unrecorded], TARGET), WriteStep::CallAuthority);
        assert_eq!(after(&[WriteEvent::MarkRefused], TARGET), WriteStep::Refuse);
    }

    #[test]
    fn a_write_that_never_reached_the_authority_leaves_no_mark() {
        assert_eq!(after(&[WriteEvent::Abandoned], TARGET), WriteStep::Unmark);
        let rejected = [WriteEvent::Marked, WriteEvent::Answered(Outcome::Rejected)];
        assert_eq!(after(&rejected, TARGET), WriteStep::Unmark);
    }

    #[test]
    fn an_unknown_or_abandoned_write_waits_for_the_late_bound_of_the_authority() {
        for event in [WriteEvent::Answered(Outcome::Unknown), WriteEvent::Abandoned] {
            let step = after(&[WriteEvent::Marked, event], TARGET);
            assert_eq!(step, WriteStep::Leave(Wait::LateBound(Store::Legacy)));
            let step = after(&[WriteEvent::Marked, event], LEGACY);
            assert_eq!(step, WriteStep::Leave(Wait::LateBound(Store::Target)));
        }
    }

    #[test]
    fn an_applied_write_is_copied_and_then_unmarked() {
        let applied = [WriteEvent::Marked, WriteEvent::Answered(Outcome::Applied)];
        assert_eq!(after(&applied, TARGET), WriteStep::Copy);
        let copied = [&applied[..], &[WriteEvent::CopyEnded(CopyEnd::Copied)]].concat();
        assert_eq!(after(&copied, TARGET), WriteStep::Unmark);
        let twice = [&copied[..], &[WriteEvent::Abandoned]].concat();
        assert_eq!(after(&twice, TARGET), WriteStep::Nothing);
    }

    #[test]
    fn a_copy_cut_off_waits_only_where_no_stamp_protects_it() {
        let cut = [WriteEvent::Marked, WriteEvent::Answered(Outcome::Applied), WriteEvent::Abandoned];
        assert_eq!(after(&cut, TARGET), WriteStep::Leave(Wait::None));
        assert_eq!(after(&cut, LEGACY), WriteStep::Leave(Wait::LateBound(Store::Legacy)));
    }
}
