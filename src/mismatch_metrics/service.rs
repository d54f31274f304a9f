//! [`MismatchMetrics`].

use std::mem;
use std::task::{Context, Poll};

use tower::Service;

use super::compare::Compare;
use super::shadow::{Shadow, Watch};
use crate::future::Either;
use crate::route::{IsRouted, Leg, Routed};

/// Repeats reads on the other store and counts how the answers compare: see the [module docs](super).
#[derive(Clone, Debug)]
pub struct MismatchMetrics<S, C: 'static> {
    inner: S,
    /// Leaked once for each stack that is built: a stack that is cloned for each request must not count owners.
    watch: &'static Watch<C>,
}

impl<S, C> MismatchMetrics<S, C> {
    pub(super) fn new(inner: S, watch: Watch<C>) -> Self {
        Self { inner, watch: Box::leak(Box::new(watch)) }
    }

    fn admits<Req>(&self, routed: &Routed<Req>) -> bool {
        let admitted = self.watch.room.admits();
        if !admitted {
            routed.core.stats.shadows_shed.one();
        }
        admitted
    }
}

impl<S, C, R> Service<R> for MismatchMetrics<S, C>
where
    R: IsRouted<Request: Clone + Send + 'static>,
    S: Service<Routed<R::Request>> + Clone + Send + 'static,
    S::Future: Send,
    C: Compare<S::Response> + Send + Sync + 'static,
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
        if routed.plan.shadows() { self.shadowed(routed) } else { Either::direct(self.inner.call(routed)) }
    }
}

impl<S, C> MismatchMetrics<S, C> {
    #[inline(never)]
    fn shadowed<Req>(&mut self, routed: Routed<Req>) -> Either<S::Future, Result<S::Response, S::Error>>
    where
        S: Service<Routed<Req>> + Clone + Send + 'static,
        S::Future: Send,
        C: Compare<S::Response> + Send + Sync + 'static,
        Req: Clone + Send + 'static,
    {
        if !self.admits(&routed) {
            return Either::direct(self.inner.call(routed));
        }
        let next = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, next);
        let (answered, scopes) = (routed.plan.store(), routed.scopes.clone());
        let request = routed.on_leg(Leg::Shadow, answered.other());
        let answer = ready.call(routed);
        let shadow = Shadow { service: ready, request, scopes, answered, watch: self.watch };
        Either::boxed(async move {
            let answer = answer.await;
            shadow.begin(answer.as_ref().ok());
            answer
        })
    }
}
