//! What became of a commit whose answer was lost.
//!
//! Each transaction has a number of its own, and leaves it in the state row. So the row says which transaction was the
//! last; and whoever has the row's lock knows that no earlier one is still under way. What it says is believed when a
//! transaction after it is durable: a server may show a commit a moment before it is.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::engine::Engine;
use super::execute::{Server, begin, leave};
use super::{BATCH_WITHIN, COMMIT_WITHIN, OUTCOME_WITHIN};
use crate::journal::error::JournalError;
use crate::journal::model::Reply;

const ASK_EVERY: Duration = Duration::from_millis(100);

/// A batch whose outcome is unknown.
#[derive(Debug)]
pub(super) struct Unknown {
    replies: Vec<Reply>,
    /// What it means when the state row has this number: whether the batch was committed.
    meaning: Vec<(i64, bool)>,
}

impl Unknown {
    pub(super) fn new(replies: Vec<Reply>, before: i64, number: i64) -> Self {
        Self { replies, meaning: vec![(before, false), (number, true)] }
    }

    fn was_committed(&self, found: i64) -> Option<bool> {
        self.meaning.iter().find(|(number, _)| *number == found).map(|(_, committed)| *committed)
    }
}

impl<E: Engine> Server<E> {
    /// Asks for as long as somebody waits for it. A batch that was rolled back failed as its connection did.
    pub(super) async fn find_out(&mut self, lost: JournalError) -> Result<Vec<Reply>, JournalError> {
        tracing::warn!(error = %lost, "the answer to a commit was lost; the server is asked what became of it");
        let until = Instant::now() + OUTCOME_WITHIN;
        loop {
            self.retry.at_once();
            match self.ask_for_outcome().await {
                Ok(Some(replies)) => return Ok(replies),
                Ok(None) => return Err(lost),
                Err(error) if self.ended.is_some() || Instant::now() >= until => return Err(error),
                Err(_) => sleep(ASK_EVERY).await,
            }
        }
    }

    /// Asks once.
    pub(super) async fn ask_for_outcome(&mut self) -> Result<Option<Vec<Reply>>, JournalError> {
        let Some(mut unknown) = self.unknown.take() else { return Ok(None) };
        match self.fence(&mut unknown).await {
            Ok(committed) => Ok(committed.then_some(unknown.replies)),
            Err(error) if self.ended.is_some() => Err(error),
            Err(error) => {
                self.unknown = Some(unknown);
                Err(JournalError::OutcomeUnknown {
                    server: self.address.name.clone(),
                    detail: error.to_string(),
                })
            }
        }
    }

    /// A transaction of its own: whether the batch was committed.
    async fn fence(&mut self, unknown: &mut Unknown) -> Result<bool, JournalError> {
        let mut link = self.linked().await?;
        let begun = self.in_time(BATCH_WITHIN, begin(&mut link.engine)).await;
        let found = match begun {
            Ok((_, found)) => found,
            Err(error) => {
                self.give_back(link, &error).await;
                return Err(error);
            }
        };
        let Some(committed) = unknown.was_committed(found) else {
            let newest = unknown.meaning.iter().map(|(number, _)| *number).max().unwrap_or(self.committed);
            let expected = if found > newest { newest } else { self.committed };
            let error = self.unexpected(found, expected);
            return Err(self.end(error.unwrap_or(JournalError::Closed)));
        };
        let number = self.next_number();
        // Should its own answer be lost, this number says what was found now.
        unknown.meaning.push((number, committed));
        let left = self.in_time(COMMIT_WITHIN, leave(&mut link.engine, number)).await;
        match left {
            Ok(()) => (self.committed, self.link) = (number, Some(link)),
            Err(error) => {
                self.give_back(link, &error).await;
                return Err(error);
            }
        }
        Ok(committed)
    }

    /// Keeps a connection that can still be used.
    async fn give_back(&mut self, link: super::connecting::Link<E>, error: &JournalError) {
        if !matches!(error, JournalError::Unreachable { .. }) {
            self.roll_back(link).await;
        }
    }
}
