//! One read of the target that may fall back.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;

use super::budget::SharedBudget;
use super::policy::FallbackPolicy;
use crate::data::Scopes;
use crate::error::Refused;
use crate::journal::Reason;
use crate::per_second::PerSecond;
use crate::route::{Core, Deadline, Plan};
use crate::stats::Counter;

/// How many events a second say that legacy answered in place of the target.
const EVENTS_MAX: u32 = 1;

/// What all reads of one service share.
#[derive(Debug)]
pub(super) struct Rules<P> {
    policy: P,
    timeout: Option<Duration>,
    budget: SharedBudget,
    events: PerSecond,
}

impl<P> Rules<P> {
    pub(super) fn new(policy: P, timeout: Option<Duration>, budget: SharedBudget) -> Self {
        Self { policy, timeout, budget, events: PerSecond::new(EVENTS_MAX) }
    }

    pub(super) fn compares_first<Res, Err>(&self) -> bool
    where
        P: FallbackPolicy<Res, Err>,
    {
        self.policy.compares_first()
    }

    pub(super) const fn has_timeout(&self) -> bool {
        self.timeout.is_some()
    }

    /// The target's answer, which learns how long it is waited for; `None` when it took too long.
    pub(super) async fn of_target<Res, Err>(
        &self,
        read: impl Future<Output = Result<Res, Err>>,
    ) -> Option<Result<Res, Err>> {
        let Some(limit) = self.timeout else { return Some(read.await) };
        let deadline = Deadline::within(limit);
        let answer = deadline.keep(read).await.ok();
        // A target that gave up in time says so with an error, at the same moment.
        answer.filter(|answer| answer.is_ok() || !deadline.has_passed())
    }

    /// Legacy's answer, which may still be waited for when it took too long to be compared.
    async fn of_legacy<T>(&self, read: impl Future<Output = T>) -> Option<T> {
        match self.timeout {
            Some(limit) => timeout(limit, read).await.ok(),
            None => Some(read.await),
        }
    }

    /// The target's answer, if the caller can have it.
    fn judge<Res, Err>(&self, answer: Option<Result<Res, Err>>) -> Result<Result<Res, Err>, Unusable<Err>>
    where
        P: FallbackPolicy<Res, Err>,
    {
        match answer {
            None => Err(Unusable::Late),
            Some(Err(error)) if self.policy.on_error(&error) => Err(Unusable::Error(error)),
            Some(Ok(answer)) if self.policy.is_missing(&answer) => Err(Unusable::Missing),
            Some(answer) => Ok(answer),
        }
    }
}

/// Why the caller cannot have the target's answer.
enum Unusable<Err> {
    Error(Err),
    Late,
    Missing,
}

impl<Err: From<Refused>> Unusable<Err> {
    /// What the caller gets when legacy is not asked. Never a "not found" that may be false.
    fn over_budget(self) -> Err {
        match self {
            Self::Error(error) => error,
            Self::Late | Self::Missing => Refused::FallbackOverBudget.into(),
        }
    }
}

/// A read of the target that may be answered by legacy.
pub(super) struct Armed<P: 'static> {
    pub(super) core: &'static Core,
    pub(super) plan: Plan,
    pub(super) scopes: Scopes,
    pub(super) rules: &'static Rules<P>,
}

impl<P> Armed<P> {
    /// The answer of the target, none when it took too long, or that of `legacy`, which is not polled before it is needed.
    pub(super) fn answer<Res, Err>(
        self,
        target: impl Future<Output = Option<Result<Res, Err>>>,
        legacy: impl Future<Output = Result<Res, Err>>,
    ) -> impl Future<Output = Result<Res, Err>>
    where
        P: FallbackPolicy<Res, Err>,
        Err: From<Refused>,
    {
        self.rules.budget.deposit();
        async move {
            let unusable = match self.rules.judge(target.await) {
                Ok(answer) => return answer,
                Err(unusable) => unusable,
            };
            if !self.rules.budget.withdraw() {
                self.core.stats.fallbacks_over_budget.one();
                return Err(unusable.over_budget());
            }
            let legacy = legacy.await;
            self.settle(&unusable, legacy)
        }
    }

    /// Reads both, and waits for legacy longer than the timeout only when the target's answer cannot be used.
    pub(super) async fn compare<Res, Err>(
        self,
        target: impl Future<Output = Result<Res, Err>>,
        legacy: impl Future<Output = Result<Res, Err>>,
    ) -> Result<Res, Err>
    where
        P: FallbackPolicy<Res, Err>,
    {
        let mut legacy = pin!(legacy);
        let (target, seen) =
            tokio::join!(self.rules.of_target(target), self.rules.of_legacy(legacy.as_mut()));
        match (self.rules.judge(target), seen) {
            (Ok(Ok(target)), Some(Ok(legacy))) if !self.rules.policy.is_same(&target, &legacy) => {
                self.note("inconsistent", &self.core.stats.fallbacks_on_inconsistent);
                self.mark();
                Ok(legacy)
            }
            (Ok(target), _) => target,
            (Err(unusable), Some(legacy)) => self.settle(&unusable, legacy),
            (Err(unusable), None) => {
                let legacy = legacy.await;
                self.settle(&unusable, legacy)
            }
        }
    }

    /// Legacy was asked, so what it says is the answer, its error included.
    fn settle<Res, Err>(&self, why: &Unusable<Err>, legacy: Result<Res, Err>) -> Result<Res, Err>
    where
        P: FallbackPolicy<Res, Err>,
    {
        let stats = &self.core.stats;
        match why {
            Unusable::Error(_) => self.note("error", &stats.fallbacks_on_error),
            Unusable::Late => self.note("timeout", &stats.fallbacks_on_error),
            Unusable::Missing => self.note("missing", &stats.fallbacks_on_missing),
        }
        let legacy = legacy?;
        if matches!(why, Unusable::Missing) && !self.rules.policy.is_missing(&legacy) {
            self.mark();
        }
        Ok(legacy)
    }

    fn note(&self, why: &'static str, counter: &Counter) {
        counter.one();
        if self.rules.events.admit() {
            tracing::warn!(why, stage = %self.plan.stage(), "legacy answers a read in place of the target");
        }
    }

    /// Has what was read repaired. A read without a scope can name nothing, so it leaves that to others.
    fn mark(&self) {
        if self.scopes.is_empty() {
            return;
        }
        let core = self.core;
        core.stats.marks.one();
        let unrecorded = move || core.stats.unrecorded_marks.one();
        core.journal.mark_left_soon(self.scopes.clone(), Reason::Read, unrecorded);
    }
}
