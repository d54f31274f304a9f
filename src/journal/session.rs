//! The session of this process, its clock and its stamps.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::clock::{Stamps, Taken, micros};
use super::error::JournalError;
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
use super::handle::Backend;
use super::handle::Journal;
use super::model::{Command, MarkId, Micros, Opened, Reply};
use crate::data::Stamp;

impl Journal {
    pub(crate) async fn open_session(
        &self,
        late_bound: Duration,
        continues_unrecorded: bool,
    ) -> Result<Opened, JournalError> {
        if self.0.session_open.swap(true, Ordering::SeqCst) {
            return Err(JournalError::SessionOpen { journal: self.name().to_owned() });
        }
        let opened = self.begin_session(late_bound, continues_unrecorded).await;
        if opened.is_err() {
            self.0.session_open.store(false, Ordering::SeqCst);
        }
        opened
    }

    async fn begin_session(
        &self,
        late_bound: Duration,
        continues_unrecorded: bool,
    ) -> Result<Opened, JournalError> {
        let now = self.now();
        let command = Command::Open { now, late_bound: micros(late_bound), continues_unrecorded };
        let Reply::Opened(opened) = self.call(command).await? else {
            return Err(JournalError::Closed);
        };
        self.0.session.store(opened.session, Ordering::SeqCst);
        self.0.opened.store(now, Ordering::SeqCst);
        opened.inside.iter().for_each(|scope| self.0.index.add(scope));
        self.adopt_standing();
        // Row 0 of a session is the mark on everything that an unclean end may have left.
        self.0.next_row.store((opened.session << 40) + 1, Ordering::SeqCst);
        self.0.next_claim.store((opened.session << 40) + 1, Ordering::SeqCst);
        self.0.stamps.resume(opened.status.reserved_stamp);
        if opened.voided {
            self.dirty_everything();
        }
        Ok(*opened)
    }

    /// Ends the session and the writer: every queued command is done before.
    ///
    /// # Errors
    /// When the journal cannot record the end of the session; the next one then finds an unclean end.
    pub(crate) async fn close(&self) -> Result<(), JournalError> {
        self.close_standing();
        let ended = self.call(Command::Close { session: self.session() }).await.map(drop);
        self.0.session_open.store(false, Ordering::SeqCst);
        #[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
        if let Backend::Durable(writer) = &self.0.backend {
            writer.close().await;
        }
        ended
    }

    /// As if the process that opened the session had ended uncleanly, with this handle now in another one: for tests of
    /// what a restart, or a second gateway, finds.
    #[cfg(feature = "test-util")]
    pub fn forget_session(&self) {
        self.0.session_open.store(false, Ordering::SeqCst);
        self.adopt_standing();
    }

    /// The file, or `memory`.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn session(&self) -> u64 {
        self.0.session.load(Ordering::SeqCst)
    }

    /// A row for a mark that a command makes itself.
    pub(crate) fn next_row(&self) -> MarkId {
        self.0.next_row.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn now(&self) -> Micros {
        self.0.clock.now()
    }

    pub(crate) fn stamps(&self) -> &Stamps {
        &self.0.stamps
    }

    /// The next stamp; waits for a durable reservation about once a second.
    pub(crate) async fn stamp(&self) -> Result<Stamp, JournalError> {
        loop {
            match self.0.stamps.take(self.now()) {
                Taken::Stamp { stamp, reserve } => {
                    if let Some(upto) = reserve {
                        self.reserve_soon(upto);
                    }
                    return Ok(stamp);
                }
                Taken::ReserveFirst(upto) => {
                    // Boxed, as it is rare: copies do not carry its size.
                    Box::pin(self.call(Command::ReserveStamps { upto })).await?;
                    self.0.stamps.reserved(upto);
                }
            }
        }
    }

    fn reserve_soon(&self, upto: Micros) {
        let inner = Arc::clone(&self.0);
        let reserved = move |reply: Result<Reply, JournalError>| {
            if reply.is_ok() {
                inner.stamps.reserved(upto);
            }
        };
        // When the queue is full the next stamp but a few waits for its reservation instead.
        drop(self.send(Command::ReserveStamps { upto }, reserved));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stamps_go_on_above_all_that_an_earlier_process_may_have_taken() {
        let journal = Journal::memory();
        let reserved = journal.now() + micros(Duration::from_secs(3_600));
        journal.done(Command::ReserveStamps { upto: reserved }).await.unwrap();
        journal.open_session(Duration::ZERO, false).await.unwrap();
        assert!(journal.stamp().await.unwrap() > reserved);
    }

    #[tokio::test(start_paused = true)]
    async fn no_stamp_is_taken_that_the_journal_has_not_reserved() {
        let journal = Journal::memory();
        for _ in 0..100 {
            let stamp = journal.stamp().await.unwrap();
            assert!(journal.status().await.unwrap().reserved_stamp >= stamp);
            tokio::time::advance(Duration::from_millis(90)).await;
        }
    }

    #[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
    #[tokio::test(start_paused = true)]
    async fn a_reservation_that_failed_reserves_nothing() {
        use crate::journal::{Fate, scripted};

        let mut reservations = 0;
        let fate = move |command: &Command| {
            reservations += u32::from(matches!(command, Command::ReserveStamps { .. }));
            // The second one is asked for ahead of need, and nobody waits for it.
            if reservations == 2 && matches!(command, Command::ReserveStamps { .. }) {
                Fate::NotDone
            } else {
                Fate::Done
            }
        };
        let journal = scripted(fate).await;
        for _ in 0..10 {
            let stamp = journal.stamp().await.unwrap();
            // The question fails when it is committed with the reservation.
            let status = match journal.status().await {
                Ok(status) => status,
                Err(_) => journal.status().await.unwrap(),
            };
            assert!(status.reserved_stamp >= stamp);
            tokio::time::advance(Duration::from_millis(200)).await;
        }
    }
}
