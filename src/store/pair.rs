//! [`StorePair`] and its future.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower::util::Oneshot;
use tower::{Service, ServiceExt};

use crate::route::{IsRouted, Pass, Routed, Store};

/// The two stores as one service: see the [module docs](super).
#[derive(Copy, Debug)]
pub struct StorePair<L, T> {
    legacy: L,
    target: T,
}

impl<L: ClonedForEachCall, T: ClonedForEachCall> Clone for StorePair<L, T> {
    fn clone(&self) -> Self {
        Self::new(self.legacy.clone(), self.target.clone())
    }
}

impl<L, T> StorePair<L, T> {
    /// The store that you leave and the one that you move to.
    pub const fn new(legacy: L, target: T) -> Self {
        Self { legacy, target }
    }
}

/// A store that can be cloned for each call. Every type that is `Clone` is one by itself.
#[diagnostic::on_unimplemented(
    message = "the store `{Self}` is not `Clone`",
    label = "each call of the stack has a clone of its store",
    note = "a store is cheap to clone: a pool, a channel, a service behind an `Arc` or in tower's `Buffer`"
)]
pub trait ClonedForEachCall: Clone {}

#[diagnostic::do_not_recommend]
impl<S: Clone> ClonedForEachCall for S {}

/// A store that answers requests as the other one does. Every service with that answer and error is one by itself.
#[diagnostic::on_unimplemented(
    message = "the target does not answer `{Req}` as legacy does",
    label = "legacy answers with `Result<{Res}, {Err}>`, the target does not",
    note = "map the answers and errors of one store to those of the other: `ServiceExt::map_response`, `map_err`"
)]
pub trait AnswersAs<Req, Res, Err>: Service<Req, Response = Res, Error = Err> {}

#[diagnostic::do_not_recommend]
impl<S, Req, Res, Err> AnswersAs<Req, Res, Err> for S where S: Service<Req, Response = Res, Error = Err> {}

impl<L, T, R> Service<R> for StorePair<L, T>
where
    R: IsRouted,
    L: Service<R::Request> + ClonedForEachCall,
    T: AnswersAs<R::Request, L::Response, L::Error> + ClonedForEachCall,
{
    type Response = L::Response;
    type Error = L::Error;
    type Future = ResponseFuture<Oneshot<L, R::Request>, Oneshot<T, R::Request>>;

    /// Always ready: see the [module docs](super).
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), L::Error>> {
        Poll::Ready(Ok(()))
    }

    #[inline(always)]
    fn call(&mut self, routed: R) -> Self::Future {
        let Routed { request, plan, pass, scopes, .. } = routed.into_routed();
        scopes.end();
        let store = match plan.store() {
            Store::Legacy => StoreFuture::Legacy { future: self.legacy.clone().oneshot(request) },
            Store::Target => StoreFuture::Target { future: self.target.clone().oneshot(request) },
        };
        ResponseFuture { store, _pass: pass }
    }
}

pin_project! {
    /// The future of [`StorePair`].
    pub struct ResponseFuture<L, T> {
        #[pin]
        store: StoreFuture<L, T>,
        // A drain waits for a write until the store has answered it.
        _pass: Option<Pass>,
    }
}

pin_project! {
    #[project = Projected]
    enum StoreFuture<L, T> {
        Legacy { #[pin] future: L },
        Target { #[pin] future: T },
    }
}

impl<L, T> Future for ResponseFuture<L, T>
where
    L: Future,
    T: Future<Output = L::Output>,
{
    type Output = L::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<L::Output> {
        match self.project().store.project() {
            Projected::Legacy { future } => future.poll(cx),
            Projected::Target { future } => future.poll(cx),
        }
    }
}

impl<L, T> fmt::Debug for ResponseFuture<L, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
