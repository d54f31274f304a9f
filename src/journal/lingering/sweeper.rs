//! The task that takes rows out which have stood long enough. It lives while any stands.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::sleep;

use crate::journal::handle::{Inner, Journal};

/// How often rows are taken out at most: those of this time are one commit.
const UNMARK_EVERY: Duration = Duration::from_millis(100);
/// How often it is looked what is due at least: another config may let rows go sooner than those before them.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// It does not keep the journal open. Where its runtime ends under it, it takes out what stands, since nobody else would.
struct Sweeper {
    journal: Weak<Inner>,
    ended: bool,
}

impl Journal {
    /// Must be called on a runtime.
    pub(super) fn sweep(&self) {
        let mut sweeper = Sweeper { journal: Arc::downgrade(&self.0), ended: false };
        tokio::spawn(async move {
            while let Some(wait) = sweeper.wait() {
                sleep(wait).await;
                sweeper.sweep();
            }
        });
    }
}

impl Sweeper {
    fn journal(&self) -> Option<Journal> {
        self.journal.upgrade().map(Journal)
    }

    /// How long until something is due; nothing when nothing stands.
    fn wait(&mut self) -> Option<Duration> {
        let journal = self.journal()?;
        let now = journal.now();
        let due = journal.0.standing.next_due(now);
        self.ended = due.is_none();
        let wait = Duration::from_micros(due?.saturating_sub(now).max(0).unsigned_abs());
        Some(wait.clamp(UNMARK_EVERY, LOOK_EVERY))
    }

    fn sweep(&self) {
        if let Some(journal) = self.journal() {
            journal.take_out(journal.0.standing.due(journal.now()));
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        if let (false, Some(journal)) = (self.ended, self.journal()) {
            journal.0.standing.unswept();
            journal.flush_standing();
        }
    }
}
