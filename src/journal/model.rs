//! The words of the journal: marks, sessions, progress, and the commands that change them.

use serde::{Deserialize, Serialize};

use crate::data::{Scope, Scopes};
use crate::protocol::CommitRequest;
use crate::stage::Stage;

/// Microseconds since the Unix epoch on the gateway's clock.
pub type Micros = i64;

/// The number of the committed stage: it rises with each committed move.
pub type Epoch = u64;

/// One gateway process known to the journal.
pub type SessionId = u64;

/// Names one mark row: the session in the upper bits, a running number in the lower 40. A command that makes a mark
/// names a row that no mark has.
pub type MarkId = u64;

/// Names one claim of a reconciler.
pub type ClaimId = u64;

/// Why a mark stands, for operators and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Reason {
    /// A write of this session is running.
    Write = 0,
    /// The outcome of the write on the authority is unknown.
    UnknownWrite = 1,
    /// The copy failed, timed out or found no room.
    CopyFailed = 2,
    /// The caller went away and the write could not be finished.
    Abandoned = 3,
    /// The session that owned it ended uncleanly.
    Crash = 4,
    /// A read found the record missing or different.
    Read = 5,
    /// Somebody asked for it: an out-of-band writer, an operator, the entry of `off`.
    Asked = 6,
    /// A write could not be recorded while the journal was unavailable.
    Unrecorded = 7,
}

impl Reason {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Write,
        Self::UnknownWrite,
        Self::CopyFailed,
        Self::Abandoned,
        Self::Crash,
        Self::Read,
        Self::Asked,
        Self::Unrecorded,
    ];
}

/// Where a mark stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MarkState {
    /// Its write runs.
    Running,
    /// It waits for a repair.
    Left,
    /// A repair has it.
    Claimed {
        /// Which claim.
        claim: ClaimId,
        /// When the claim lapses.
        lease_until: Micros,
    },
    /// A dead letter: no longer tried by itself, still dirty.
    Dead,
}

/// A durable note that a scope may differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// What may differ.
    pub scope: Scope,
    /// The session that made it.
    pub session: SessionId,
    /// Where it stands.
    pub state: MarkState,
    /// No repair may claim it before.
    pub not_before: Micros,
    /// How many repairs have failed.
    pub attempts: u32,
    /// Why it stands.
    pub reason: Reason,
    /// When it was made.
    pub created: Micros,
}

/// A mark in the hands of a repair.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClaimedMark {
    /// The row.
    pub id: MarkId,
    /// What to copy.
    pub scope: Scope,
    /// How many repairs have failed before.
    pub attempts: u32,
}

/// How far the fill is. Kept as it is by the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FillProgress {
    /// Whether the pages of the authority are done and those of the secondary have begun.
    pub authority_done: bool,
    /// Whether both are done.
    pub complete: bool,
    /// The text of the last key that was copied on this side.
    pub after: Option<String>,
    /// Records copied so far.
    pub copied: u64,
    /// Keys found on the secondary alone, and removed there.
    pub extra: u64,
    /// Pages copied so far.
    pub pages: u64,
    /// [`JournalStatus::voids`] as it was when the fill began; when it has risen since, the fill is worth nothing.
    pub voids: u64,
}

/// The durable statement that the target was filled, and that nothing since then went unrecorded.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Certificate {
    /// When it was issued.
    pub issued: Micros,
    /// In which epoch.
    pub epoch: Epoch,
    /// How many records the fill had copied.
    pub records: u64,
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Micros,
    /// Who asked, as the caller named itself.
    pub who: String,
    /// What was done.
    pub what: String,
    /// The reason given.
    pub why: String,
}

/// How many marks stand, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct MarkCounts {
    /// Owned by a running write, or kept for the writes that follow one.
    pub running: u64,
    /// Waiting for a repair.
    pub left: u64,
    /// In the hands of a repair.
    pub claimed: u64,
    /// Dead letters.
    pub dead: u64,
}

impl MarkCounts {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.running + self.left + self.claimed + self.dead
    }
}

/// What the journal knows beside the marks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JournalStatus {
    /// The committed stage.
    pub stage: Stage,
    /// Its number.
    pub epoch: Epoch,
    /// Marks by state.
    pub marks: MarkCounts,
    /// The fill, when one has begun.
    pub fill: Option<FillProgress>,
    /// The certificate, when it stands.
    pub certificate: Option<Certificate>,
    /// No stamp above this one was ever issued.
    pub reserved_stamp: Micros,
    /// How often everything was marked because something went unrecorded.
    pub voids: u64,
}

