//! The fill: copy everything, page by page, from the authority; then remove what only the secondary has.

/// One run of the fill, from a checkpoint to its end.
///
/// It looks at the stage first: a drain during `off` says nothing about the writes that `off` still lets in. It
/// starts when no write planned under `off` is running and none of them can land any more (R9): such a write
/// has no mark, so a page that missed it would never learn of it. Then it drains once more: a copy that read before
/// the last of them landed, a delete, and ends after the walk would leave on the secondary what the walk of the
/// secondary did not find there. Each page enters the gate like a write, so that
/// no page runs across a change of the authority, and carries the stamp that was taken before it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fill {
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Checking,
    Draining,
    Waiting,
    DrainingCopies,
    Entering(Side),
    Reading(Side),
    Copying(Side),
    Saving(Side),
    Certifying,
    Ended,
}

/// Which store the pages are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The authority: every record is copied.
    Authority,
    /// The secondary: a key that the authority does not have is copied, which deletes it.
    Secondary,
}

/// What came of a step of the fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FillEvent {
    /// The committed stage copies to the target, and so does the one that writes are planned in.
    StageCopies,
    /// Everything has left the gate that was inside when the drain began.
    Drained,
    /// The late bound of the authority has passed.
    Waited,
    /// The gate let the page in.
    Entered,
    /// The gate did not, or the stage is looked at: it does not copy to the target.
    GateClosed,
    /// The page was read with a stamp taken before, and has records.
    PageRead,
    /// The page was read and is empty: this side is done.
    PageEmpty,
    /// Every record of the page was copied.
    PageCopied,
    /// The page could not be read or copied.
    PageFailed,
    /// The checkpoint is durable.
    Saved,
    /// The certificate is durable.
    Certified,
    /// The certificate was refused: a dead letter stands, or a write went unrecorded meanwhile.
    NotCertified,
}

/// What the fill does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FillStep {
    /// Look whether the committed stage, and the one that writes are planned in, copy to the target.
    CheckStage,
    /// Wait until everything has left the gate that is inside now: writes planned under an older config, and copies
    /// that may have read before such a write.
    Drain,
    /// Wait the late bound of the authority.
    WaitLateBound,
    /// Ask the gate to let a page in.
    EnterGate(Side),
    /// Take a stamp and read the next page.
    ReadPage(Side),
    /// Copy the page.
    CopyPage(Side),
    /// Leave the gate, wait, and do the same page again.
    Retry(Side),
    /// Make the checkpoint durable and leave the gate.
    SavePage(Side),
    /// Leave the gate; begin with the other side and make that durable.
    SaveSide,
    /// Leave the gate; issue the certificate.
    Certify,
    /// Stop: the stage does not allow a fill now. The checkpoint stays.
    Stop,
    /// The fill is complete.
    End,
}

impl Fill {
    /// A fill that begins, or goes on from a checkpoint on `side`.
    #[must_use]
    pub const fn begin(side: Side) -> (Self, FillStep) {
        let state = match side {
            Side::Authority => State::Checking,
            // The drains belong to the pages of the authority. What they copied is safe whoever resumes.
            Side::Secondary => State::Entering(side),
        };
        let step = match side {
            Side::Authority => FillStep::CheckStage,
            Side::Secondary => FillStep::EnterGate(side),
        };
        (Self { state }, step)
    }

    /// The step that follows what came of the last one.
    pub fn next(&mut self, event: FillEvent) -> FillStep {
        let (state, step) = match (self.state, event) {
            (State::Checking, FillEvent::StageCopies) => (State::Draining, FillStep::Drain),
            (State::Draining, FillEvent::Drained) => (State::Waiting, FillStep::WaitLateBound),
            (State::Waiting, FillEvent::Waited) => (State::DrainingCopies, FillStep::Drain),
            (State::DrainingCopies, FillEvent::Drained) => enter(Side::Authority),
            (State::Entering(side), FillEvent::Entered) => (State::Reading(side), FillStep::ReadPage(side)),
            (State::Reading(side), FillEvent::PageRead) => (State::Copying(side), FillStep::CopyPage(side)),
            (State::Reading(Side::Authority), FillEvent::PageEmpty) => {
                (State::Saving(Side::Secondary), FillStep::SaveSide)
            }
            (State::Reading(Side::Secondary), FillEvent::PageEmpty) => (State::Certifying, FillStep::Certify),
            (State::Copying(side), FillEvent::PageCopied) => (State::Saving(side), FillStep::SavePage(side)),
            (State::Reading(side) | State::Copying(side), FillEvent::PageFailed) => {
                (State::Entering(side), FillStep::Retry(side))
            }
            (State::Saving(side), FillEvent::Saved) => enter(side),
            (State::Certifying, FillEvent::Certified) => (State::Ended, FillStep::End),
            _ => (State::Ended, FillStep::Stop),
        };
        self.state = state;
        step
    }

    /// The step after the wait of [`FillStep::Retry`].
    #[must_use]
    pub const fn retried(side: Side) -> FillStep {
        FillStep::EnterGate(side)
    }
}

const fn enter(side: Side) -> (State, FillStep) {
    (State::Entering(side), FillStep::EnterGate(side))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(side: Side, events: &[FillEvent]) -> Vec<FillStep> {
        let (mut fill, first) = Fill::begin(side);
        std::iter::once(first).chain(events.iter().map(|event| fill.next(*event))).collect()
    }

    #[test]
    fn a_fill_drains_waits_and_then_walks_both_stores() {
        use FillEvent::{
            Certified, Drained, Entered, PageCopied, PageEmpty, PageRead, Saved, StageCopies, Waited,
        };
        let page = [Entered, PageRead, PageCopied, Saved];
        let events = [
            &[StageCopies, Drained, Waited, Drained],
            &page[..],
            &[Entered, PageEmpty, Saved],
            &page[..],
            &[Entered, PageEmpty, Certified],
        ];
        let steps = run(Side::Authority, &events.concat());
        let walk = |side| {
            [
                FillStep::EnterGate(side),
                FillStep::ReadPage(side),
                FillStep::CopyPage(side),
                FillStep::SavePage(side),
            ]
        };
        let last = |side| [FillStep::EnterGate(side), FillStep::ReadPage(side)];
        let (authority, secondary) = (Side::Authority, Side::Secondary);
        let expected = [
            &[FillStep::CheckStage, FillStep::Drain, FillStep::WaitLateBound, FillStep::Drain][..],
            &walk(authority),
            &last(authority),
            &[FillStep::SaveSide],
            &walk(secondary),
            &last(secondary),
            &[FillStep::Certify, FillStep::End],
        ];
        assert_eq!(steps, expected.concat());
    }

    #[test]
    fn a_page_that_failed_is_done_again_and_a_closed_gate_stops_the_fill() {
        use FillEvent::{Entered, GateClosed, PageFailed, PageRead};
        let side = Side::Secondary;
        let failed = run(side, &[Entered, PageRead, PageFailed, Entered]);
        assert_eq!(failed[3..], [FillStep::Retry(side), FillStep::ReadPage(side)]);
        assert_eq!(run(side, &[Entered, PageFailed])[2], FillStep::Retry(side));
        assert_eq!(run(side, &[GateClosed])[1], FillStep::Stop);
        assert_eq!(run(Side::Authority, &[GateClosed])[1], FillStep::Stop);
    }

    #[test]
    fn a_refused_certificate_stops_the_fill() {
        use FillEvent::{Entered, NotCertified, PageEmpty};
        assert_eq!(run(Side::Secondary, &[Entered, PageEmpty, NotCertified])[3], FillStep::Stop);
    }
}
