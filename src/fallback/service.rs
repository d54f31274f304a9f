//! [`Fallback`].

use std::mem;
use std::task::{Context, Poll};
use std::time::Duration;

use tower::{Service, ServiceExt};

use super::armed::{Armed, Rules};
use super::budget::SharedBudget;
use super::policy::FallbackPolicy;
use crate::error::Refused;
use crate::future::Either;
use crate::route::{IsRouted, Leg, Routed, Store};

/// Lets legacy answer the reads that the target cannot: see the [module docs](super).
#[derive(Clone, Debug)]
pub struct Fallback<S, P: 'static> {
    inner: S,
    /// Leaked once for each stack that is built: a stack that is cloned for each request must not count owners.
    rules: &'static Rules<P>,
}

impl<S, P> Fallback<S, P> {
    pub(super) fn new(inner: S, policy: P, timeout: Option<Duration>, budget: SharedBudget) -> Self {
        Self { inner, rules: Box::leak(Box::new(Rules::new(policy, timeout, budget))) }
    }
}

impl<S, P, R> Service<R> for Fallback<S, P>
where
    R: IsRouted<Request: Clone + Send + 'static>,
    S: Service<Routed<R::Request>> + Clone + Send + 'static,
    S::Response: Send,
    S::Error: From<Refused> + Send,
    S::Future: Send,
    P: FallbackPolicy<S::Response, S::Error> + Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<S::Future, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline(always)]
    fn call(&mut self, routed: R) -> Self::Future {
        let routed = routed.into_routed();
        if routed.plan.falls_back() { self.armed(routed) } else { Either::direct(self.inner.call(routed)) }
    }
}

impl<S, P> Fallback<S, P> {
    #[inline(never)]
    fn armed<Req>(&mut self, routed: Routed<Req>) -> Either<S::Future, Result<S::Response, S::Error>>
    where
        S: Service<Routed<Req>> + Clone + Send + 'static,
        S::Response: Send,
        S::Error: From<Refused> + Send,
        S::Future: Send,
        P: FallbackPolicy<S::Response, S::Error> + Send + Sync + 'static,
        Req: Clone + Send + 'static,
    {
        let next = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, next);
        let legacy = routed.on_leg(Leg::Fallback, Store::Legacy);
        let armed =
            Armed { core: routed.core, plan: routed.plan, scopes: routed.scopes.clone(), rules: self.rules };
        let target = ready.call(routed);
        let legacy = ready.oneshot(legacy);
        if self.rules.compares_first() {
            Either::boxed(armed.compare(target, legacy))
        } else if self.rules.has_timeout() {
            Either::boxed(armed.answer(self.rules.of_target(target), legacy))
        } else {
            Either::boxed(armed.answer(async { Some(target.await) }, legacy))
        }
    }
}
