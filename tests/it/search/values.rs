//! What the stores hold and are asked, and what a request was planned in.

use crossfade::data::{Group, Key, Scope};
use crossfade::journal::Epoch;
use crossfade::protocol::Secondary;
use crossfade::route::{Stage, Store};

use super::scenario::Op;

/// A stamp that no store looks at: what a rule that is off writes with.
pub(crate) const PLAIN: u8 = u8::MAX;

/// What a store holds for the key: which write of the authority made it, and whether that left a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Value {
    pub(crate) version: u8,
    pub(crate) present: bool,
}

impl Value {
    /// No reader can tell the two apart.
    pub(crate) const fn same(self, other: Self) -> bool {
        self.version == other.version || !(self.present || other.present)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Register {
    pub(crate) value: Value,
    /// Kept by the target alone; a delete keeps it too.
    pub(crate) stamp: u8,
}

/// A request inside a store that nobody waits for any more: it lands at some later time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Flight {
    pub(crate) store: Store,
    pub(crate) request: Request,
    pub(crate) stamp: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Request {
    /// A write of the authority: it makes a new version when it lands.
    Write(Op),
    /// A copy: replaces what the secondary has.
    Copy(Value),
}

/// The stage and epoch that one request, repair or page was planned in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Plan {
    pub(crate) stage: Stage,
    pub(crate) epoch: Epoch,
    pub(crate) target_keeps_stamps: bool,
}

impl Plan {
    pub(crate) const fn authority(self) -> Store {
        self.stage.authority()
    }

    pub(crate) const fn secondary(self) -> Secondary {
        let store = self.stage.authority().other();
        Secondary { store, keeps_stamps: matches!(store, Store::Target) && self.target_keeps_stamps }
    }
}

/// The one key; its group is `1`.
pub(crate) fn key() -> Scope {
    Key::new(&1, &1).into()
}

pub(crate) fn group() -> Scope {
    Group::new(&1).into()
}
