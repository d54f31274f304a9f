//! What the watched config file has brought so far.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use serde::Serialize;

use super::handle::RoutingHandle;
use crate::journal::Micros;

/// What became of the newest content of the watched config file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReloadStatus {
    /// Whether the newest content is in force. If not, the one before it still is.
    pub last_successful: bool,
    /// When a content was last put in force: microseconds since the Unix epoch; 0 when none was.
    pub last_success: Micros,
}

/// [`ReloadStatus`], while it changes.
#[derive(Debug, Default)]
pub(crate) struct Reloads {
    newest: AtomicU8,
    last_success: AtomicI64,
}

/// No file is watched.
const NONE: u8 = 0;
const SUCCEEDED: u8 = 1;
#[cfg(feature = "watch")]
const FAILED: u8 = 2;

impl Reloads {
    pub(crate) fn status(&self) -> Option<ReloadStatus> {
        let newest = self.newest.load(Ordering::SeqCst);
        let last_success = self.last_success.load(Ordering::SeqCst);
        (newest != NONE).then_some(ReloadStatus { last_successful: newest == SUCCEEDED, last_success })
    }

    #[cfg(feature = "watch")]
    pub(crate) fn succeeded(&self, at: Micros) {
        self.last_success.store(at, Ordering::SeqCst);
        self.newest.store(SUCCEEDED, Ordering::SeqCst);
    }

    #[cfg(feature = "watch")]
    pub(crate) fn failed(&self) {
        self.newest.store(FAILED, Ordering::SeqCst);
    }
}

impl RoutingHandle {
    /// What became of the newest content of the watched config file; `None` when no file is watched.
    #[must_use]
    pub fn reloads(&self) -> Option<ReloadStatus> {
        self.0.reloads.status()
    }
}
