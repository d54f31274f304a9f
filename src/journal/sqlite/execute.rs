//! Batches as transactions of the file.

use sqlx::sqlite::SqliteConnection;

use super::file::{Sqlite, named};
use super::sql;
use crate::journal::error::JournalError;
use crate::journal::model::{Command, Reply};
use crate::journal::room::Room;
use crate::journal::sql::{BEGIN_AND_LOAD_STATE, StateRow, run};
use crate::journal::writer::Backend;

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
    let state = sqlx::raw_sql(BEGIN_AND_LOAD_STATE).fetch_all(&mut *connection).await?;
    let before = StateRow::decode(state.first().ok_or(sqlx::Error::RowNotFound)?)?;
    let replies = run(connection, None, before, batch).await?;
    sqlx::query(sql::COMMIT).execute(connection).await?;
    Ok(replies)
}
