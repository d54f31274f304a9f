//! Batches as transactions: what `JournalState::apply` does to a value, done to the tables.

use std::mem::discriminant;

use sqlx::sqlite::SqliteConnection;

use super::file::{Sqlite, named};
use super::sql;
use super::state_row::StateRow;
use crate::journal::error::JournalError;
use crate::journal::model::{Command, Refusal, Reply};
use crate::journal::room::Room;
use crate::journal::writer::Backend;

/// The tables inside of one transaction.
pub(super) struct Tables<'a> {
    pub(super) connection: &'a mut SqliteConnection,
    pub(super) state: StateRow,
}

/// A refusal changes nothing, an error ends the transaction.
pub(super) type Done = Result<Result<Reply, Refusal>, sqlx::Error>;

impl Backend for Sqlite {
    async fn execute(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, JournalError> {
        let mut done = self.attempt(batch).await;
        if is_full(&done) {
            self.disk_is_full().await?;
            self.begin_log_anew().await;
            done = self.attempt(batch).await;
        }
        while is_full(&done) && self.space.give() {
            self.begin_log_anew().await;
            done = self.attempt(batch).await;
        }
        done
    }

    async fn room(&mut self) -> Result<Option<Room>, JournalError> {
        self.pages_left().await
    }

    async fn close(self) {
        Self::close(self).await;
    }
}

impl Sqlite {
    async fn attempt(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, JournalError> {
        let done = transaction(&mut self.connection, batch).await;
        if done.is_err() {
            // Not a `sqlx::Transaction`: a full disk makes SQLite roll back by itself, and that type then takes the
            // transaction for an open one for ever. Here the error says that there is none left, which is right.
            drop(sqlx::query(sql::ROLLBACK).execute(&mut self.connection).await);
        }
        done.map_err(|error| named(&self.path, &error))
    }
}

const fn is_full<T>(done: &Result<T, JournalError>) -> bool {
    matches!(done, Err(JournalError::Full { .. }))
}

async fn transaction(
    connection: &mut SqliteConnection,
    batch: &[&Command],
) -> Result<Vec<Reply>, sqlx::Error> {
    sqlx::query(sql::BEGIN).execute(&mut *connection).await?;
    let before = StateRow::load(connection).await?;
    let mut tables = Tables { connection, state: before.clone() };
    let replies = tables.run(batch).await?;
    let Tables { connection, state } = tables;
    if state != before {
        state.save(connection).await?;
    }
    sqlx::query(sql::COMMIT).execute(connection).await?;
    Ok(replies)
}

impl Tables<'_> {
    async fn run(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, sqlx::Error> {
        let mut replies = Vec::with_capacity(batch.len());
        let together = |a: &&Command, b: &&Command| {
            come_in_numbers(a) && come_in_numbers(b) && discriminant(*a) == discriminant(*b)
        };
        for run in batch.chunk_by(together) {
            match run {
                [Command::Mark { .. }, ..] => self.mark_many(run, &mut replies).await?,
                [Command::Unmark { .. }, _, ..] => self.unmark_many(run, &mut replies).await?,
                _ => {
                    for command in run {
                        replies.push(self.one(command).await?.unwrap_or_else(Reply::Refused));
                    }
                }
            }
        }
        Ok(replies)
    }

    async fn one(&mut self, command: &Command) -> Done {
        match command {
            Command::Open { .. } | Command::Close { .. } | Command::Status => {
                self.session_command(command).await
            }
            Command::Mark { .. }
            | Command::Unmark { .. }
            | Command::Leave { .. }
            | Command::MarkLeft { .. } => self.mark_command(command).await,
            Command::Claim { .. }
            | Command::Clear { .. }
            | Command::GiveBack { .. }
            | Command::Bury { .. }
            | Command::RetryDead { .. }
            | Command::ListScopes
            | Command::ListDead { .. } => self.claim_command(command).await,
            Command::Commit { .. }
            | Command::SaveFill { .. }
            | Command::Certify { .. }
            | Command::Void { .. } => self.stage_command(command).await,
            Command::ReserveStamps { .. } | Command::TakeIds { .. } | Command::RaiseIds { .. } => {
                self.number_command(command).await
            }
            Command::Audit { .. } | Command::ListAudit { .. } => self.audit_command(command).await,
        }
    }

    /// Runs a statement with these values; gives how many rows it changed.
    pub(super) async fn execute(
        &mut self,
        statement: &'static str,
        values: &[i64],
    ) -> Result<u64, sqlx::Error> {
        let query = values.iter().fold(sqlx::query(statement), |query, value| query.bind(*value));
        Ok(query.execute(&mut *self.connection).await?.rows_affected())
    }
}

/// Whether commands of this kind come in numbers and are done together.
const fn come_in_numbers(command: &Command) -> bool {
    matches!(command, Command::Mark { .. } | Command::Unmark { rows: 1, .. })
}

/// The error of a command that was sent to the wrong theme.
pub(super) fn misplaced(command: &Command) -> sqlx::Error {
    sqlx::Error::Protocol(format!("no statements for {command:?} here"))
}

/// A limit as SQL takes it.
pub(super) fn limited(limit: u64) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
