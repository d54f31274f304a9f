//! [`Either`]: the future of a layer that mostly stays out of the way. [`in_time`]: a bound on time that is armed when
//! there is something to wait for.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

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

/// The output of the future; `None` when it took longer than the limit.
pub(crate) const fn in_time<F: Future>(limit: Option<Duration>, future: F) -> InTime<F> {
    InTime { future, limit, timer: None }
}

pin_project! {
    /// As `tokio::time::timeout`, but no clock is read for a future that is ready at once, nor without a limit: the time
    /// begins when the future first has to wait.
    pub(crate) struct InTime<F> {
        #[pin]
        future: F,
        limit: Option<Duration>,
        #[pin]
        timer: Option<Sleep>,
    }
}

impl<F: Future> Future for InTime<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Some(output));
        }
        if let Some(limit) = this.limit.take() {
            this.timer.set(Some(sleep(limit)));
        }
        let Some(timer) = this.timer.as_pin_mut() else { return Poll::Pending };
        ready!(timer.poll(cx));
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const LIMIT: Option<Duration> = Some(Duration::from_secs(1));

    #[tokio::test(start_paused = true)]
    async fn a_future_has_its_time_and_no_more() {
        let begun = tokio::time::Instant::now();
        assert_eq!(in_time(LIMIT, sleep(Duration::from_millis(900))).await, Some(()));
        assert_eq!(begun.elapsed(), Duration::from_millis(900));
        assert_eq!(in_time(LIMIT, pending::<()>()).await, None);
        assert_eq!(begun.elapsed(), Duration::from_millis(1_900));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_it_may_take_as_long_as_it_likes() {
        assert_eq!(in_time(None, sleep(Duration::from_secs(1_000_000))).await, Some(()));
    }

    #[test]
    fn what_is_ready_at_once_needs_no_timer() {
        // A timer cannot be made here: there is no runtime.
        assert_eq!(tokio_test::task::spawn(in_time(LIMIT, ready(1))).poll(), Poll::Ready(Some(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_ready_when_its_time_is_up_is_in_time() {
        assert_eq!(in_time(LIMIT, sleep(Duration::from_secs(1))).await, Some(()));
    }
}
