//! The future of [`MismatchMetrics`](super::MismatchMetrics).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

pin_project! {
    /// The future of [`MismatchMetrics`](super::MismatchMetrics): the inner one as it is, unless the read is repeated.
    pub struct ResponseFuture<F, T> {
        #[pin]
        state: State<F, T>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F, T> {
        Direct { #[pin] future: F },
        Shadowed { future: Shadowed<T> },
    }
}

/// Boxed, so that reads that are not repeated do not carry its size.
type Shadowed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl<F, T> ResponseFuture<F, T> {
    pub(super) const fn direct(future: F) -> Self {
        Self { state: State::Direct { future } }
    }

    pub(super) fn shadowed(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self { state: State::Shadowed { future: Box::pin(future) } }
    }
}

impl<F: Future> Future for ResponseFuture<F, F::Output> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().state.project() {
            Projected::Direct { future } => future.poll(cx),
            Projected::Shadowed { future } => future.as_mut().poll(cx),
        }
    }
}

impl<F, T> fmt::Debug for ResponseFuture<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
