//! The journal in a SQLite file.

mod execute;
mod file;
mod marks;
mod sql;
mod state_row;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use super::error::JournalError;
use super::writer::Writer;

/// Opens the file, and creates it when there is none.
pub(super) async fn open(file: &str) -> Result<Writer, JournalError> {
    let path = PathBuf::from(file);
    Writer::start(move || file::Sqlite::open(path)).await
}
