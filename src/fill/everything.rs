//! The marks on everything, while a fill makes them good.

use crate::data::Scope;
use crate::journal::{Claim, MarkId};
use crate::route::Core;

/// The marks on everything that this fill makes good; given back when it does not come to its end.
pub(super) struct Everything {
    core: &'static Core,
    pub(super) claim: Claim,
}

impl Everything {
    pub(super) const fn new(core: &'static Core) -> Self {
        Self { core, claim: Claim { claim: 0, marks: Vec::new() } }
    }

    fn take(&mut self) -> Vec<MarkId> {
        std::mem::take(&mut self.claim.marks).into_iter().map(|mark| mark.id).collect()
    }

    pub(super) fn clear(&mut self) {
        let ids = self.take();
        self.core.journal.clear(self.claim.claim, &Scope::Everything, ids);
    }
}

impl Drop for Everything {
    fn drop(&mut self) {
        let ids = self.take();
        if !ids.is_empty() {
            let (journal, now) = (&self.core.journal, self.core.journal.now());
            journal.give_back(self.claim.claim, &Scope::Everything, ids, now, false);
        }
    }
}
