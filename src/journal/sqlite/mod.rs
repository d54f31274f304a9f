//! The journal in a SQLite file.

mod connection;
mod execute;
mod file;
mod reserve;
mod space;
mod sql;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use super::error::JournalError;
use super::limits::Limits;
use super::writer::Writer;
pub use reserve::DISK_RESERVE_BYTES;

/// The file of a journal's URL: `sqlite:FILE` or `sqlite://FILE`, the file relative or absolute.
pub(super) fn file_of(url: &str) -> Option<PathBuf> {
    let file = url.strip_prefix("sqlite:")?;
    let file = file.strip_prefix("//").unwrap_or(file);
    // SQLite would take these for a database that ends with the process.
    let durable = !file.is_empty() && file != ":memory:";
    durable.then(|| file.into())
}

/// Opens the file, and creates it when there is none.
pub(super) async fn open(path: PathBuf, limits: Limits) -> Result<Writer, JournalError> {
    Writer::start(move || async move { file::Sqlite::open(&path, &limits) }).await
}
