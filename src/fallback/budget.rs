//! How many fallbacks legacy can take.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower::retry::budget::{Budget, TpsBudget};

/// How long a read of the target counts for the budget that a [`FallbackLayer`](super::FallbackLayer) starts with.
pub const BUDGET_WINDOW: Duration = Duration::from_secs(10);
/// The share of the target's reads that may fall back by that budget.
pub const BUDGET_SHARE: f32 = 0.2;
/// The fallbacks a second that it allows besides, averaged over [`BUDGET_WINDOW`].
pub const BUDGET_RESERVE: u32 = 100;

/// One budget for all clones of a service.
#[derive(Clone)]
pub(super) struct SharedBudget(Arc<dyn Budget + Send + Sync>);

impl SharedBudget {
    pub(super) fn new(budget: impl Budget + Send + Sync + 'static) -> Self {
        Self(Arc::new(budget))
    }

    pub(super) fn deposit(&self) {
        self.0.deposit();
    }

    pub(super) fn withdraw(&self) -> bool {
        self.0.withdraw()
    }
}

impl Default for SharedBudget {
    fn default() -> Self {
        Self::new(TpsBudget::new(BUDGET_WINDOW, BUDGET_RESERVE, BUDGET_SHARE))
    }
}

impl fmt::Debug for SharedBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedBudget")
    }
}
