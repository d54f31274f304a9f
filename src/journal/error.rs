//! What can go wrong with a journal, named so that an operator knows what to check.

use std::path::PathBuf;

use super::model::Refusal;

/// What can go wrong with a journal.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The URL names no journal that this build knows.
    #[error(
        "`{url}` is no journal: use `memory:`, `sqlite:FILE` (feature `sqlite`), `mysql://..` (feature `mysql`) or \
         `postgres://..` (feature `postgres`)"
    )]
    UnknownUrl {
        /// The URL, without user and password.
        url: String,
    },
    /// The URL names a server, and not all that is needed.
    #[error("the journal's URL `{url}`: {detail}")]
    BadUrl {
        /// The URL, without user and password.
        url: String,
        /// What is wrong.
        detail: String,
    },
    /// Another process has the journal open.
    #[error("journal {path} is in use by process {pid}: stop it, or give this service a journal of its own")]
    InUse {
        /// The file.
        path: PathBuf,
        /// The process, as it wrote its id into the lock file; 0 when that could not be read.
        pid: u32,
    },
    /// Another process has the journal on this server open.
    #[error(
        "journal {server} is in use by connection {connection} of that server: stop the process that has it (the server's \
         list of connections says from where), or give this service a journal of its own"
    )]
    InUseOn {
        /// The server and the database.
        server: String,
        /// The server's number of the connection; 0 when it has just gone.
        connection: i64,
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
    /// The server does not answer, or the connection to it broke. It is tried again by itself.
    #[error("journal {server} cannot be reached: check that the server runs and answers ({detail})")]
    Unreachable {
        /// The server and the database.
        server: String,
        /// What happened last.
        detail: String,
    },
    /// The connection broke while the server was committing, and it has not said since whether it did. Nothing else is
    /// recorded before it has.
    #[error(
        "journal {server} has not said whether it made its last commit: check that the server runs and answers; nothing is \
         recorded before it has ({detail})"
    )]
    OutcomeUnknown {
        /// The server and the database.
        server: String,
        /// What happened last.
        detail: String,
    },
    /// The server knows neither user nor database, or does not allow what the journal does.
    #[error("journal {server}: check user, password, database and permissions ({detail})")]
    Denied {
        /// The server and the database.
        server: String,
        /// What the server said.
        detail: String,
    },
    /// The server takes no writes.
    #[error("journal {server} is read only: name the server that takes writes ({detail})")]
    ReadOnly {
        /// The server and the database.
        server: String,
        /// What the server said.
        detail: String,
    },
    /// With this setting of the server marks that were acknowledged could be lost.
    #[error("journal {server} has {setting} = {found}, and marks could be lost: set it to {wanted}")]
    Unfit {
        /// The server and the database.
        server: String,
        /// Which setting.
        setting: &'static str,
        /// What it is.
        found: String,
        /// What it has to be.
        wanted: &'static str,
    },
    /// The server has gone back behind a commit that it had acknowledged: it was restored from a backup, or another
    /// took its place that did not have everything.
    #[error(
        "journal {server} lost commits that it had acknowledged (it is at {found}, and was at {expected}): was it restored, or \
         replaced by a copy that lagged behind? Restart the service in the stage that it was in, mark everything, fill anew"
    )]
    LostCommits {
        /// The server and the database.
        server: String,
        /// The number of the last commit that it had acknowledged.
        expected: i64,
        /// The number that it has now.
        found: i64,
    },
    /// A transaction cannot mark its keys inside itself, because the journal's tables are not in its database.
    #[error(
        "journal {server} cannot be marked in from this transaction: check that the journal's URL names the database that the          transaction is in ({detail})"
    )]
    NotInTransaction {
        /// The server and the database.
        server: String,
        /// What was found.
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

impl JournalError {
    /// Whether a batch that failed so would fail again in parts.
    #[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
    pub(super) const fn concerns_all(&self) -> bool {
        matches!(
            self,
            Self::Locked { .. }
                | Self::InUseOn { .. }
                | Self::Denied { .. }
                | Self::ReadOnly { .. }
                | Self::Unfit { .. }
                | Self::Unreachable { .. }
                | Self::OutcomeUnknown { .. }
                | Self::LostCommits { .. }
                | Self::Refused(_)
        )
    }

    /// Whether nothing that this process has recorded counts any more, or nobody knows what does.
    pub(super) const fn ends_the_session(&self) -> bool {
        matches!(
            self,
            Self::Corrupt { .. }
                | Self::LostCommits { .. }
                | Self::Closed
                | Self::Refused(Refusal::SessionEnded)
        )
    }

    /// Whether it makes no sense to try again.
    #[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
    pub(super) const fn is_final(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::LostCommits { .. } | Self::Refused(_))
    }
}

/// The URL as it may be shown: without user, password and settings.
pub(super) fn without_user(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url.split_at(url.find("://").map_or(0, |end| end + 3));
    // A password may hold a slash that should have been written as %2F.
    let rest = rest.rfind('@').map_or(rest, |at| &rest[at + 1..]);
    format!("{scheme}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_user_nor_password_is_shown() {
        for (url, shown) in [
            ("mysql://me:pass@host:3306/data?ssl-mode=DISABLED", "mysql://host:3306/data"),
            ("mysql://me:p@ss/w@host/data", "mysql://host/data"),
            ("postgres://host/data?password=secret", "postgres://host/data"),
            ("what is this", "what is this"),
        ] {
            assert_eq!(without_user(url), shown);
        }
    }
}