/// What a session finds when it opens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Opened {
    /// The new session.
    pub session: SessionId,
    /// Whether the session before it ended without saying so.
    pub after_crash: bool,
    /// Whether that session let writes go on unrecorded: the certificate is void now, and a mark on everything was
    /// made, in row 0 of the new session.
    pub voided: bool,
    /// Marks that transactions had made inside themselves, adopted with the others.
    pub inside: Vec<Scope>,
    /// What the journal knows, marks adopted.
    pub status: JournalStatus,
}

/// One change of the journal, or one question. A batch of them is one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Begin a session. Running and claimed marks of the session before, which ended uncleanly or could not take them
    /// out, become left and wait the late bound (R2).
    Open {
        /// The time.
        now: Micros,
        /// How long a request of the ended session may still land.
        late_bound: Micros,
        /// Whether this session lets writes go on when the journal cannot record them. The unclean end of such a
        /// session voids the certificate and marks everything.
        continues_unrecorded: bool,
    },
    /// End the session cleanly: none of its requests is inside a store.
    Close {
        /// The session.
        session: SessionId,
    },
    /// Record the marks of a write that is about to run (R1). Refused when the session has ended or the write was
    /// planned for another authority.
    Mark {
        /// The session.
        session: SessionId,
        /// The epoch that the write was planned in.
        epoch: Epoch,
        /// The first row; the others follow it.
        first: MarkId,
        /// One row each.
        scopes: Scopes,
        /// The time.
        now: Micros,
    },
    /// Remove the running marks of one write.
    Unmark {
        /// The first row.
        first: MarkId,
        /// How many.
        rows: u64,
    },
    /// Leave the running marks of one write to the reconciler. A row whose scope has a left row already is merged
    /// into it, which then waits the longer of the two waits.
    Leave {
        /// The first row.
        first: MarkId,
        /// How many.
        rows: u64,
        /// What the write turned out to have touched, when that is less than what was marked: a create then knows
        /// its key. Takes the place of the scope of each row.
        narrowed: Option<Scope>,
        /// When they may be claimed.
        not_before: Micros,
        /// Why they stay.
        reason: Reason,
    },
    /// Record a left mark; merged like [`Leave`](Self::Leave).
    MarkLeft {
        /// The session.
        session: SessionId,
        /// The row.
        id: MarkId,
        /// What may differ.
        scope: Scope,
        /// When it may be claimed.
        not_before: Micros,
        /// Why.
        reason: Reason,
        /// The time.
        now: Micros,
    },
    /// Take out what a transaction marked inside itself, after its copy. What is not there any more was adopted.
    UnmarkInside {
        /// The first row.
        first: MarkId,
        /// How many.
        rows: u64,
    },
    /// Record a left mark in place of one that a transaction made inside itself, or may still make; merged like
    /// [`Leave`](Self::Leave).
    LeaveInside {
        /// The row that the transaction made, when it has surely been committed: it is taken out.
        inside: Option<MarkId>,
        /// The session.
        session: SessionId,
        /// The row of the left mark.
        id: MarkId,
        /// What may differ.
        scope: Scope,
        /// When it may be claimed.
        not_before: Micros,
        /// Why it stays.
        reason: Reason,
        /// The time.
        now: Micros,
    },
    /// Make left marks of what transactions marked inside themselves before this time and nobody has taken out. Such a
    /// write is committed, so it may be copied at once, also while its own copy runs. Gives what became a row of its own.
    AdoptInside {
        /// When they were made at the latest.
        before: Micros,
        /// The time.
        now: Micros,
    },
    /// Claim left marks whose wait is over, oldest first. Lapsed claims are given back before. Refused when the epoch
    /// belongs to another authority, or the stage copies nothing.
    Claim {
        /// The session.
        session: SessionId,
        /// The epoch that the repair was planned in.
        epoch: Epoch,
        /// The new claim.
        claim: ClaimId,
        /// The time.
        now: Micros,
        /// When the claim lapses.
        lease_until: Micros,
        /// How long a request of a lapsed claim may still land.
        late_bound: Micros,
        /// At most this many.
        limit: u64,
        /// Marks on everything, or all the others.
        everything: bool,
    },
    /// Remove marks that this claim still holds (R6).
    Clear {
        /// The claim.
        claim: ClaimId,
        /// The rows.
        ids: Vec<MarkId>,
    },
    /// Give marks back that this claim still holds.
    GiveBack {
        /// The claim.
        claim: ClaimId,
        /// The rows.
        ids: Vec<MarkId>,
        /// When they may be claimed again.
        not_before: Micros,
        /// Whether the repair failed, rather than being cut off.
        failed: bool,
    },
    /// Make dead letters of marks that this claim still holds.
    Bury {
        /// The claim.
        claim: ClaimId,
        /// The rows.
        ids: Vec<MarkId>,
        /// Not to be claimed before, when they are tried again.
        not_before: Micros,
    },
    /// Make left marks of the dead letters on a scope, their attempts forgotten.
    RetryDead {
        /// The scope.
        scope: Scope,
        /// When they may be claimed.
        now: Micros,
    },
    /// List the scopes of all marks, by row.
    ListScopes,
    /// List dead letters, oldest first.
    ListDead {
        /// At most this many.
        limit: u64,
    },
    /// Commit a stage (R10). Refused when `from` is not the committed epoch, or marks are left that may not be.
    Commit {
        /// The epoch that the move started from.
        from: Epoch,
        /// What to commit.
        request: CommitRequest,
        /// The row of the mark on everything, when the request asks for one.
        everything: MarkId,
        /// The session.
        session: SessionId,
        /// For the audit log.
        audit: AuditEntry,
    },
    /// Keep the progress of the fill. Refused when the certificate was voided since it began.
    SaveFill {
        /// How far it is.
        progress: FillProgress,
    },
    /// Complete the fill and issue the certificate. Refused while a dead letter stands, or when the certificate was
    /// voided since the fill began.
    Certify {
        /// The time.
        now: Micros,
        /// How far the fill came.
        progress: FillProgress,
    },
    /// Void the certificate and mark everything: a write went unrecorded. Merged like [`Leave`](Self::Leave), since
    /// it is told again and again while the journal has no room for marks.
    Void {
        /// The session.
        session: SessionId,
        /// The row of the mark on everything.
        everything: MarkId,
        /// When it may be claimed.
        not_before: Micros,
        /// The time.
        now: Micros,
    },
    /// Raise the reserved stamp to this one, never lower it.
    ReserveStamps {
        /// No stamp above is issued before the next reservation.
        upto: Micros,
    },
    /// Take the next `count` ids of a sequence.
    TakeIds {
        /// The sequence.
        sequence: String,
        /// How many.
        count: u64,
    },
    /// Make a sequence go on above `above`, never below where it is.
    RaiseIds {
        /// The sequence.
        sequence: String,
        /// The largest id that is taken.
        above: u64,
    },
    /// Add a line to the audit log.
    Audit {
        /// The line.
        entry: AuditEntry,
    },
    /// List the audit log, newest first.
    ListAudit {
        /// At most this many.
        limit: u64,
    },
    /// Ask for the status.
    Status,
}

