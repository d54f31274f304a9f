//! Stops copies to a secondary that keeps failing.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::stage::Store;

/// After this many failed copies in a row writes no longer try to copy: their marks stay, and only repairs probe.
pub(crate) const FAILURES_MAX: u32 = 16;

/// Counts copies to one secondary that failed in a row; one that succeeds closes it.
#[derive(Debug, Default)]
pub(crate) struct Breaker(AtomicU32);

impl Breaker {
    pub(crate) fn is_open(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= FAILURES_MAX
    }

    pub(crate) fn succeeded(&self, store: Store) {
        // A store would take the cache line from the other core on every copy.
        if self.0.load(Ordering::Relaxed) != 0 && self.0.swap(0, Ordering::Relaxed) >= FAILURES_MAX {
            tracing::info!(%store, "the secondary answers again: writes copy again");
        }
    }

    pub(crate) fn failed(&self, store: Store) {
        let before = self.0.load(Ordering::Relaxed);
        if before < FAILURES_MAX {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        if before + 1 == FAILURES_MAX {
            tracing::warn!(
                %store,
                failures = FAILURES_MAX,
                "the secondary keeps failing: writes leave their marks to the reconciler"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_open_it_and_one_success_closes_it() {
        let breaker = Breaker::default();
        for _ in 0..FAILURES_MAX - 1 {
            breaker.failed(Store::Target);
        }
        assert!(!breaker.is_open());
        breaker.succeeded(Store::Target);
        breaker.failed(Store::Target);
        assert!(!breaker.is_open(), "the count began anew");
        (0..FAILURES_MAX).for_each(|_| breaker.failed(Store::Target));
        assert!(breaker.is_open());
        breaker.succeeded(Store::Target);
        assert!(!breaker.is_open());
    }
}
