//! The clauses of the protocol that one gateway can show, each of which can be taken away.
//!
//! A rule is off when the driver bends the step that a machine asked for, or the command that the journal gets.
//! Clauses that one gateway cannot show: the session check of R1 and all of R7 (a second session must be alive),
//! stamps of one clock rather than of several (R3), a given-back claim of another gateway (R2), the refusal of
//! canary for a target without stamps (R5), lapsed sessions that have not drained `off` (R9).

/// One clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// R1: the mark is durable before the authority is called.
    MarkBeforeWrite,
    /// R1: a mark that stands is taken over by one write at a time.
    TakenOverOnce,
    /// R1: ... and only by one that was planned in the epoch that it was made in.
    TakenOverInItsEpoch,
    /// R1: a mark that names the group of its key is left on the key.
    LeftOnTheKey,
    /// R1: a repair of everything begins when the writes that ran at its claim, unrecorded ones among them, have
    /// ended.
    EverythingDrains,
    /// R2: everything is marked again when an unrecorded write may still land.
    VoidAgain,
    /// R2: the mark of an unknown write waits the late bound of the authority.
    UnknownWriteWaits,
    /// R2: the marks that a crash left wait the late bound.
    AdoptedMarksWait,
    /// R2: a claim that was given back, because its repair was lost, waits the late bound.
    GivenBackClaimsWait,
    /// R3: the stamp is taken before the authority is read.
    StampBeforeRead,
    /// R3: stamps rise also across a crash.
    StampsRiseAcrossCrash,
    /// R4: a copy always writes.
    AlwaysWrite,
    /// R5: a copy to a store without stamps looks at the authority again.
    LookAgain,
    /// R5: an unknown copy to a store without stamps waits its late bound.
    UnknownCopyWaits,
    /// R5: a key of a page is marked while it is copied to a target without stamps, and after a copy that failed.
    FillMarksWithoutStamps,
    /// R6: a repair removes the marks that it claimed, nothing else.
    ClearClaimedOnly,
    /// R6: a claim is taken under the committed authority.
    ClaimChecksEpoch,
    /// R8: a key is dirty while its write runs.
    DirtyWhileRunning,
    /// R8: all marks are loaded before a gateway serves.
    MarksLoaded,
    /// R9: pages of the fill carry stamps.
    FillStamped,
    /// R9: the fill starts when no write planned under `off` is running.
    FillDrainsOff,
    /// R9: it begins in a stage that copies, committed and adopted.
    FillChecksStage,
    /// R9: ... and none of them can land any more.
    FillWaitsLateBound,
    /// R9: ... and no copy runs that may have read before the last of them landed.
    FillDrainsAgain,
    /// R9: no page runs across a change of the authority.
    NoPageAcrossSwitch,
    /// R10: the commit of a switch finds no mark.
    SwitchFindsNoMark,
    /// R10: ... nor one that stands for the writes that follow.
    SwitchFindsNothingStanding,
    /// The commit of the move to `complete` finds no mark.
    CompleteFindsNoMark,
    /// R10: stamps after a switch lie above all before it.
    StampsAbove,
    /// R10: no repair takes a stamp between the wait for the clock and the commit.
    RepairsHeld,
    /// R10: whoever starts adopts the committed stage.
    RestartAdopts,
    /// R10: a mark is refused when its write was planned for another authority.
    MarkChecksEpoch,
}
