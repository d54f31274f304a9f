//! The file: its lock, its connection, its schema, and what its errors mean.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row};

use super::sql;
use crate::journal::error::JournalError;

/// How long a commit waits for another connection's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// An open journal file. The lock is held as long as it lives.
#[derive(Debug)]
pub(super) struct Sqlite {
    pub(super) path: PathBuf,
    pub(super) connection: SqliteConnection,
    _lock: File,
}

impl Sqlite {
    pub(super) async fn open(path: PathBuf) -> Result<Self, JournalError> {
        let lock = lock(&path)?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A mark that was acknowledged must be there after a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        let connection = options.connect().await.map_err(|error| named(&path, &error))?;
        let mut journal = Self { path, connection, _lock: lock };
        let migrated = journal.migrate().await;
        migrated.map(|()| journal)
    }

    async fn migrate(&mut self) -> Result<(), JournalError> {
        let row = sqlx::query("PRAGMA user_version").fetch_one(&mut self.connection).await;
        let found: i64 = row.and_then(|row| row.try_get(0)).map_err(|error| named(&self.path, &error))?;
        if found > sql::VERSION {
            return Err(JournalError::NewerSchema { path: self.path.clone(), found, known: sql::VERSION });
        }
        for (version, statements) in (1..).zip(sql::MIGRATIONS).skip(usize::try_from(found).unwrap_or(0)) {
            let script = format!("BEGIN IMMEDIATE; {statements} PRAGMA user_version = {version}; COMMIT;");
            let script = sqlx::raw_sql(sqlx::AssertSqlSafe(script));
            script.execute(&mut self.connection).await.map_err(|error| named(&self.path, &error))?;
        }
        Ok(())
    }

    pub(super) async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, path = %self.path.display(), "the journal could not be closed in order");
        }
    }
}

/// Takes the lock beside the file: one process at a time.
fn lock(path: &Path) -> Result<File, JournalError> {
    let name = PathBuf::from(format!("{}.lock", path.display()));
    let failed = |error: std::io::Error| JournalError::Io { path: name.clone(), detail: error.to_string() };
    let mut file =
        File::options().read(true).write(true).create(true).truncate(false).open(&name).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            let pid =
                file.read_to_string(&mut owner).ok().and_then(|_| owner.trim().parse().ok()).unwrap_or(0);
            return Err(JournalError::InUse { path: path.to_owned(), pid });
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
    writeln!(file, "{}", std::process::id()).map_err(failed)?;
    Ok(file)
}

/// What an error of the file means to an operator. The codes are SQLite's primary result codes.
pub(super) fn named(path: &Path, error: &sqlx::Error) -> JournalError {
    let path = path.to_owned();
    let code =
        error.as_database_error().and_then(|error| error.code()).and_then(|code| code.parse::<u32>().ok());
    match code.map(|code| code & 0xff) {
        Some(5 | 6) => JournalError::Locked { path },
        Some(13) => JournalError::Full { path },
        Some(11 | 26) => JournalError::Corrupt { path, detail: error.to_string() },
        _ => JournalError::Io { path, detail: error.to_string() },
    }
}
