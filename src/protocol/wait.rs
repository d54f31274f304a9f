//! How long a mark that stays must wait before a repair may claim it.

use crate::stage::Store;

/// How long a mark that stays must wait before a repair may claim it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    /// Not at all: nothing can land late, or what lands late loses by its stamp.
    None,
    /// As long as the attempts so far suggest: the store failed, and asking it at once would fail again.
    Backoff,
    /// Until a request that is still inside this store has landed or never will.
    LateBound(Store),
}

/// The store that receives copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Secondary {
    /// Which store it is.
    pub store: Store,
    /// Whether it lets the larger stamp win.
    pub keeps_stamps: bool,
}

impl Secondary {
    /// The wait of a mark whose copy was given up while a request may be inside the secondary. A late copy loses
    /// by its stamp where stamps are kept; elsewhere it would overwrite what the repair wrote (R5).
    #[must_use]
    pub const fn after_cut_off_copy(self) -> Wait {
        if self.keeps_stamps { Wait::None } else { Wait::LateBound(self.store) }
    }

    /// The wait of a mark whose copy ended with no sure answer of the secondary.
    #[must_use]
    pub const fn after_unknown_copy(self) -> Wait {
        if self.keeps_stamps { Wait::Backoff } else { Wait::LateBound(self.store) }
    }
}
