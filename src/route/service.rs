//! [`Route`].

use std::future::Future;
use std::mem;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use tokio::time::{Instant, timeout_at};
use tower::Service;

use super::core::{Core, Planned};
use super::handle::RoutingHandle;
use super::request::Classify;
use super::routed::Routed;
use crate::error::Refused;
use crate::future::Either;

/// Makes one plan for each request: see the [module docs](super).
#[derive(Clone, Debug)]
pub struct Route<S, C> {
    inner: S,
    core: &'static Core,
    classify: C,
}

impl<S, C> Route<S, C> {
    pub(super) const fn new(inner: S, routing: RoutingHandle, classify: C) -> Self {
        Self { inner, core: routing.0, classify }
    }
}

impl<S, C, Req> Service<Req> for Route<S, C>
where
    S: Service<Routed<Req>> + Clone + Send + 'static,
    S::Response: Send + 'static,
    S::Error: From<Refused> + Send + 'static,
    S::Future: Send,
    C: Classify<Req> + Clone + Send + 'static,
    Req: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<S::Future, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline(always)]
    fn call(&mut self, request: Req) -> Self::Future {
        match self.core.plan(&self.classify, request) {
            Ok(Planned::Routed(routed)) => Either::direct(self.inner.call(routed)),
            Ok(Planned::Held(request)) => Either::boxed(self.held(request)),
            Err(refused) => {
                self.core.stats.requests_refused.one();
                Either::boxed(std::future::ready(Err(refused.into())))
            }
        }
    }
}

impl<S, C> Route<S, C> {
    /// Waits outside of the gate until writes are released, and plans anew.
    fn held<Req>(
        &mut self,
        mut request: Req,
    ) -> impl Future<Output = Result<S::Response, S::Error>> + Send + 'static + use<S, C, Req>
    where
        S: Service<Routed<Req>> + Clone + Send + 'static,
        S::Response: Send + 'static,
        S::Error: From<Refused> + Send + 'static,
        S::Future: Send,
        C: Classify<Req> + Clone + Send + 'static,
        Req: Send + 'static,
    {
        let next = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, next);
        let (core, classify) = (self.core, self.classify.clone());
        let waiting = Waiting::new(core);
        async move {
            let start = Instant::now();
            // Twice the hold: a move whose commit is in doubt keeps writes held longer than its own limit.
            let deadline = start + core.snapshot.load().config.hold.max * 2;
            loop {
                if timeout_at(deadline, core.release()).await.is_err() {
                    core.stats.requests_refused.one();
                    let held_ms = start.elapsed().as_millis() as u64;
                    return Err(Refused::HoldRanOut { held_ms }.into());
                }
                match core.plan(&classify, request) {
                    Ok(Planned::Routed(routed)) => {
                        drop(waiting);
                        return ready.call(routed).await;
                    }
                    Ok(Planned::Held(again)) => request = again,
                    Err(refused) => {
                        core.stats.requests_refused.one();
                        return Err(refused.into());
                    }
                }
            }
        }
    }
}

/// A write that is held, for as long as it is.
struct Waiting(&'static Core);

impl Waiting {
    fn new(core: &'static Core) -> Self {
        core.stats.writes_held.fetch_add(1, Ordering::SeqCst);
        Self(core)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.stats.writes_held.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;
    use tower::{Layer, ServiceExt, service_fn};

    use super::*;
    use crate::data::Scopes;
    use crate::journal::Journal;
    use crate::route::{Operation, RouteLayer, RoutingConfig};

    #[tokio::test(start_paused = true)]
    async fn a_held_write_is_refused_after_twice_the_hold_and_not_before() {
        let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await.unwrap();
        let hold = routing.config().hold.max;
        let store = service_fn(|_: Routed<()>| async { Ok::<_, Refused>(()) });
        let stack = RouteLayer::new(routing)
            .classified_by(|(): &()| Some((Operation::write("put"), Scopes::none())))
            .layer(store);

        routing.0.hold(true);
        let start = Instant::now();
        let refused = stack.clone().oneshot(()).await.unwrap_err();
        assert!(matches!(refused, Refused::HoldRanOut { .. }), "{refused}");
        assert_eq!(start.elapsed(), hold * 2);

        let held = tokio::spawn(stack.oneshot(()));
        sleep(hold * 2 - Duration::from_millis(10)).await;
        routing.0.hold(false);
        held.await.unwrap().unwrap();
    }
}
