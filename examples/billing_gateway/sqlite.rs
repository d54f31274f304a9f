//! What SQLite stores share: how a file is opened, and what its errors mean.

use std::time::Duration;

use anyhow::{Context, Result};
use crossfade::data::Outcome;
use sqlx::ConnectOptions as _;
use sqlx::Connection as _;
use sqlx::error::DatabaseError;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

/// Waiting for the writer connection, then for another process's lock: together below the late bound of the demo.
/// Tests assert what is answered, not how soon on a machine that others use.
const WRITER_WAIT: Duration = Duration::from_millis(if cfg!(test) { 10_000 } else { 150 });
const BUSY_TIMEOUT: Duration = Duration::from_millis(100);
const READER_WAIT: Duration = Duration::from_secs(1);
const READERS_MAX: u32 = 4;

/// A database file: one connection that writes, because SQLite takes one writer at a time, and several that read.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
}

impl Database {
    /// Opens the file behind `url`, and makes it when there is none.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let options = connect_options(url)?;
        let first = options.clone().create_if_missing(true).connect().await;
        let first =
            first.with_context(|| format!("cannot open {url}: does its folder exist, may it be written?"))?;
        first.close().await?;
        Ok(Self {
            writer: pool(1, WRITER_WAIT).connect_lazy_with(options.clone()),
            readers: pool(READERS_MAX, READER_WAIT).connect_lazy_with(options.read_only(true)),
        })
    }

    /// A write transaction. It takes the write lock at once: a transaction that reads first and then finds the lock
    /// taken would have to start again.
    pub(crate) async fn begin(&self) -> sqlx::Result<sqlx::Transaction<'static, sqlx::Sqlite>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Reads the URL of a file.
pub(crate) fn connect_options(url: &str) -> Result<SqliteConnectOptions> {
    let options = url.parse::<SqliteConnectOptions>().with_context(|| format!("{url:?} is no SQLite URL"))?;
    Ok(options
        .journal_mode(SqliteJournalMode::Wal) // readers and the writer do not wait for each other
        // In WAL mode this survives a crash of the process, though not a power cut: fine for a demonstration.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true))
}

/// What an error that SQLite said means for the write that met it.
///
/// Sure is only what SQLite refuses before it changes anything: a constraint, a lock that was not given (writes
/// begin with the lock). An error of the disk may hit the commit itself, so nobody knows; the same holds for whatever is
/// not listed.
pub(crate) fn outcome_of(error: &dyn DatabaseError) -> Outcome {
    match error.code().and_then(|code| code.parse::<i32>().ok()) {
        Some(code) => outcome_of_code(code),
        None => Outcome::Unknown,
    }
}

fn pool(connections: u32, wait: Duration) -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(connections).acquire_timeout(wait).test_before_acquire(false) // a file in this process needs no ping
}

fn outcome_of_code(extended: i32) -> Outcome {
    const ERROR: i32 = 1; // a mistake in the SQL
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const READONLY: i32 = 8;
    const CANTOPEN: i32 = 14;
    const CONSTRAINT: i32 = 19;
    match extended & 0xff {
        ERROR | BUSY | LOCKED | READONLY | CANTOPEN | CONSTRAINT => Outcome::Rejected,
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store_error::outcome_of;

    #[test]
    fn only_what_surely_changed_nothing_is_rejected() {
        let codes = [
            (5, Outcome::Rejected),    // busy
            (261, Outcome::Rejected),  // busy, recovering
            (6, Outcome::Rejected),    // locked
            (2067, Outcome::Rejected), // unique constraint
            (787, Outcome::Rejected),  // foreign key constraint
            (8, Outcome::Rejected),    // read-only file
            (10, Outcome::Unknown),    // disk I/O
            (1034, Outcome::Unknown),  // fsync failed
            (13, Outcome::Unknown),    // disk full
            (11, Outcome::Unknown),    // corrupt
        ];
        for (code, expected) in codes {
            assert_eq!(outcome_of_code(code), expected, "{code}");
        }
    }

    #[tokio::test]
    async fn a_real_constraint_is_rejected_and_a_taken_lock_too() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("a.db").display());
        let one = Database::open(&url).await.unwrap();
        sqlx::query("CREATE TABLE t (a INTEGER PRIMARY KEY)").execute(&one.writer).await.unwrap();
        let insert = || sqlx::query("INSERT INTO t VALUES (1)");
        insert().execute(&one.writer).await.unwrap();
        assert_eq!(outcome_of(&insert().execute(&one.writer).await.unwrap_err()), Outcome::Rejected);

        let two = Database::open(&url).await.unwrap();
        let _holds_the_lock = two.begin().await.unwrap();
        assert_eq!(outcome_of(&one.begin().await.unwrap_err()), Outcome::Rejected);
    }
}
