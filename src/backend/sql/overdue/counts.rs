//! [`OverdueCounts`].

use std::sync::atomic::{AtomicU64, Ordering};

/// What became of requests of a [`SqlService`](crate::backend::sql::SqlService) that were given up: see the
/// [module docs](crate::backend::sql#when-a-write-may-still-land).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OverdueCounts {
    /// Connections that were ended, since their statement ran longer than a request may.
    pub ended: u64,
    /// How often nothing of the requests that had been given up was left in the server.
    pub confirmed: u64,
    /// How often that could not be found out in time.
    pub unconfirmed: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    ended: AtomicU64,
    confirmed: AtomicU64,
    unconfirmed: AtomicU64,
}

impl Counters {
    pub(super) fn ended(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn looked(&self, confirmed: bool) {
        let counter = if confirmed { &self.confirmed } else { &self.unconfirmed };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> OverdueCounts {
        OverdueCounts {
            ended: self.ended.load(Ordering::Relaxed),
            confirmed: self.confirmed.load(Ordering::Relaxed),
            unconfirmed: self.unconfirmed.load(Ordering::Relaxed),
        }
    }
}
