//! The journal in the tables of a MariaDB, MySQL or PostgreSQL server.
//!
//! One connection, which holds a lock of the server for as long as it lives: another process is refused by name. What
//! protects the tables when the lock goes with its connection is the number in the state row: each transaction takes
//! the lock of that row first, finds the number of the last commit of this process there or stops for good, and leaves
//! a new one.

mod address;
mod connecting;
mod engine;
mod execute;
mod inside;
#[cfg(feature = "mysql")]
mod mariadb;
mod meaning;
mod outcome;
#[cfg(feature = "postgres")]
mod postgres;
mod schema;
mod spelling;
#[cfg(test)]
mod tests;

use std::sync::atomic::AtomicI64;
use std::time::Duration;

use super::error::{JournalError, without_user};
use super::inside::Place;
use super::limits::Limits;
use super::writer::Writer;
#[cfg(feature = "mysql")]
use address::is_mysql;
use address::is_postgres;
pub(super) use address::is_server;
use engine::Engine;

/// How long the server is asked what became of a commit whose answer was lost, before whoever waits for it is told
/// that nobody knows. It is asked on until it answers.
pub const OUTCOME_WITHIN: Duration = Duration::from_secs(10);
/// The longest text of a key or group that a server's tables take, in bytes; `Limits::scope_bytes_max` above it counts
/// as this.
pub const SCOPE_BYTES_MAX: usize = 2_048;

/// How long connecting may take, with all that is checked on the way.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long the lock of a process that has just ended is waited for: its server may notice a moment later.
const LOCK_WITHIN: Duration = Duration::from_secs(2);
/// How long the server may take for one batch, the commit apart. It ends statements that wait for a lock before.
const BATCH_WITHIN: Duration = Duration::from_secs(10);
/// The same for what looks at every mark: opening a journal or a session.
const ALL_MARKS_WITHIN: Duration = Duration::from_secs(120);
/// How long the server may take to commit.
const COMMIT_WITHIN: Duration = Duration::from_secs(10);
/// How often a connection that nobody uses is used. The server ends it, and with it the lock, when it has heard nothing
/// for a minute: the process is gone, and nobody told the server.
const PING_EVERY: Duration = Duration::from_secs(10);

/// Opens the journal that the URL names; gives what it is called in logs, and where its tables are.
pub(super) async fn open(url: &str) -> Result<(Writer, String, Place), JournalError> {
    #[cfg(feature = "postgres")]
    if is_postgres(url) {
        return open_on::<postgres::Postgres>(url).await;
    }
    #[cfg(feature = "mysql")]
    if is_mysql(url) {
        return open_on::<mariadb::MariaDb>(url).await;
    }
    Err(JournalError::UnknownUrl { url: without_user(url) })
}

async fn open_on<E: Engine>(url: &str) -> Result<(Writer, String, Place), JournalError> {
    let address = address::Address::<E>::parse(url)?;
    let name = address.name.clone();
    let place = Place { database: E::DATABASE, prefix: address.prefix.clone(), looked: AtomicI64::new(0) };
    let writer = Writer::start(move || execute::Server::open(address)).await?;
    Ok((writer, name, place))
}

/// The limits as a server's tables allow them.
pub(super) fn limits_of(url: &str, limits: Limits) -> Limits {
    Limits {
        scope_bytes_max: limits.scope_bytes_max.min(SCOPE_BYTES_MAX),
        // PostgreSQL has no text with such a character.
        refuses_nul: is_postgres(url),
        ..limits
    }
}
