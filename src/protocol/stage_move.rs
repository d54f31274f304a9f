//! A move from one stage to another, with hold and drain where the authority changes.

use crate::stage::Stage;

/// One move of the committed stage.
///
/// Most moves are one commit. A move that makes the other store the authority holds new writes, drains the running
/// ones, waits until no mark of any kind is left, holds repairs too, hands the ids over, waits until the clock of
/// the new authority has passed every stamp ever issued, and commits in one step that finds no mark (R10). A repair
/// that ran after the wait for the clock, for a mark that a read made, would take a stamp above it. When any of it takes too
/// long the held writes go on in the old stage.
///
/// The move to `complete` holds, drains and commits in one step that finds no mark, too: nothing is copied to legacy
/// after it, so what legacy lacks then it lacks for good. Forced, it takes what it gets in its time, and commits with
/// the marks that are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MoveRun {
    state: State,
    from: Stage,
    to: Stage,
    forced: bool,
}

/// What speaks for a move that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Grounds {
    /// The certificate stands.
    pub certified: bool,
    /// Whoever asks takes the risk: of a target that misses records, and at the move to `complete` of a legacy that
    /// stays different.
    pub forced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Holding,
    Draining,
    WaitingForMarks,
    HoldingRepairs,
    HandingOverIds,
    WaitingForClock,
    Committing,
    Asking,
    Ended,
}

/// Why a move is refused before anything is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MoveRefused {
    /// `to` cannot follow `from`.
    Illegal,
    /// `to` needs the certificate and there is none.
    NoCertificate,
}

/// What the commit of a move does in the journal, in one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommitRequest {
    /// The new committed stage.
    pub to: Stage,
    /// Refuse when any mark is left: running, left, claimed or dead.
    pub needs_no_marks: bool,
    /// Mark everything and void the certificate: nothing will be copied from here on.
    pub marks_everything: bool,
}

/// What came of a step of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MoveEvent {
    /// New writes and fill pages wait outside of the gate; repairs do not.
    Held,
    /// No write planned before the hold, and no copy, repair or fill page, is running.
    Drained,
    /// No mark is left.
    NoMarks,
    /// Repairs wait outside of the gate too, and none is running.
    RepairsHeld,
    /// The new authority gives out ids above all that the old one has given out.
    IdsHandedOver,
    /// The clock of the new authority has passed every stamp ever issued.
    ClockPassed,
    /// The new stage is durable.
    Committed,
    /// The commit found a mark, and changed nothing.
    MarksLeft,
    /// Nobody knows whether the commit was made.
    CommitUnknown,
    /// The journal says that the old stage is the committed one.
    NotCommitted,
    /// The step failed, or the hold has lasted as long as it may.
    Failed,
}

/// What a move does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MoveStep {
    /// Hold new writes.
    Hold,
    /// Wait until nothing planned under the old config is running.
    Drain,
    /// Let repairs go on, and wait until no mark is left.
    WaitForMarks,
    /// Hold repairs too, and wait until none is running: nobody takes a stamp from here to the commit.
    HoldRepairs,
    /// Raise the ids of the new authority above those of the old one.
    HandOverIds,
    /// Wait until the clock of the new authority has passed every stamp ever issued.
    WaitForClock,
    /// Commit in the journal.
    Commit(CommitRequest),
    /// Ask the journal which stage is committed.
    AskCommitted,
    /// Adopt the new stage and let held writes go on, planned anew.
    Adopt,
    /// Keep the old stage and let held writes go on.
    KeepOld,
}

impl MoveRun {
    /// A new move and its first step.
    ///
    /// # Errors
    /// When the move is not legal, or needs the certificate.
    pub const fn begin(from: Stage, to: Stage, grounds: Grounds) -> Result<(Self, MoveStep), MoveRefused> {
        if !from.may_move_to(to) {
            return Err(MoveRefused::Illegal);
        }
        let Grounds { certified, forced } = grounds;
        if to as u8 > from as u8 && to.needs_certificate() && !certified && !forced {
            return Err(MoveRefused::NoCertificate);
        }
        let mut run = Self { state: State::Holding, from, to, forced };
        if from.holds_writes(to) {
            return Ok((run, MoveStep::Hold));
        }
        run.state = State::Committing;
        Ok((run, run.commit(false)))
    }

