//! Batches as transactions of the server.

use std::time::Duration;

use tokio::time::timeout;

use super::address::Address;
use super::connecting::{Link, Retry, connect};
use super::engine::Engine;
use super::meaning::named;
use super::outcome::Unknown;
use super::{ALL_MARKS_WITHIN, BATCH_WITHIN, COMMIT_WITHIN, PING_EVERY, schema};
use crate::journal::error::JournalError;
use crate::journal::model::{Command, Refusal, Reply};
use crate::journal::sql::{BATCH_COLUMN, Cells, LOAD_AND_LOCK_STATE, RunningMarks, StateRow, run};
use crate::journal::writer::Backend;

/// How long closing in order is tried.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// The journal on a server.
#[derive(Debug)]
pub(super) struct Server<E: Engine> {
    pub(super) address: Address<E>,
    pub(super) link: Option<Link<E>>,
    /// The connection that had the lock last.
    own: Option<i64>,
    pub(super) retry: Retry,
    /// The number of the last commit that is known to have been made.
    pub(super) committed: i64,
    /// The largest number that was given to a transaction: none is given twice.
    given: i64,
    pub(super) unknown: Option<Unknown>,
    /// As the last commit left them; empty and not loaded when that is not known.
    running: RunningMarks,
    /// Why nothing is done any more.
    pub(super) ended: Option<JournalError>,
}

impl<E: Engine> Server<E> {
    pub(super) async fn open(address: Address<E>) -> Result<Self, JournalError> {
        let mut link = connect(&address, None).await?;
        let own = Some(link.id);
        let mut server = Self {
            address,
            link: None,
            own,
            retry: Retry::new(),
            committed: 0,
            given: 0,
            unknown: None,
            running: RunningMarks::default(),
            ended: None,
        };
        server.in_time(ALL_MARKS_WITHIN, schema::migrate(&mut link.engine, &server.address.name)).await??;
        let (_, found) = server.in_time(BATCH_WITHIN, begin(&mut link.engine)).await?;
        (server.committed, server.given) = (found, found);
        // A first commit: a server that takes no writes is found out here.
        server.commit(link, Vec::new()).await?;
        Ok(server)
    }

    /// The connection; a new one when there is none.
    pub(super) async fn linked(&mut self) -> Result<Link<E>, JournalError> {
        if let Some(link) = self.link.take() {
            return Ok(link);
        }
        if let Some(detail) = self.retry.too_early() {
            return Err(JournalError::Unreachable {
                server: self.address.name.clone(),
                detail: detail.to_owned(),
            });
        }
        match connect(&self.address, self.own).await {
            Ok(link) => {
                tracing::info!(server = self.address.name, "connected to the journal's server again");
                (self.own, self.retry) = (Some(link.id), Retry::new());
                Ok(link)
            }
            Err(error) => {
                tracing::warn!(%error, "the journal's server");
                self.retry.failed(&error);
                Err(error)
            }
        }
    }

