//! [`Either`]: the future of a layer that mostly stays out of the way. `in_time`: a bound on time that is armed when
//! there is something to wait for.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::cut_off;

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

    #[inline(always)]
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

/// What was not done by its [`Deadline`](crate::route::Deadline).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not done by its deadline")]
pub struct DeadlinePassed(());

/// The output of the future, if it is ready by then.
pub(crate) const fn in_time<F: Future>(until: Instant, future: F) -> InTime<F> {
    InTime { future, until, timer: None }
}

pin_project! {
    /// As `tokio::time::timeout_at`, but no timer is made for a future that is ready at once, and one that is dropped while it
    /// waits is known as [cut off](crate::cut_off).
    pub(crate) struct InTime<F> {
        #[pin]
        future: F,
        until: Instant,
        // There while the future waits.
        #[pin]
        timer: Option<Sleep>,
    }
    impl<F> PinnedDrop for InTime<F> {
        fn drop(this: Pin<&mut Self>) {
            if this.timer.is_some() {
                cut_off::note();
            }
        }
    }
}

impl<F: Future> Future for InTime<F> {
    type Output = Result<F::Output, DeadlinePassed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            this.timer.set(None);
            return Poll::Ready(Ok(output));
        }
        if this.timer.is_none() {
            this.timer.set(Some(sleep_until(*this.until)));
        }
        let Some(timer) = this.timer.as_pin_mut() else { return Poll::Pending };
        // A future that has used up its task's budget must not keep the timer from being asked.
        ready!(pin!(unconstrained(timer)).poll(cx));
        Poll::Ready(Err(DeadlinePassed(())))
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);

    fn limit() -> Instant {
        Instant::now() + LIMIT
    }

    #[tokio::test(start_paused = true)]
    async fn a_future_has_its_time_and_no_more() {
        let begun = tokio::time::Instant::now();
        assert_eq!(in_time(limit(), sleep(Duration::from_millis(900))).await, Ok(()));
        assert_eq!(begun.elapsed(), Duration::from_millis(900));
        assert_eq!(in_time(limit(), pending::<()>()).await, Err(DeadlinePassed(())));
        assert_eq!(begun.elapsed(), Duration::from_millis(1_900));
    }

    #[tokio::test]
    async fn a_future_that_uses_up_its_budget_ends_in_time_too() {
        let busy = async {
            loop {
                tokio::task::coop::consume_budget().await;
            }
        };
        let until = Instant::now() + Duration::from_millis(20);
        assert_eq!(
            in_time::<std::pin::Pin<Box<dyn Future<Output = ()>>>>(until, Box::pin(busy)).await,
            Err(DeadlinePassed(()))
        );
    }

    #[cfg(any(feature = "mysql", feature = "postgres"))]
    #[tokio::test(start_paused = true)]
    async fn what_is_dropped_while_it_waits_is_known_as_cut_off() {
        let mut waits = tokio_test::task::spawn(in_time(limit(), pending::<()>()));
        tokio_test::assert_pending!(waits.poll());
        drop(waits);
        assert!(cut_off::within(Duration::ZERO));
    }

    #[test]
    fn what_is_ready_at_once_needs_no_timer() {
        // A timer cannot be made here: there is no runtime.
        assert_eq!(tokio_test::task::spawn(in_time(limit(), ready(1))).poll(), Poll::Ready(Ok(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_ready_when_its_time_is_up_is_in_time() {
        assert_eq!(in_time(limit(), sleep(LIMIT)).await, Ok(()));
    }
}
