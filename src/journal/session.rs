//! The session of this process, its clock and its stamps.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::clock::{Stamps, Taken, micros};
use super::error::JournalError;
#[cfg(feature = "sqlite")]
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
        let command = Command::Open { now: self.now(), late_bound: micros(late_bound), continues_unrecorded };
        let Reply::Opened(opened) = self.call(command).await? else {
            return Err(JournalError::Closed);
        };
        self.0.session.store(opened.session, Ordering::SeqCst);
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
        let ended = self.call(Command::Close { session: self.session() }).await.map(drop);
        #[cfg(feature = "sqlite")]
        if let Backend::Durable(writer) = &self.0.backend {
            writer.close().await;
        }
        ended
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
                    self.call(Command::ReserveStamps { upto }).await?;
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
