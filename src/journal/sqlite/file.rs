//! The file: its lock, its connection, its schema, and what its errors mean.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::FromSql;
use rusqlite::{Connection, OpenFlags};

use super::connection::as_sqlx;
use super::space::Space;
use super::sql;
use crate::journal::error::JournalError;
use crate::journal::limits::Limits;
use crate::journal::room::PAGE_BYTES;

/// How long a commit waits for another connection's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// From this many pages on the log is written into the file; a full disk then has to find room for no more of them.
const LOG_PAGES: u64 = 512;
/// How many statements stay prepared: those of a batch come in a few lengths.
const STATEMENTS_MAX: usize = 128;

/// An open journal file. The lock is held as long as it lives.
#[derive(Debug)]
pub(super) struct Sqlite {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    pub(super) space: Space,
    _lock: File,
}

impl Sqlite {
    pub(super) fn open(path: &Path, limits: &Limits) -> Result<Self, JournalError> {
        let path = resolved(path)?;
        let lock = lock(&path)?;
        let space = Space::new(&path, limits);
        let mut connected = connect(&path);
        // A log is made at each start, and may find no room for its first bytes.
        while matches!(connected, Err(JournalError::Full { .. })) && space.give() {
            connected = connect(&path);
        }
        let mut journal = Self { connection: connected?, path, space, _lock: lock };
        journal.check()?;
        journal.migrate()?;
        journal.take_reserve()?;
        Ok(journal)
    }

    /// A damaged journal is refused here, not found out by the first write that meets the damage.
    fn check(&self) -> Result<(), JournalError> {
        let answer: String = self.ask(sql::CHECK)?;
        if answer == "ok" {
            return Ok(());
        }
        Err(JournalError::Corrupt { path: self.path.clone(), detail: answer })
    }

    pub(super) fn ask<T: FromSql>(&self, pragma: &'static str) -> Result<T, JournalError> {
        let answer = self.connection.query_row(pragma, [], |row| row.get(0));
        answer.map_err(|error| named(&self.path, &as_sqlx(error)))
    }

    fn migrate(&self) -> Result<(), JournalError> {
        let found: i64 = self.ask(sql::FOUND_VERSION)?;
        if found > sql::VERSION {
            return Err(JournalError::NewerSchema { path: self.path.clone(), found, known: sql::VERSION });
        }
        for (version, statements) in (1..).zip(sql::MIGRATIONS).skip(usize::try_from(found).unwrap_or(0)) {
            let script = format!("BEGIN IMMEDIATE; {statements} PRAGMA user_version = {version}; COMMIT;");
            self.connection.execute_batch(&script).map_err(|error| named(&self.path, &as_sqlx(error)))?;
        }
        Ok(())
    }

    pub(super) fn close(self) {
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, path = %self.path.display(), "the journal could not be closed in order");
        }
    }
}

fn connect(path: &Path) -> Result<Connection, JournalError> {
    connected(path).map_err(|error| named(path, &as_sqlx(error)))
}

fn connected(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Full: a mark that was acknowledged must be there after a power cut.
    connection.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_BYTES}; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = {LOG_PAGES};
         PRAGMA synchronous = FULL;"
    ))?;
    Ok(connection)
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
