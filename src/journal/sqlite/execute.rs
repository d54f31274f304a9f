//! Batches as transactions of the file.

use rusqlite::Connection;
use sqlx::SqlStr;

use super::file::{Sqlite, named};
use super::sql;
use crate::journal::error::JournalError;
use crate::journal::model::{Command, Reply};
use crate::journal::room::Room;
use crate::journal::sql::{Connection as _, LOAD_STATE, StateRow, run};
use crate::journal::writer::Backend;

impl Backend for Sqlite {
    async fn execute(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, JournalError> {
        let mut done = self.attempt(batch).await;
        if is_full(&done) {
            self.disk_is_full()?;
            self.begin_log_anew();
            done = self.attempt(batch).await;
        }
        while is_full(&done) && self.space.give() {
            self.begin_log_anew();
            done = self.attempt(batch).await;
        }
        done
    }

    async fn room(&mut self) -> Result<Option<Room>, JournalError> {
        self.pages_left()
    }

    async fn close(self) {
        Self::close(self);
    }
}

impl Sqlite {
    async fn attempt(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, JournalError> {
        let done = transaction(&mut self.connection, batch).await;
        if done.is_err() {
            // A full disk makes SQLite roll back by itself: then the error says that there is no transaction left, which
            // is right.
            drop(self.connection.execute_batch(sql::ROLLBACK));
        }
        done.map_err(|error| named(&self.path, &error))
    }
}

const fn is_full<T>(done: &Result<T, JournalError>) -> bool {
    matches!(done, Err(JournalError::Full { .. }))
}

async fn transaction(connection: &mut Connection, batch: &[&Command]) -> Result<Vec<Reply>, sqlx::Error> {
    connection.execute(SqlStr::from_static(sql::BEGIN), &[]).await?;
    let state = connection.fetch(SqlStr::from_static(LOAD_STATE), &[], StateRow::decode).await?;
    let before = state.into_iter().next().ok_or(sqlx::Error::RowNotFound)?;
    let replies = run(connection, None, before, batch).await?;
    connection.execute(SqlStr::from_static(sql::COMMIT), &[]).await?;
    Ok(replies)
}
