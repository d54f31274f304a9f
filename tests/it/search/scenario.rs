//! What one search covers: where it starts, what the processes are to do, and which faults may come.

use crossfade::route::Stage;

use super::gateway::WRITERS;
use super::rules::Rule;

/// A write of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Op {
    /// The authority gives the id: the group is marked, the key is copied.
    Create,
    Put,
    Delete,
    /// Deletes what the group has and names no key of it.
    DeleteGroup,
}

impl Op {
    pub(crate) const fn leaves_a_record(self) -> bool {
        matches!(self, Self::Create | Self::Put)
    }
}

/// How many faults of each kind are left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    /// The process ends; any of its requests may be inside a store.
    pub(crate) crashes: u8,
    /// A write of the authority has an unknown outcome.
    pub(crate) unknown_writes: u8,
    /// A copy has an unknown outcome.
    pub(crate) unknown_copies: u8,
    /// A store surely did not do what it was asked.
    pub(crate) rejected: u8,
    /// A caller vanishes and nobody can finish its write, or a repair is cut off.
    pub(crate) abandoned: u8,
    /// A repair ends without a word to the journal.
    pub(crate) lost_repairs: u8,
    /// A mark cannot be recorded, and the write goes on.
    pub(crate) outages: u8,
    /// A read finds the record missing or different, and marks the key.
    pub(crate) read_marks: u8,
    /// Nobody knows whether a commit of the journal was made.
    pub(crate) unknown_commits: u8,
    /// A hold lasts as long as it may.
    pub(crate) hold_timeouts: u8,
}

/// When a fill runs, in a stage that allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filling {
    /// While the target is not filled, or a mark on everything stands.
    WhenNeeded,
    /// Once more although nothing needs it.
    Again,
}

/// Whether the marks of writes that have ended stand for those that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    No,
    ByKey,
    /// The row of a write names the group of its key.
    ByGroup,
}

/// Takes one from a budget, if there is any left.
pub(crate) const fn take(budget: &mut u8) -> bool {
    let left = *budget > 0;
    *budget -= left as u8;
    left
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) start: Stage,
    /// Whether the authority has the record at the start.
    pub(crate) key_exists: bool,
    /// Whether the target has what legacy has at the start; otherwise it is empty.
    pub(crate) target_is_equal: bool,
    pub(crate) writers: [&'static [Op]; WRITERS],
    pub(crate) repairers: usize,
    pub(crate) fill: Filling,
    /// The stages to move to, one after the other.
    pub(crate) moves: &'static [Stage],
    pub(crate) target_keeps_stamps: bool,
    /// Whether the target stamps its own writes from the gateway's clock rather than from one that lags behind.
    pub(crate) one_clock: bool,
    /// Whether a move that switches holds and drains. Without, only the commit guards it.
    pub(crate) hold: bool,
    /// Whether a repair plans before there is anything to claim.
    pub(crate) plans_ahead: bool,
    /// Whether a read decides and reads in two steps.
    pub(crate) reads: bool,
    pub(crate) sharing: Sharing,
    pub(crate) budget: Budget,
    pub(crate) off: Option<Rule>,
}

impl Scenario {
    /// Equal stores with one record in `live`, one repairer, no faults.
    pub(crate) const fn live(name: &'static str, first: &'static [Op], second: &'static [Op]) -> Self {
        Self {
            name,
            start: Stage::Live,
            key_exists: true,
            target_is_equal: true,
            writers: [first, second],
            repairers: 1,
            fill: Filling::WhenNeeded,
            moves: &[],
            target_keeps_stamps: true,
            one_clock: false,
            hold: true,
            plans_ahead: false,
            reads: false,
            sharing: Sharing::No,
            budget: Budget {
                crashes: 0,
                unknown_writes: 0,
                unknown_copies: 0,
                rejected: 0,
                abandoned: 0,
                lost_repairs: 0,
                outages: 0,
                read_marks: 0,
                unknown_commits: 0,
                hold_timeouts: 0,
            },
            off: None,
        }
    }

    /// The epoch that the start stage was committed in.
    pub(crate) const fn first_epoch(&self) -> u64 {
        self.start as u64 + 1
    }

    pub(crate) fn without(&self, rule: Rule) -> bool {
        self.off == Some(rule)
    }
}
