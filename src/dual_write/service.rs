//! [`DualWrite`].

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower::Service;

use super::future::{ResponseFuture, Unfinished};
use super::layer::DualWriteLayer;
use super::running::{Begun, Running};
use super::steps::{Answered, Steps, WriteSteps};
use super::written::Written;
use crate::copy::CopyScopes;
use crate::data::{ClassifyOutcome, Scopes};
use crate::error::Refused;
use crate::protocol::{CopyEnd, Wait};
use crate::route::{Core, IsRouted, Routed, Store};

/// Marks, writes, copies and unmarks: see the [module docs](super).
#[derive(Clone, Copy, Debug)]
pub struct DualWrite<S, C, K, W> {
    pub(super) inner: S,
    pub(super) layer: DualWriteLayer<C, K, W>,
}

impl<S, C, K, W, R> Service<R> for DualWrite<S, C, K, W>
where
    R: IsRouted<Request: Send + 'static>,
    S: Service<Routed<R::Request>> + Clone + Send + 'static,
    S::Response: Send + 'static,
    S::Error: From<Refused> + Send + 'static,
    S::Future: Send + 'static,
    C: CopyScopes,
    K: ClassifyOutcome<S::Response, S::Error> + Clone + Send + 'static,
    W: Written<S::Response> + Clone + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline(always)]
    fn call(&mut self, routed: R) -> Self::Future {
        let routed = routed.into_routed();
        if routed.plan.copies() {
            ResponseFuture::Copied { write: self.write(routed) }
        } else {
            ResponseFuture::Direct { future: self.inner.call(routed) }
        }
    }
}

impl<S, C, K, W> DualWrite<S, C, K, W> {
    #[inline(never)]
    fn write<Req>(&mut self, mut routed: Routed<Req>) -> Unfinished<Result<S::Response, S::Error>>
    where
        S: Service<Routed<Req>> + Clone + Send + 'static,
        S::Response: Send + 'static,
        S::Error: From<Refused> + Send + 'static,
        S::Future: Send + 'static,
        C: CopyScopes,
        K: ClassifyOutcome<S::Response, S::Error> + Clone + Send + 'static,
        W: Written<S::Response> + Clone + Send + 'static,
        Req: Send + 'static,
    {
        let next = self.inner.clone();
        let ready = mem::replace(&mut self.inner, next);
        let (core, plan) = (routed.core, routed.plan);
        let (copier, authority) = (self.layer.copier.clone(), plan.store());
        let secondary = copier.secondary(authority);
        let running =
            Running::new(core, secondary, routed.epoch, plan.continues_unrecorded(), routed.pass.take());
        let span = tracing::debug_span!("write", stage = %plan.stage(), authority = %authority);
        let copy = move |scopes| copy_written(core, copier, authority, scopes);
        let (classify, written) = (self.layer.classify.clone(), self.layer.written.clone());
        // In one expression: a future of some hundred bytes that has a name is copied on its way into the box.
        let steps: Pin<Box<dyn WriteSteps<Answer = _>>> = Box::pin(Steps::new(
            core,
            plan,
            span,
            write_authority(ready, routed, running, classify, written),
            copy,
        ));
        Unfinished::new(steps)
    }
}

/// Marks, and calls the authority. A block in place of an `async fn`, whose future holds each argument twice.
fn write_authority<S, K, W, Req>(
    mut ready: S,
    mut routed: Routed<Req>,
    mut running: Running,
    classify: K,
    written: W,
) -> impl Future<Output = Answered<S::Response, S::Error>>
where
    S: Service<Routed<Req>>,
    S::Error: From<Refused>,
    K: ClassifyOutcome<S::Response, S::Error>,
    W: Written<S::Response>,
{
    let named = mem::take(&mut routed.scopes);
    async move {
        let answer = match running.begin(named.clone(), routed.plan).await {
            Ok(Begun::Marked) => ready.call(routed).await,
            #[cfg(any(feature = "mysql", feature = "postgres"))]
            Ok(Begun::Inside(inside)) => inside.offered_to(ready.call(routed)).await,
            Err(refused) => return Answered { answer: Err(refused.into()), copy: None },
        };
        let copies = running.answered(classify.classify(answer.as_ref()));
        let scopes = match &answer {
            Ok(response) => written.written(named, response),
            Err(_) => named,
        };
        running.touched(&scopes);
        Answered { answer, copy: copies.then_some((running, scopes)) }
    }
}

/// Copies what was written. While the breaker is open only repairs try.
#[expect(clippy::manual_async_fn, reason = "the future of an `async fn` holds each argument twice")]
fn copy_written<C: CopyScopes>(
    core: &'static Core,
    copier: C,
    authority: Store,
    scopes: Scopes,
) -> impl Future<Output = CopyEnd> {
    async move {
        if core.breaker(authority.other()).is_open() {
            core.stats.copies_not_tried.one();
            return CopyEnd::Failed(Wait::Backoff);
        }
        copier.copy(&scopes, authority).await
    }
}
