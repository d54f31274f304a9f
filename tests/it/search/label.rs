//! What a step did, in words.

use std::fmt;

use crossfade::protocol::{RepairStep, Side, Wait};
use crossfade::route::{Stage, Store};

use super::scenario::Op;
use super::values::{Request, Value};

/// Who did what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Label {
    pub(crate) who: Who,
    pub(crate) did: Did,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    Writer(usize),
    Repair(usize),
    Fill,
    Move,
    Reader,
    Gateway,
    Store(Store),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Did {
    Plan(Op, Stage),
    Mark,
    TakeOver,
    LetStand,
    StoodLongEnough,
    MarkSkipped,
    MarkRefused,
    MarkFailed,
    Void,
    Write(Value, bool),
    WriteUnknown { lands: bool },
    WriteRejected,
    Abandon { in_flight: bool },
    Unmark,
    Leave(Wait),
    Refuse,
    Page(Side, bool),
    Stamp(u8),
    Read(Value),
    Copy(Value, u8, bool),
    CopySkipped,
    CopyUnknown { value: Value, stamp: u8, lands: bool },
    CopyRejected,
    Look(Value),
    PlanRepair(Stage),
    Claim,
    ClaimNothing,
    AfterRepair(RepairStep),
    LoseRepair { in_flight: bool },
    CutOff { in_flight: bool },
    BeginFill(Side),
    CheckStage(bool),
    Drained,
    Waited,
    EnterGate(bool),
    LeaveGate,
    Saved(bool),
    Certified(bool),
    StopFill,
    BeginMove(Stage),
    Held,
    NoMarks,
    Clock,
    RepairsHeld,
    RepairsLetIn,
    HandOver,
    HoldTimeout,
    Committed(Stage),
    CommitRefused,
    CommitUnknown(bool),
    Asked,
    Adopt(Stage),
    KeepOld,
    Clean,
    ReadMark,
    ReadTarget(Value),
    Crash { in_flight: u32, stage: Stage },
    Tick,
    LateLanding(Request, bool),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.who, self.did)
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Writer(n) => write!(f, "writer {n}"),
            Self::Repair(n) => write!(f, "repair {n}"),
            Self::Fill => f.write_str("fill"),
            Self::Move => f.write_str("move"),
            Self::Reader => f.write_str("reader"),
            Self::Gateway => f.write_str("gateway"),
            Self::Store(store) => write!(f, "{store}"),
        }
    }
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(op, stage) => write!(f, "plans a {op:?} in {stage}"),
            Self::Mark => f.write_str("records its mark"),
            Self::TakeOver => f.write_str("takes over a mark that stands"),
            Self::LetStand => f.write_str("lets its mark stand"),
            Self::StoodLongEnough => f.write_str("removes a mark that stood"),
            Self::MarkSkipped => f.write_str("goes on WITHOUT A MARK"),
            Self::MarkRefused => f.write_str("has its mark refused"),
            Self::MarkFailed => f.write_str("cannot record its mark and goes on: everything is dirty"),
            Self::Void => f.write_str("records that something went unrecorded: everything is marked"),
            Self::Write(value, true) => write!(f, "writes the authority: {value}, ACKNOWLEDGED"),
            Self::Write(value, false) => {
                write!(f, "writes the authority: {value} loses to a larger stamp, ACKNOWLEDGED")
            }
            Self::WriteUnknown { lands } => write!(f, "gets no answer of the authority{}", unknown(*lands)),
            Self::WriteRejected => f.write_str("is rejected by the authority"),
            Self::Abandon { in_flight } => write!(f, "is abandoned{}", flying(*in_flight)),
            Self::Unmark => f.write_str("removes its mark"),
            Self::Leave(wait) => write!(f, "leaves its mark ({wait:?})"),
            Self::Refuse => f.write_str("refuses the write"),
            Self::Page(side, found) => {
                write!(f, "lists the keys of the {}: {}", side_name(*side), found_name(*found))
            }
            Self::Stamp(stamp) => write!(f, "takes stamp {stamp}"),
            Self::Read(value) => write!(f, "reads the authority: {value}"),
            Self::Copy(value, stamp, true) => write!(f, "copies {value} with {}", stamp_name(*stamp)),
            Self::Copy(value, stamp, false) => {
                write!(f, "copies {value} with {}: the secondary has a larger one", stamp_name(*stamp))
            }
            Self::CopySkipped => f.write_str("SKIPS the copy: both look equal"),
            Self::CopyUnknown { value, stamp, lands } => {
                write!(f, "copies {value} with {} and gets no answer{}", stamp_name(*stamp), unknown(*lands))
            }
            Self::CopyRejected => f.write_str("has its copy rejected"),
            Self::Look(value) => write!(f, "looks at the authority again: {value}"),
            Self::PlanRepair(stage) => write!(f, "plans in {stage}"),
            Self::Claim => f.write_str("claims a mark"),
            Self::ClaimNothing => f.write_str("finds nothing to claim"),
            Self::AfterRepair(step) => write!(f, "ends: {step:?}"),
            Self::LoseRepair { in_flight } => write!(f, "is lost without a word{}", flying(*in_flight)),
            Self::CutOff { in_flight } => write!(f, "is cut off{}", flying(*in_flight)),
            Self::BeginFill(side) => write!(f, "begins with the {}", side_name(*side)),
            Self::CheckStage(true) => f.write_str("finds that the stage copies to the target"),
            Self::CheckStage(false) => f.write_str("finds that the stage does not copy to the target"),
            Self::Drained => f.write_str("has drained whoever was inside"),
            Self::Waited => f.write_str("has waited the late bound"),
            Self::EnterGate(true) => f.write_str("enters the gate"),
            Self::EnterGate(false) => f.write_str("finds the gate closed"),
            Self::LeaveGate => f.write_str("leaves the gate and tries again"),
            Self::Saved(true) => f.write_str("saves its checkpoint"),
            Self::Saved(false) => f.write_str("cannot save its checkpoint"),
            Self::Certified(true) => f.write_str("is complete and certified"),
            Self::Certified(false) => f.write_str("is not certified"),
            Self::StopFill => f.write_str("stops"),
            Self::BeginMove(to) => write!(f, "to {to} is asked for"),
            Self::Held => f.write_str("holds new writes"),
            Self::NoMarks => f.write_str("finds no mark left"),
            Self::RepairsHeld => f.write_str("holds repairs too"),
            Self::RepairsLetIn => f.write_str("lets repairs in again"),
            Self::Clock => f.write_str("waits until the new authority's clock has passed all stamps"),
            Self::HandOver => f.write_str("hands the ids over"),
            Self::HoldTimeout => f.write_str("takes too long"),
            Self::Committed(to) => write!(f, "COMMITS {to}"),
            Self::CommitRefused => f.write_str("has its commit refused"),
            Self::CommitUnknown(made) => {
                write!(f, "gets no answer to its commit, which was {}made", if *made { "" } else { "not " })
            }
            Self::Asked => f.write_str("asks which stage is committed"),
            Self::Adopt(stage) => write!(f, "makes the gateway adopt {stage}"),
            Self::KeepOld => f.write_str("keeps the old stage"),
            Self::Clean => f.write_str("finds the key clean and will read the target"),
            Self::ReadMark => f.write_str("finds a difference and marks the key"),
            Self::ReadTarget(value) => write!(f, "reads the target: {value}"),
            Self::Crash { in_flight, stage } => {
                write!(f, "CRASHES with {in_flight} requests inside the stores and restarts in {stage}")
            }
            Self::Tick => f.write_str("waits: the late bound has passed"),
            Self::LateLanding(request, true) => write!(f, "does LATE what it was asked: {request}"),
            Self::LateLanding(request, false) => write!(f, "drops a late {request}: it has a larger stamp"),
        }
    }
}

const fn flying(in_flight: bool) -> &'static str {
    if in_flight { " with its request inside the store" } else { "" }
}

const fn unknown(lands: bool) -> &'static str {
    if lands { ": it is still inside the store" } else { ": it never arrived" }
}

const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Authority => "authority",
        Side::Secondary => "secondary",
    }
}

const fn found_name(found: bool) -> &'static str {
    if found { "the key is there" } else { "none" }
}

fn stamp_name(stamp: u8) -> String {
    match stamp {
        0 => "no stamp".to_owned(),
        u8::MAX => "NO STAMP".to_owned(),
        stamp => format!("stamp {stamp}"),
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}{}", self.version, if self.present { "" } else { " (no record)" })
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(op) => write!(f, "{op:?}"),
            Self::Copy(value) => write!(f, "copy of {value}"),
        }
    }
}
