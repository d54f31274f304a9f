//! [`PerSecond`]: at most so many a second.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

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
    use std::time::Duration;

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
