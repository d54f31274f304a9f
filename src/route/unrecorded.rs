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

#[cfg(test)]
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod tests {
    use tokio::sync::mpsc;
    use tokio::time::sleep;

    use super::*;
    use crate::journal::{ClaimRequest, Command, FillProgress, Journal, JournalStatus};
    use crate::journal::{Fate, scripted};
    use crate::route::{Asked, RoutingConfig, RoutingHandle, Stage};

    async fn core(journal: Journal) -> &'static Core {
        RoutingHandle::open(&journal, RoutingConfig::default()).await.unwrap().0
    }

    /// Waits until the journal was told this often.
    async fn told(core: &Core, voids: u64) -> JournalStatus {
        loop {
            // It fails beside a command that fails.
            if let Ok(status) = core.journal.status().await
                && status.voids >= voids
                && !core.unrecorded.telling.load(Ordering::SeqCst)
            {
                return status;
            }
            sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn everything_is_dirty_at_once_and_the_certificate_void_when_the_journal_is_back() {
        let mut failures = 3;
        let fate = move |command: &Command| match command {
            Command::Void { .. } if failures > 0 => {
                failures -= 1;
                Fate::NotDone
            }
            _ => Fate::Done,
        };
        let core = core(scripted(fate).await).await;
        let certify = Command::Certify { now: 0, progress: FillProgress::default() };
        core.journal.done(certify).await.unwrap();
        core.filled.store(true, Ordering::SeqCst);

        core.write_unrecorded();
        assert!(core.journal.everything_is_dirty());
        assert!(!core.filled.load(Ordering::SeqCst), "what it left belongs to the next fill");
        let status = told(core, 1).await;
        assert_eq!((status.certificate, status.voids), (None, 1));
    }

    #[tokio::test]
    async fn a_write_that_went_unrecorded_while_the_journal_was_told_is_told_of_too() {
        let (reached, mut is_reached) = mpsc::unbounded_channel();
        let (go_on, may_go_on) = std::sync::mpsc::channel();
        let fate = move |command: &Command| {
            if matches!(command, Command::Void { .. }) {
                reached.send(()).unwrap();
                // The writer's thread: nothing else waits on it.
                may_go_on.recv().unwrap();
            }
            Fate::Done
        };
        let core = core(scripted(fate).await).await;
        core.write_unrecorded();
        is_reached.recv().await.unwrap();
        core.write_unrecorded();
        [(), ()].into_iter().for_each(|()| go_on.send(()).unwrap());

        let status = told(core, 2).await;
        assert_eq!((status.voids, status.marks.left), (2, 1), "told of twice, and one mark on everything");
        assert_eq!(core.journal.marks(), 1, "what is dirty in memory is what has a row");
    }

    #[tokio::test(start_paused = true)]
    async fn the_mark_that_unrecorded_writes_leave_waits_the_late_bound() {
        let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await.unwrap();
        let _drained = routing.move_to(Stage::DualWrite, Asked::by("test", "trial")).await.unwrap();
        let core = routing.0;
        core.write_unrecorded();
        told(core, 1).await;
        let late_bound = routing.config().late_bound.longest();
        let claimed = async || {
            let lease = Duration::from_secs(9);
            let request = ClaimRequest { epoch: core.epoch(), lease, late_bound, limit: 9, everything: true };
            core.journal.claim(request).await.unwrap().marks.len()
        };
        sleep(late_bound - Duration::from_millis(10)).await;
        assert_eq!(claimed().await, 0);
        sleep(Duration::from_millis(10)).await;
        assert_eq!(claimed().await, 1);
    }
}
