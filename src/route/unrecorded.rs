//! Writes that went on although their marks could not be recorded.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tower::retry::backoff::{Backoff, ExponentialBackoffMaker, MakeBackoff};
use tower::util::rng::HasherRng;

use super::core::Core;
use crate::journal::{JournalError, micros};

/// Counts them, and knows whether a task is telling the journal.
#[derive(Debug, Default)]
pub(crate) struct Unrecorded {
    writes: AtomicU64,
    telling: AtomicBool,
}

impl Core {
    /// Everything is dirty from now on, and the certificate void as soon as the journal can be told. Must be called
    /// on a runtime: before a write that goes on unrecorded, and again when its outcome is unknown.
    pub(crate) fn write_unrecorded(&'static self) {
        self.unrecorded.writes.fetch_add(1, Ordering::SeqCst);
        if !self.unrecorded.telling.swap(true, Ordering::SeqCst) {
            tracing::error!(
                "writes go on unrecorded: everything is dirty and the certificate is void until a new fill"
            );
            self.filled.store(false, Ordering::SeqCst);
            self.journal.dirty_everything();
            tokio::spawn(self.tell());
        }
    }

    /// Each row that the journal makes was made dirty in memory before.
    async fn tell(&'static self) {
        loop {
            let told = self.unrecorded.writes.load(Ordering::SeqCst);
            self.void().await;
            self.unrecorded.telling.store(false, Ordering::SeqCst);
            let silent = self.unrecorded.writes.load(Ordering::SeqCst) == told;
            if silent || self.unrecorded.telling.swap(true, Ordering::SeqCst) {
                return;
            }
            self.journal.dirty_everything();
        }
    }

    /// Voids the certificate, however long the journal takes to come back.
    async fn void(&self) {
        let journal = &self.journal;
        let (min, max) = (Duration::from_millis(20), Duration::from_secs(5));
        // The bounds are in order and the jitter is below 100, which is all that is checked.
        let Ok(mut maker) = ExponentialBackoffMaker::new(min, max, 0.5, HasherRng::default()) else {
            return;
        };
        let mut backoff = maker.make_backoff();
        loop {
            // Such a write may land as late as any other whose outcome is unknown (R2).
            let not_before = journal.now() + micros(self.snapshot.load().config.late_bound.longest());
            match journal.void(not_before).await {
                Ok(()) | Err(JournalError::Closed) => return,
                Err(error) => {
                    tracing::warn!(%error, "the journal cannot be told that writes went unrecorded");
                }
            }
            backoff.next_backoff().await;
        }
    }
}
