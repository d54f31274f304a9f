//! SQLite has no server that goes on without its client.

use std::time::Duration;

use sqlx::{Sqlite, SqliteConnection};

use super::process::{Process, Processes, Running};

impl Processes for Sqlite {
    const HAS_SERVER: bool = false;

    async fn process_of(_: &mut SqliteConnection) -> sqlx::Result<Option<Process>> {
        Ok(None)
    }

    async fn list(_: &mut SqliteConnection) -> sqlx::Result<Vec<Running>> {
        Ok(Vec::new())
    }

    async fn end(_: &mut SqliteConnection, _: &Process, _: Duration) -> sqlx::Result<()> {
        Ok(())
    }
}
