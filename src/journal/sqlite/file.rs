//! The file: its lock, its connection, its schema, and what its errors mean.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row};

use super::space::Space;
use super::sql;
use crate::journal::error::JournalError;
use crate::journal::limits::Limits;
use crate::journal::room::PAGE_BYTES;

/// How long a commit waits for another connection's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// From this many pages on the log is written into the file; a full disk then has to find room for no more of them.
const LOG_PAGES: &str = "512";

/// An open journal file. The lock is held as long as it lives.
#[derive(Debug)]
pub(super) struct Sqlite {
    pub(super) path: PathBuf,
    pub(super) connection: SqliteConnection,
    pub(super) space: Space,
    _lock: File,
}

impl Sqlite {
    pub(super) async fn open(path: &Path, limits: &Limits) -> Result<Self, JournalError> {
        let path = resolved(path)?;
        let lock = lock(&path)?;
        let space = Space::new(&path, limits);
        let mut connected = connect(&path).await;
        // A log is made at each start, and may find no room for its first bytes.
        while matches!(connected, Err(JournalError::Full { .. })) && space.give() {
            connected = connect(&path).await;
        }
        let mut journal = Self { connection: connected?, path, space, _lock: lock };
        journal.check().await?;
        journal.migrate().await?;
        journal.take_reserve().await?;
        Ok(journal)
    }

    /// A damaged journal is refused here, not found out by the first write that meets the damage.
    async fn check(&mut self) -> Result<(), JournalError> {
        let answer: String = self.ask(sql::CHECK).await?;
        if answer == "ok" {
            return Ok(());
        }
        Err(JournalError::Corrupt { path: self.path.clone(), detail: answer })
    }

    pub(super) async fn ask<T>(&mut self, pragma: &'static str) -> Result<T, JournalError>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        let row = sqlx::query(pragma).fetch_one(&mut self.connection).await;
        row.and_then(|row| row.try_get(0)).map_err(|error| named(&self.path, &error))
    }

    async fn migrate(&mut self) -> Result<(), JournalError> {
        let found: i64 = self.ask(sql::FOUND_VERSION).await?;
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

async fn connect(path: &Path) -> Result<SqliteConnection, JournalError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .page_size(PAGE_BYTES as u32)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("wal_autocheckpoint", LOG_PAGES)
        // A mark that was acknowledged must be there after a power cut.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT);
    options.connect().await.map_err(|error| named(path, &error))
}

/// The one spelling of the path that all processes agree on, so that they meet at one lock.
fn resolved(path: &Path) -> Result<PathBuf, JournalError> {
    let failed = |path: &Path, detail: String| JournalError::Io { path: path.to_owned(), detail };
    match path.canonicalize() {
        Ok(there) if there.is_dir() => return Err(failed(path, "is a directory: name a file".into())),
        Ok(there) => return Ok(there),
        Err(_) => {}
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or_else(|| failed(path, "names no file".into()))?;
    directory
        .canonicalize()
        .map(|directory| directory.join(name))
        .map_err(|error| failed(path, format!("its directory cannot be opened: create it first ({error})")))
}

/// Takes the lock beside the file: one process at a time. The lock is the system's, so it ends with the process; the
/// file stays.
fn lock(path: &Path) -> Result<File, JournalError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::StorageFull => JournalError::Full { path: name.clone() },
        _ => JournalError::Io { path: name.clone(), detail: error.to_string() },
    };
    let mut file =
        File::options().read(true).write(true).create(true).truncate(false).open(&name).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(JournalError::InUse { path: path.to_owned(), pid: owner(&mut file).unwrap_or(0) });
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    // Over what stands there: on a full disk there may be no room for what was given up before.
    let pid = format!("{}\n", std::process::id());
    let written = file.rewind().and_then(|()| file.write_all(pid.as_bytes()));
    written.and_then(|()| file.set_len(pid.len() as u64)).map_err(failed)?;
    Ok(file)
}

/// The process that wrote its id into the lock file.
fn owner(lock: &mut File) -> Option<u32> {
    let mut pid = String::new();
    lock.read_to_string(&mut pid).ok()?;
    pid.trim().parse().ok()
}

/// The code of the file beside the log, its index in memory, that cannot grow.
const INDEX_OF_LOG_HAS_NO_ROOM: u32 = 4874;

/// What an error of the file means to an operator. The codes are SQLite's; the low byte is the primary one.
pub(super) fn named(path: &Path, error: &sqlx::Error) -> JournalError {
    let path = path.to_owned();
    let code =
        error.as_database_error().and_then(|error| error.code()).and_then(|code| code.parse::<u32>().ok());
    if code == Some(INDEX_OF_LOG_HAS_NO_ROOM) {
        return JournalError::Full { path };
    }
    match code.map(|code| code & 0xff) {
        Some(5 | 6) => JournalError::Locked { path },
        Some(13) => JournalError::Full { path },
        Some(11 | 26) => JournalError::Corrupt { path, detail: error.to_string() },
        None if is_of_the_rows(error) => JournalError::Corrupt { path, detail: error.to_string() },
        _ => JournalError::Io { path, detail: error.to_string() },
    }
}

/// Whether the rows hold what no release has written.
const fn is_of_the_rows(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Decode(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::RowNotFound
    )
}
