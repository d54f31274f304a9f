//! The future of [`Fallback`](super::Fallback).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

pin_project! {
    /// The future of [`Fallback`](super::Fallback): the inner one as it is, unless the read may fall back.
    pub struct ResponseFuture<F, T> {
        #[pin]
        state: State<F, T>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F, T> {
        Direct { #[pin] future: F },
        Armed { future: Armed<T> },
    }
}

/// Boxed, so that the reads of stages without a fallback do not carry its size.
type Armed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl<F, T> ResponseFuture<F, T> {
    pub(super) const fn direct(future: F) -> Self {
        Self { state: State::Direct { future } }
    }

    pub(super) fn armed(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self { state: State::Armed { future: Box::pin(future) } }
    }
}

impl<F: Future> Future for ResponseFuture<F, F::Output> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().state.project() {
            Projected::Direct { future } => future.poll(cx),
            Projected::Armed { future } => future.as_mut().poll(cx),
        }
    }
}

impl<F, T> fmt::Debug for ResponseFuture<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
