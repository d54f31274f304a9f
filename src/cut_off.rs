//! When work was last dropped in its midst: a connection that it used may be out of step.

use std::sync::{Mutex, PoisonError};
#[cfg(any(feature = "mysql", feature = "postgres"))]
use std::time::Duration;

use tokio::time::Instant;

static LATEST: Mutex<Option<Instant>> = Mutex::new(None);

/// Takes note, before the work is dropped.
pub(crate) fn note() {
    *LATEST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
}

/// Whether any was, within this time.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) fn within(time: Duration) -> bool {
    LATEST.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|latest| latest.elapsed() <= time)
}
