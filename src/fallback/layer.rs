//! [`FallbackLayer`].

use std::time::Duration;

use tower::Layer;
use tower::retry::budget::Budget;

use super::budget::SharedBudget;
use super::policy::{CompareFirst, Missing, OnError};
use super::service::Fallback;

/// Lets legacy answer the reads that the target cannot: see the [module docs](super).
#[derive(Clone, Debug)]
pub struct FallbackLayer<P = OnError> {
    policy: P,
    timeout: Option<Duration>,
    budget: SharedBudget,
}

impl FallbackLayer {
    /// Falls back on errors of the target, within the budget of the [module docs](super#budget).
    #[must_use]
    pub fn new() -> Self {
        Self::with_policy(OnError)
    }
}

impl Default for FallbackLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<P> FallbackLayer<P> {
    /// Falls back when a policy of your own says so.
    #[must_use]
    pub fn with_policy(policy: P) -> Self {
        Self { policy, timeout: None, budget: SharedBudget::default() }
    }

    /// Falls back also when the target has not answered within this time; its read is then dropped. Off by default:
    /// no timer is armed.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Replaces the budget. Each read of the target is a deposit, each fallback a withdrawal.
    #[must_use]
    pub fn budget(self, budget: impl Budget + Send + Sync + 'static) -> Self {
        Self { budget: SharedBudget::new(budget), ..self }
    }

    /// Falls back also when `is_missing` says that the target does not have the record. By default it never does.
    #[must_use]
    pub fn missing<F, Res>(self, is_missing: F) -> FallbackLayer<Missing<P, F>>
    where
        F: Fn(&Res) -> bool,
    {
        self.map(|otherwise| Missing { otherwise, is_missing })
    }

    /// Reads both stores at once and compares before the caller is answered: `is_same(target, legacy)`. On a
    /// difference legacy answers and what was read is marked for repair.
    ///
    /// The caller waits for the slower store, so set a [`timeout`](Self::timeout) as well: past it the target's
    /// answer is given uncompared. Both stores are read in any case, so the budget is not asked.
    #[must_use]
    pub fn compare_first<F, Res>(self, is_same: F) -> FallbackLayer<CompareFirst<P, F>>
    where
        F: Fn(&Res, &Res) -> bool,
    {
        self.map(|otherwise| CompareFirst { otherwise, is_same })
    }

    pub(crate) fn map<Q>(self, wrap: impl FnOnce(P) -> Q) -> FallbackLayer<Q> {
        FallbackLayer { policy: wrap(self.policy), timeout: self.timeout, budget: self.budget }
    }
}

impl<S, P: Clone + 'static> Layer<S> for FallbackLayer<P> {
    type Service = Fallback<S, P>;

    fn layer(&self, inner: S) -> Self::Service {
        Fallback::new(inner, self.policy.clone(), self.timeout, self.budget.clone())
    }
}
