//! What bounds the work beside the caller's.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::per_second::PerSecond;

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
