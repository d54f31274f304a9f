//! Ids for records that the target creates.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::Mutex;

use super::error::JournalError;
use super::handle::{Journal, unexpected};
use super::model::{Command, Reply};

/// How many ids are taken from the journal at once. A crash skips at most as many.
pub const ID_BLOCK: u64 = 100;

/// A durable sequence of ids, taken from the journal in blocks of [`ID_BLOCK`]. A clone shares the sequence.
#[derive(Clone)]
pub struct IdBlocks {
    journal: Journal,
    sequence: Arc<str>,
    block: Arc<Mutex<std::ops::Range<u64>>>,
}

impl fmt::Debug for IdBlocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdBlocks").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

impl Journal {
    /// The sequence of this name; it begins with 1. Call it once and share clones: each call has a block of its own.
    ///
    /// Hand it over ([`RoutingHandle::hand_over_ids`](crate::route::RoutingHandle::hand_over_ids)): without that it does not go
    /// on above the ids that legacy has given out, so a change of the authority is refused.
    #[must_use]
    pub fn ids(&self, sequence: &str) -> IdBlocks {
        self.0.gives_ids.store(true, Ordering::Relaxed);
        IdBlocks { journal: self.clone(), sequence: sequence.into(), block: Arc::default() }
    }
}

impl Journal {
    /// Whether somebody has asked for a sequence.
    pub(crate) fn gives_ids(&self) -> bool {
        self.0.gives_ids.load(Ordering::Relaxed)
    }
}

impl IdBlocks {
    /// The next id: never given out before, and above every id that a change of the authority has raised it over.
    ///
    /// # Errors
    /// When the journal cannot record the next block.
    pub async fn next_id(&self) -> Result<u64, JournalError> {
        let mut block = self.block.lock().await;
        if block.is_empty() {
            let first = self.take(ID_BLOCK).await?;
            *block = first..first + ID_BLOCK;
        }
        let id = block.start;
        block.start += 1;
        Ok(id)
    }

    /// Makes the sequence go on above `id`; what is left of the present block is dropped.
    ///
    /// # Errors
    /// When the journal cannot record it.
    pub async fn raise_above(&self, id: u64) -> Result<(), JournalError> {
        let mut block = self.block.lock().await;
        *block = 0..0;
        self.journal.done(Command::RaiseIds { sequence: self.sequence.to_string(), above: id }).await
    }

    /// An id that no given id lies above.
    ///
    /// # Errors
    /// When the journal cannot be reached.
    pub async fn largest(&self) -> Result<u64, JournalError> {
        Ok(self.take(0).await? - 1)
    }

    async fn take(&self, count: u64) -> Result<u64, JournalError> {
        match self.journal.call(Command::TakeIds { sequence: self.sequence.to_string(), count }).await? {
            Reply::Ids(first) => Ok(first),
            other => Err(unexpected(&other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ids_rise_and_go_on_above_what_they_were_raised_over() {
        let journal = Journal::memory();
        let ids = journal.ids("invoices");
        assert_eq!((ids.next_id().await.unwrap(), ids.next_id().await.unwrap()), (1, 2));
        ids.raise_above(1_001).await.unwrap();
        assert_eq!(ids.clone().next_id().await.unwrap(), 1_002);
        ids.raise_above(5).await.unwrap();
        assert!(ids.next_id().await.unwrap() > 1_002, "a sequence never goes back");
    }

    #[tokio::test]
    async fn no_id_lies_above_the_largest() {
        let ids = Journal::memory().ids("invoices");
        assert_eq!(ids.largest().await.unwrap(), 0);
        for _ in 0..=ID_BLOCK {
            let id = ids.next_id().await.unwrap();
            assert!(id <= ids.largest().await.unwrap());
        }
    }
}
