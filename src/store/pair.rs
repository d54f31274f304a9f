//! [`StorePair`] and its future.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower::util::Oneshot;
use tower::{Service, ServiceExt};

use crate::route::{Pass, Routed, Store};

/// The two stores as one service: see the [module docs](super).
#[derive(Clone, Copy, Debug)]
pub struct StorePair<L, T> {
    legacy: L,
    target: T,
}

impl<L, T> StorePair<L, T> {
    /// The store that you leave and the one that you move to.
    pub const fn new(legacy: L, target: T) -> Self {
        Self { legacy, target }
    }
}

impl<L, T, Req> Service<Routed<Req>> for StorePair<L, T>
where
    L: Service<Req> + Clone,
    T: Service<Req, Response = L::Response, Error = L::Error> + Clone,
{
    type Response = L::Response;
    type Error = L::Error;
    type Future = ResponseFuture<Oneshot<L, Req>, Oneshot<T, Req>>;

    /// Always ready: see the [module docs](super).
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), L::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, routed: Routed<Req>) -> Self::Future {
        let Routed { request, plan, pass, .. } = routed;
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
