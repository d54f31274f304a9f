//! [`Either`]: the future of a layer that mostly stays out of the way.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

pin_project! {
    /// The inner future as it is, or, for the requests that a layer acts on, a boxed one. Boxed, so that all the other
    /// requests do not carry its size.
    pub struct Either<F, T> {
        #[pin]
        state: State<F, T>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F, T> {
        Direct { #[pin] future: F },
        Boxed { future: Pin<Box<dyn Future<Output = T> + Send>> },
    }
}

impl<F, T> Either<F, T> {
    pub(crate) const fn direct(future: F) -> Self {
        Self { state: State::Direct { future } }
    }

    pub(crate) fn boxed(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self { state: State::Boxed { future: Box::pin(future) } }
    }
}

impl<F: Future> Future for Either<F, F::Output> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().state.project() {
            Projected::Direct { future } => future.poll(cx),
            Projected::Boxed { future } => future.as_mut().poll(cx),
        }
    }
}

impl<F, T> fmt::Debug for Either<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Either")
    }
}
