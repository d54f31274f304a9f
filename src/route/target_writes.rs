//! Who cannot write to the target yet.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::handle::SwapError;
use crate::stage::Stage;

/// The names of those whose writes have no code for the target. Said when they are built, so that a move knows of
/// them before the first of their writes.
#[derive(Debug, Default)]
pub(crate) struct WithoutTargetWrites(Mutex<BTreeSet<&'static str>>);

impl WithoutTargetWrites {
    pub(super) fn add(&self, name: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
    }

    /// Refuses a stage in which the target decides, by the names of those that cannot write to it.
    pub(super) fn check(&self, to: Stage) -> Result<(), SwapError> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.is_empty() {
            return Ok(());
        }
        let without = names.iter().copied().collect::<Vec<_>>().join(", ");
        Err(SwapError::NoTargetWrites { to, without })
    }
}
