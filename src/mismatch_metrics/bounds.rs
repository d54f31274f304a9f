//! What bounds the work beside the caller's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// The bounds of shadow reads. What does not fit is shed and counted as `shadows_shed`, never queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShadowBounds {
    /// How many shadow reads may run at once, those that wait for their `confirm_delay` included.
    pub in_flight_max: usize,
    /// How many shadow reads may begin within each second on the clock. A mismatch costs three more reads.
    pub rate_max: u32,
    /// How long one shadow read may take; then it is dropped and counted as `shadows_timed_out`.
    pub deadline: Duration,
    /// How long after a mismatch was found both stores are read again. Longer than a copy takes.
    pub confirm_delay: Duration,
}

impl Default for ShadowBounds {
    fn default() -> Self {
        Self {
            in_flight_max: 64,
            rate_max: 500,
            deadline: Duration::from_secs(1),
            confirm_delay: Duration::from_millis(200),
        }
    }
}

/// The room that is left within the bounds.
#[derive(Debug)]
pub(super) struct Room {
    rate: PerSecond,
    tasks: Arc<Semaphore>,
}

impl Room {
    pub(super) fn new(bounds: &ShadowBounds) -> Self {
        Self {
            rate: PerSecond::new(bounds.rate_max),
            tasks: Arc::new(Semaphore::new(bounds.in_flight_max.min(Semaphore::MAX_PERMITS))),
        }
    }

    pub(super) fn admits(&self) -> bool {
        self.rate.admit()
    }

    pub(super) fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.tasks).try_acquire_owned().ok()
    }
}

/// Admits so many a second, counted by the second: no lock, no timer.
#[derive(Debug)]
pub(crate) struct PerSecond {
    max: u32,
    start: Instant,
    /// The second in the upper half, how many were admitted in it in the lower.
    window: AtomicU64,
}

impl PerSecond {
    pub(crate) fn new(max: u32) -> Self {
        Self { max, start: Instant::now(), window: AtomicU64::new(0) }
    }

    pub(crate) fn admit(&self) -> bool {
        let second = self.start.elapsed().as_secs() << 32;
        let next = |window: u64| {
            let window = window.max(second);
            // The lower half: it never runs over, since it stops at `max`.
            ((window as u32) < self.max).then_some(window + 1)
        };
        self.window.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_second_admits_its_own_share() {
        let rate = PerSecond::new(3);
        let admitted = || (0..10).filter(|_| rate.admit()).count();
        assert_eq!(admitted(), 3);
        tokio::time::advance(Duration::from_millis(999)).await;
        assert_eq!(admitted(), 0);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(admitted(), 3);
        tokio::time::advance(Duration::from_secs(3_600)).await;
        assert_eq!(admitted(), 3, "idle time is not saved up");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_of_zero_admits_nothing() {
        assert!(!PerSecond::new(0).admit());
    }
}
