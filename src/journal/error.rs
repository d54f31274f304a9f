//! What can go wrong with a journal, named so that an operator knows what to check.

use std::path::PathBuf;

use super::model::Refusal;

/// What can go wrong with a journal.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The URL names no journal that this build knows.
    #[error("`{url}` is no journal: use `memory:` or `sqlite:FILE` (feature `sqlite`)")]
    UnknownUrl {
        /// The URL.
        url: String,
    },
    /// Another process has the journal open.
    #[error("journal {path} is in use by process {pid}: stop it, or give this service a journal of its own")]
    InUse {
        /// The file.
        path: PathBuf,
        /// The process, as it wrote its id into the lock file; 0 when that could not be read.
        pid: u32,
    },
    /// This process has opened a session of the journal already. Two data sets under one journal would clear each other's
    /// marks.
    #[error(
        "journal {journal} has an open session in this process: give each migration a journal of its own, and open its \
         routing once"
    )]
    SessionOpen {
        /// The file, or `memory`.
        journal: String,
    },
    /// The journal was written by a newer release.
    #[error("journal {path} has schema version {found}, this release knows {known}: run the newer release")]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: i64,
        /// The newest version that this release knows.
        known: i64,
    },
    /// The disk is full, or the file is as large as `Limits::file_bytes_max` lets it become.
    #[error("journal {path} is full: free space on its disk, or raise `Limits::file_bytes_max`")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The file is locked by another connection for longer than the busy timeout.
    #[error("journal {path} is locked by another connection: close programs that have it open")]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file is no database, or is damaged.
    #[error("journal {path} is damaged: restore it, or start the migration anew from `off` ({detail})")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What the database said.
        detail: String,
    },
    /// Any other failure of the file or the database.
    #[error("journal {path}: {detail}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// The queue in front of the writer is full.
    #[error("the journal's queue of {limit} commands is full: its disk is too slow for this many writes")]
    Busy {
        /// The limit, in commands.
        limit: usize,
    },
    /// The journal was closed, or its writer thread is gone.
    #[error("the journal is closed")]
    Closed,
    /// The journal refused, for a reason of its own.
    #[error("the journal refused: {0:?}")]
    Refused(Refusal),
}