    /// Whether the move commits although marks are left, when they do not go in its time.
    #[must_use]
    pub const fn gives_legacy_up(self) -> bool {
        self.forced && matches!(self.to, Stage::Complete)
    }

    /// The step that follows what came of the last one.
    pub fn next(&mut self, event: MoveEvent) -> MoveStep {
        let (state, step) = match (self.state, event) {
            (State::Holding, MoveEvent::Held) => (State::Draining, MoveStep::Drain),
            (State::Draining, MoveEvent::Drained) => (State::WaitingForMarks, MoveStep::WaitForMarks),
            (State::WaitingForMarks, MoveEvent::NoMarks) if self.switches() => {
                (State::HoldingRepairs, MoveStep::HoldRepairs)
            }
            (State::WaitingForMarks, MoveEvent::NoMarks) => (State::Committing, self.commit(true)),
            (State::Draining | State::WaitingForMarks, MoveEvent::Failed) if self.gives_legacy_up() => {
                (State::Committing, self.commit(false))
            }
            (State::HoldingRepairs, MoveEvent::RepairsHeld) => (State::HandingOverIds, MoveStep::HandOverIds),
            (State::HandingOverIds, MoveEvent::IdsHandedOver) => {
                (State::WaitingForClock, MoveStep::WaitForClock)
            }
            (State::WaitingForClock, MoveEvent::ClockPassed) => (State::Committing, self.commit(true)),
            (State::Committing | State::Asking, MoveEvent::Committed) => (State::Ended, MoveStep::Adopt),
            (State::Committing, MoveEvent::MarksLeft) => (State::WaitingForMarks, MoveStep::WaitForMarks),
            (State::Committing, MoveEvent::CommitUnknown) => (State::Asking, MoveStep::AskCommitted),
            // Without the journal's word neither stage may serve writes, so the question is asked again.
            (State::Asking, MoveEvent::Failed) => (State::Asking, MoveStep::AskCommitted),
            _ => (State::Ended, MoveStep::KeepOld),
        };
        self.state = state;
        step
    }

    const fn switches(self) -> bool {
        self.from.switches_authority(self.to)
    }