impl Command {
    /// Whether it changes nothing.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) const fn is_question(&self) -> bool {
        matches!(self, Self::ListScopes | Self::ListDead { .. } | Self::ListAudit { .. } | Self::Status)
    }
}

/// What a command gives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It is done.
    Done,
    /// It is done; this many rows were removed, merged rows included.
    Removed(u64),
    /// The session is open.
    Opened(Box<Opened>),
    /// The marks are claimed; empty when none is due.
    Claimed(Vec<ClaimedMark>),
    /// The stage is committed, with this epoch.
    Committed(Epoch),
    /// The first of the ids that were taken.
    Ids(u64),
    /// Scopes of marks, with their rows.
    Scopes(Vec<(MarkId, Scope)>),
    /// Marks with their rows.
    Marks(Vec<(MarkId, Mark)>),
    /// Lines of the audit log.
    AuditLog(Vec<AuditEntry>),
    /// The status.
    Status(Box<JournalStatus>),
    /// It is refused and nothing was changed.
    Refused(Refusal),
}

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The session has ended.
    SessionEnded,
    /// The committed stage has another authority, or copies nothing.
    EpochMoved,
    /// This many marks are left.
    MarksLeft(u64),
    /// This many dead letters stand.
    DeadLetters(u64),
    /// A write went unrecorded since the fill began.
    Unrecorded,
}
