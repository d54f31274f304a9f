//! The journal: the durable state of one migration.
//!
//! It holds the committed stage and its epoch, the session of the process, the *marks* - notes that a scope may differ
//! between the stores - the claims of repairs, the progress of the fill, the certificate, the ids that the target
//! gives out, and an audit log. It holds scopes, never payloads: a repair reads the authority again.
//!
//! ```
//! use crossfade::data::{Key, Scope};
//! use crossfade::journal::Journal;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let journal = Journal::memory(); // or Journal::open("sqlite:crossfade.db").await?
//!
//! assert_eq!(journal.marks(), 0); // no key is dirty
//! let status = journal.status().await?;
//! assert_eq!(status.stage.as_str(), "off");
//! assert!(status.certificate.is_none() && status.fill.is_none());
//! # Ok(()) }
//! ```
//!
//! A service opens one journal for each migration, keeps it for as long as the migration lasts, and gives it to
//! [`RoutingHandle::open`](crate::route::RoutingHandle::open). The journal decides in which stage the service starts. So a
//! journal in memory is for tests and trials: after a restart it says `off`, and a service that was in `ramp_down` would
//! write to the store that it has left.
//!
//! # Writers outside of the stack
//! A job that writes to the authority without going through the stack tells the journal, *after* it wrote, from the
//! process that has the journal open:
//!
//! ```
//! # use crossfade::data::{Key, Scope};
//! # use crossfade::journal::{Journal, JournalError};
//! # use crossfade::test_util::{MemoryStore, Number};
//! # async fn job(journal: Journal, mysql: MemoryStore) -> Result<(), JournalError> {
//! let (key, scope) = ((42, 1001), Scope::from(Key::new(&42, &1001)));
//! // Wrong: a repair may come between the mark and the write, find nothing new, and clear the mark.
//! journal.mark_for_repair(scope.clone()).await?;
//! mysql.seed(key, Number::new(2, "paid"));
//!
//! // Right. Until the mark stands, reads of the target may be older.
//! mysql.seed(key, Number::new(2, "paid"));
//! journal.mark_for_repair(scope).await?;
//! # Ok(()) }
//! ```
//!
//! # Durability
//! A mark is durable before the authority is written. All marks of the moment share one commit (in SQLite: WAL with
//! `synchronous = FULL`). The SQLite journal belongs to one process at a time: a lock beside the file, which ends with the
//! process; a second one is refused by name ([`JournalError::InUse`]).
//!
//! Beside `crossfade.db` lie SQLite's own `-wal` and `-shm` while it is open, `.lock`, and `.reserve`: zeros that keep room
//! on the disk. Copy the first two together or not at all; the others are made anew.
//!
//! # Limits
//!
//! | limit | default | at the limit |
//! |---|---|---|
//! | [`Limits::marks_max`], mark rows | 1,000,000 | new marks are put on their group; from twice as many on, on everything |
//! | [`Limits::scope_bytes_max`], bytes of a key or group | 512 | marked by its group, or by everything |
//! | [`Limits::file_bytes_max`], bytes of a SQLite file | none | from `RESERVE_BYTES` (1 MiB) below it on new marks are refused ([`JournalError::Full`]) |
//! | `DISK_RESERVE_BYTES`, room kept on its disk | 8 MiB | see [below](#when-it-is-full) |
//! | `QUEUE_COMMANDS_MAX`, commands that wait for the writer | 65,536 | a mark is refused ([`JournalError::Busy`]); one that should go stays until there is room |
//! | `BATCH_COMMANDS_MAX`, commands of one commit | 1,024 | the next commit takes the rest |
//! | [`AUDIT_LINES_MAX`], lines of the audit log | 10,000 | the oldest go |
//! | [`ID_BLOCK`], ids taken at once | 100 | a crash skips at most as many |
//!
//! Marks widen and never vanish: more is repaired and more reads go to the authority, but nothing is forgotten.
//!
//! # When it cannot record
//! A full disk, a lock and damage are errors with a name: [`JournalError`] says what to check. With
//! `writes.journal_unavailable = "reject"` (the default) a write whose mark cannot be recorded is refused and was not
//! made. With `"continue"` it goes on: everything is dirty, the certificate is void, and `canary` needs a new fill. In this
//! mode the unclean end of a session does the same, since nobody can know what it could not record. A journal that was
//! closed refuses in both. Reads go on in both.
//!
//! | | while it lasts | it ends |
//! |---|---|---|
//! | [`Full`](JournalError::Full) | new marks are refused; repairs go on | when repairs have made room, or there is more of it |
//! | [`Locked`](JournalError::Locked): another program writes to the file | nothing is recorded; what should go is taken out later | when the file is free |
//! | [`Busy`](JournalError::Busy): the disk is too slow | some marks are refused | when the queue is shorter |
//! | [`Corrupt`](JournalError::Corrupt) | nothing is recorded; the next start is refused, too | with a copy of the files, or a new migration from `off` |
//!
//! # When it is full
//! Marks end by being claimed and cleared, and that takes room before it gives any: a row that is claimed moves from one
//! index to another. So new marks stop `RESERVE_BYTES` below the limit of the file, a write that leaves its mark may use
//! most of the rest, and a claim is never refused. Marks that find no room to be left stay as they are and are tried
//! again every 200 ms, while repairs of the others make it.
//!
//! A full disk is made such a limit. The log cannot grow then, and cannot be written into the file while the file cannot
//! grow either; so the journal gives parts of its reserve file free until that is done, and from there on works in the
//! room that it has, at most 2 MiB more. It takes the reserve back, and ends the limit, as soon as the disk has room.
//!
//! # As a value
//! The rules of the journal are [`JournalState`], a plain value with no I/O: it is the journal in memory, the model
//! that the durable one is tested against, and what the exhaustive search of the protocol runs.

mod claiming;
mod clock;
mod error;
mod handle;
mod ids;
mod index;
mod limits;
mod marking;
mod model;
#[cfg(test)]
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod model_run;
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod room;
#[cfg(test)]
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod scripted;
mod session;
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod state;
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod unknown;
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod writer;
pub(crate) use claiming::{Claim, ClaimRequest};
pub(crate) use clock::micros;
pub use error::JournalError;
pub use handle::Journal;
pub use ids::{ID_BLOCK, IdBlocks};
pub use limits::Limits;
pub(crate) use marking::RunningMark;
pub use model::*;
#[cfg(feature = "sqlite")]
pub use room::RESERVE_BYTES;
#[cfg(test)]
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
pub(crate) use scripted::{Fate, scripted};
#[cfg(feature = "sqlite")]
pub use sqlite::DISK_RESERVE_BYTES;
pub use state::{AUDIT_LINES_MAX, JournalState};
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
pub use writer::{BATCH_COMMANDS_MAX, QUEUE_COMMANDS_MAX};