    const fn commit(self, needs_no_marks: bool) -> MoveStep {
        MoveStep::Commit(CommitRequest {
            to: self.to,
            needs_no_marks,
            marks_everything: matches!(self.to, Stage::Off),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFIED: Grounds = Grounds { certified: true, forced: false };
    const FORCED: Grounds = Grounds { certified: false, forced: true };
    const NONE: Grounds = Grounds { certified: false, forced: false };

    fn run(from: Stage, to: Stage, events: &[MoveEvent]) -> Vec<MoveStep> {
        run_on(CERTIFIED, from, to, events)
    }

    fn run_on(grounds: Grounds, from: Stage, to: Stage, events: &[MoveEvent]) -> Vec<MoveStep> {
        let (mut run, first) = MoveRun::begin(from, to, grounds).unwrap();
        std::iter::once(first).chain(events.iter().map(|event| run.next(*event))).collect()
    }

    const fn commit(to: Stage, needs_no_marks: bool, marks_everything: bool) -> MoveStep {
        MoveStep::Commit(CommitRequest { to, needs_no_marks, marks_everything })
    }

    #[test]
    fn a_change_of_the_authority_holds_drains_and_finds_no_mark() {
        use MoveEvent::{ClockPassed, Committed, Drained, Held, IdsHandedOver, NoMarks, RepairsHeld};
        let events = [Held, Drained, NoMarks, RepairsHeld, IdsHandedOver, ClockPassed, Committed];
        for (from, to) in [(Stage::Live, Stage::RampDown), (Stage::RampDown, Stage::Live)] {
            let expected = [
                MoveStep::Hold,
                MoveStep::Drain,
                MoveStep::WaitForMarks,
                MoveStep::HoldRepairs,
                MoveStep::HandOverIds,
                MoveStep::WaitForClock,
                commit(to, true, false),
                MoveStep::Adopt,
            ];
            assert_eq!(run(from, to, &events), expected);
        }
    }

    #[test]
    fn other_moves_are_one_commit() {
        let steps = run(Stage::Canary, Stage::Live, &[MoveEvent::Committed]);
        assert_eq!(steps, [commit(Stage::Live, false, false), MoveStep::Adopt]);
        assert_eq!(run(Stage::Shadow, Stage::Off, &[])[0], commit(Stage::Off, false, true));
    }

    #[test]
    fn the_move_to_complete_holds_drains_and_finds_no_mark() {
        use MoveEvent::{Committed, Drained, Held, MarksLeft, NoMarks};
        let (from, to) = (Stage::RampDown, Stage::Complete);
        let steps = run(from, to, &[Held, Drained, NoMarks, MarksLeft, NoMarks, Committed]);
        let (wait, commit) = (MoveStep::WaitForMarks, commit(to, true, false));
        assert_eq!(steps[..3], [MoveStep::Hold, MoveStep::Drain, wait]);
        assert_eq!(steps[3..], [commit, wait, commit, MoveStep::Adopt]);
    }

    #[test]
    fn only_a_forced_move_to_complete_commits_with_marks_left() {
        use MoveEvent::{Drained, Failed, Held, MarksLeft, NoMarks};
        let (from, to) = (Stage::RampDown, Stage::Complete);
        for events in
            [&[Held, Failed][..], &[Held, Drained, Failed], &[Held, Drained, NoMarks, MarksLeft, Failed]]
        {
            assert_eq!(run(from, to, events).pop(), Some(MoveStep::KeepOld), "{events:?}");
            let forced = run_on(FORCED, from, to, events).pop();
            assert_eq!(forced, Some(commit(to, false, false)), "{events:?}");
            let switch = run_on(FORCED, Stage::Live, Stage::RampDown, &events[..2]).pop();
            assert_ne!(
                switch,
                Some(commit(Stage::RampDown, false, false)),
                "a switch is never forced past a mark"
            );
        }
        let rested = run_on(FORCED, from, to, &[Held, Drained, NoMarks]).pop();
        assert_eq!(rested, Some(commit(to, true, false)), "where no mark is left, none is risked");
    }

    #[test]
    fn a_mark_found_by_the_commit_is_waited_for() {
        use MoveEvent::{ClockPassed, Drained, Held, IdsHandedOver, MarksLeft, NoMarks, RepairsHeld};
        let events = [Held, Drained, NoMarks, RepairsHeld, IdsHandedOver, ClockPassed, MarksLeft];
        assert_eq!(run(Stage::Live, Stage::RampDown, &events).pop(), Some(MoveStep::WaitForMarks));
    }

    #[test]
    fn any_failure_before_the_commit_keeps_the_old_stage() {
        use MoveEvent::{ClockPassed, Drained, Failed, Held, IdsHandedOver, NoMarks, RepairsHeld};
        let events = [Held, Drained, NoMarks, RepairsHeld, IdsHandedOver, ClockPassed];
        for n in 0..=events.len() {
            let steps = run(Stage::Live, Stage::RampDown, &[&events[..n], &[Failed]].concat());
            assert_eq!(steps.last(), Some(&MoveStep::KeepOld));
        }
    }

    #[test]
    fn an_unknown_commit_is_asked_for_until_the_journal_answers() {
        use MoveEvent::{CommitUnknown, Committed, Failed, NotCommitted};
        let steps = run(Stage::Off, Stage::DualWrite, &[CommitUnknown, Failed, Failed, Committed]);
        assert_eq!(steps[1..4], [MoveStep::AskCommitted; 3]);
        assert_eq!(steps[4], MoveStep::Adopt);
        let steps = run(Stage::Off, Stage::DualWrite, &[CommitUnknown, NotCommitted]);
        assert_eq!(steps[2], MoveStep::KeepOld);
    }

    #[test]
    fn illegal_and_uncertified_moves_are_refused() {
        assert_eq!(MoveRun::begin(Stage::Off, Stage::Live, FORCED).err(), Some(MoveRefused::Illegal));
        assert_eq!(MoveRun::begin(Stage::Complete, Stage::Live, FORCED).err(), Some(MoveRefused::Illegal));
        assert_eq!(
            MoveRun::begin(Stage::Shadow, Stage::Canary, NONE).err(),
            Some(MoveRefused::NoCertificate)
        );
        assert!(
            MoveRun::begin(Stage::Live, Stage::Canary, NONE).is_ok(),
            "the way back needs no certificate"
        );
        assert!(MoveRun::begin(Stage::RampDown, Stage::Live, NONE).is_ok());
    }
}