    /// One transaction. The connection is given up when it fails in a way that leaves doubts about it.
    async fn attempt(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, JournalError> {
        let mut link = self.linked().await?;
        let mut running = std::mem::take(&mut self.running);
        let work = self.before_commit(&mut link.engine, &mut running, batch);
        let replies = self.in_time(time_for(batch), work).await;
        match replies {
            Ok(Ok(replies)) if batch.iter().all(|command| command.is_question()) => {
                self.roll_back(link).await;
                self.running = running;
                Ok(replies)
            }
            Ok(Ok(replies)) => {
                let replies = self.commit(link, replies).await?;
                self.running = running;
                Ok(replies)
            }
            // Whoever was replaced gives the lock up with the connection.
            Ok(Err(ended)) => Err(self.end(ended)),
            Err(JournalError::Unreachable { server, detail }) => {
                Err(JournalError::Unreachable { server, detail })
            }
            Err(error) => {
                self.roll_back(link).await;
                Err(error)
            }
        }
    }

    /// Everything up to the commit; or why nothing is done any more.
    async fn before_commit(
        &self,
        engine: &mut E,
        running: &mut RunningMarks,
        batch: &[&Command],
    ) -> sqlx::Result<Result<Vec<Reply>, JournalError>> {
        let (state, found) = begin(engine).await?;
        if let Some(ended) = self.unexpected(found, self.committed) {
            return Ok(Err(ended));
        }
        run(engine, Some(running), state, batch).await.map(Ok)
    }

    /// Why nothing may be done when this is the number in the state row.
    pub(super) fn unexpected(&self, found: i64, expected: i64) -> Option<JournalError> {
        if found > expected {
            // Another process has written: it has taken over, and nothing of this one's session stands any more.
            return Some(JournalError::Refused(Refusal::SessionEnded));
        }
        let server = self.address.name.clone();
        (found < expected).then_some(JournalError::LostCommits { server, expected, found })
    }

    pub(super) fn end(&mut self, error: JournalError) -> JournalError {
        tracing::error!(%error, server = self.address.name, "the journal records nothing any more");
        self.ended = Some(error.clone());
        error
    }

    /// Leaves the number of this transaction in the state row, and commits.
    async fn commit(&mut self, mut link: Link<E>, replies: Vec<Reply>) -> Result<Vec<Reply>, JournalError> {
        let number = self.next_number();
        match self.in_time(COMMIT_WITHIN, leave(&mut link.engine, number)).await {
            Ok(()) => {
                (self.committed, self.link) = (number, Some(link));
                Ok(replies)
            }
            // The server says that it did not do it.
            Err(
                error @ (JournalError::ReadOnly { .. }
                | JournalError::Locked { .. }
                | JournalError::Denied { .. }),
            ) => {
                self.roll_back(link).await;
                Err(error)
            }
            Err(error) => {
                if !matches!(error, JournalError::Unreachable { .. }) {
                    self.roll_back(link).await;
                }
                self.unknown = Some(Unknown::new(replies, self.committed, number));
                self.find_out(error).await
            }
        }
    }

    pub(super) const fn next_number(&mut self) -> i64 {
        self.given += 1;
        self.given
    }

    /// Keeps the connection if it can still be used.
    pub(super) async fn roll_back(&mut self, mut link: Link<E>) {
        let rolled_back = self.in_time(BATCH_WITHIN, link.engine.script("ROLLBACK", |_| Ok(()))).await;
        if rolled_back.is_ok() {
            self.link = Some(link);
        }
    }

    /// What did not come in time has to be given up with its connection.
    pub(super) async fn in_time<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T, JournalError> {
        match timeout(limit, work).await {
            Ok(done) => done.map_err(|error| named::<E>(&self.address.name, &error)),
            Err(_) => Err(JournalError::Unreachable {
                server: self.address.name.clone(),
                detail: format!("no answer within {limit:?}"),
            }),
        }
    }
}

impl<E: Engine> Backend for Server<E> {
    const REMOTE: bool = true;
    const IDLE: Option<Duration> = Some(PING_EVERY);

    async fn execute(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, JournalError> {
        if let Some(ended) = &self.ended {
            return Err(ended.clone());
        }
        let had_connection = self.link.is_some();
        match self.attempt(batch).await {
            // The server may be there as ever, and have ended a connection that nobody used. Nothing was committed.
            Err(JournalError::Unreachable { .. }) if had_connection => {
                self.retry.at_once();
                self.attempt(batch).await
            }
            done => done,
        }
    }

    async fn outcome(&mut self) -> Result<Option<Vec<Reply>>, JournalError> {
        self.ask_for_outcome().await
    }

    async fn idle(&mut self) {
        if self.ended.is_some() {
            return;
        }
        // An error was logged, and the next batch tries again.
        let Ok(mut link) = self.linked().await else { return };
        if self.in_time(BATCH_WITHIN, link.engine.script("SELECT 1", |_| Ok(()))).await.is_ok() {
            self.link = Some(link);
        }
    }

    async fn close(self) {
        let Some(link) = self.link else { return };
        // The server rolls back and unlocks in any case, only later.
        drop(timeout(CLOSE_WITHIN, link.engine.close()).await);
    }
}

/// Begins a transaction; gives the state row, whose lock it takes, and the number of the last commit.
pub(super) async fn begin<E: Engine>(engine: &mut E) -> sqlx::Result<(StateRow, i64)> {
    let script = format!("{}; {LOAD_AND_LOCK_STATE}", E::BEGIN);
    let decode = |row: &dyn Cells| Ok((StateRow::decode(row)?, row.number(BATCH_COLUMN)?));
    engine.script(&script, decode).await?.into_iter().next().ok_or(sqlx::Error::RowNotFound)
}

/// Leaves a number in the state row, and commits.
pub(super) async fn leave<E: Engine>(engine: &mut E, number: i64) -> sqlx::Result<()> {
    let script = format!("UPDATE crossfade_state SET batch = {number} WHERE id = 1; COMMIT");
    engine.script(&script, |_| Ok(())).await.map(drop)
}

/// How long a batch may take.
fn time_for(batch: &[&Command]) -> Duration {
    let looks_at_all = |command: &&Command| matches!(command, Command::ListScopes | Command::Open { .. });
    if batch.iter().any(looks_at_all) { ALL_MARKS_WITHIN } else { BATCH_WITHIN }
}
