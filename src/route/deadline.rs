//! [`Deadline`]: until when the answer of a leg is wanted.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::future::{DeadlinePassed, in_time};

tokio::task_local! {
    static UNTIL: Deadline;
}

/// Longer than anybody waits, and far from where an instant overflows.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Until when the answer of a leg is wanted. The layers that keep the time of a leg say it to the store that they call, so that
/// the store need not work longer for an answer that nobody takes: see
/// [who waits how long](crate::backend#who-waits-how-long).
///
/// A store of yours takes the earlier of it and its own bound:
///
/// ```
/// use std::io;
/// use std::time::Duration;
///
/// use crossfade::route::Deadline;
///
/// async fn total(invoice: i64) -> io::Result<i64> {
///     // At most 5 s, and no longer than whoever asks waits for the answer.
///     let deadline = Deadline::within(Duration::from_secs(5));
///     deadline.keep(query(invoice, deadline.left())).await.map_err(|_| io::ErrorKind::TimedOut)?
/// }
///
/// /// A driver that lets a statement have a timeout of its own, which the server learns of.
/// async fn query(invoice: i64, timeout: Duration) -> io::Result<i64> {
///     # if invoice == 7 { std::future::pending::<()>().await }
///     # assert!(timeout <= Duration::from_secs(5));
///     Ok(100 * invoice)
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> io::Result<()> {
/// # tokio::time::pause();
/// assert_eq!(total(42).await?, 4200);
///
/// // What a shadow read with a deadline of 200 ms does to it:
/// let leg = Deadline::within(Duration::from_millis(200));
/// let hangs = leg.keep(total(7)).await;
/// assert!(!matches!(hangs, Ok(Ok(_))));
/// # let asked = tokio::time::Instant::now();
/// # assert!(leg.keep(async { Deadline::within(Duration::from_secs(5)) }).await.unwrap() == leg && leg.instant() <= asked);
/// # Ok(()) }
/// ```
///
/// It belongs to the task: a task that is spawned inside does not know it any more. Look before you spawn, as the services of
/// [`backend`](crate::backend) do. A copy has a time of its own, however little its caller has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// That of the leg which the running task is called for. None where no layer keeps a time: the answer of a caller, unless its
    /// read may fall back after a [`timeout`](crate::fallback::FallbackLayer::timeout).
    #[must_use]
    pub fn current() -> Option<Self> {
        UNTIL.try_with(|until| *until).ok()
    }

    /// This long from now on, or the [`current`](Self::current) one when that is earlier.
    #[must_use]
    pub fn within(limit: Duration) -> Self {
        let own = Self::of_its_own(limit);
        Self::current().map_or(own, |leg| own.min(leg))
    }

    /// This long from now on, whatever the caller has left: for work that goes on without it.
    pub(crate) fn of_its_own(limit: Duration) -> Self {
        Self(Instant::now() + limit.min(LONGEST))
    }

    /// The instant, on the clock of tokio.
    #[must_use]
    pub const fn instant(self) -> Instant {
        self.0
    }

    /// How long it is until then; zero when it has passed.
    #[must_use]
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether it is over: what fails now may fail for that reason alone.
    #[must_use]
    pub fn has_passed(self) -> bool {
        self.left() == Duration::ZERO
    }

    /// Runs the work until then, as the [`current`](Self::current) one of everything in it.
    ///
    /// # Errors
    /// When it was not done by then; it is dropped.
    pub fn keep<F: Future>(self, work: F) -> impl Future<Output = Result<F::Output, DeadlinePassed>> {
        in_time(self.0, UNTIL.scope(self, work))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(5);
    const SHORT: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_earlier_one_holds_inside_of_another() {
        assert_eq!(Deadline::current(), None);
        let (long, short) = (Deadline::within(LONG), Deadline::within(SHORT));
        let inside = |limit| async move { Deadline::within(limit) };
        assert_eq!(short.keep(inside(LONG)).await.unwrap(), short);
        assert_eq!(long.keep(inside(SHORT)).await.unwrap(), short);
        assert_eq!(short.keep(async { Deadline::of_its_own(LONG) }).await.unwrap(), long);
        assert_eq!(Deadline::current(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn work_is_given_up_then() {
        let began = Instant::now();
        let deadline = Deadline::within(SHORT);
        deadline.keep(std::future::pending::<()>()).await.unwrap_err();
        assert_eq!((began.elapsed(), deadline.left()), (SHORT, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_without_end_does_not_overflow() {
        assert!(Deadline::within(Duration::MAX).left() >= LONG);
    }
}
