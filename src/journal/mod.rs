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
//! let journal = Journal::memory(); // or Journal::open("sqlite:crossfade.db").await?, and so on
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
//! # Which one
//!
//! | | `memory:` | `sqlite:FILE` | `mysql://..` | `postgres://..` |
//! |---|---|---|---|---|
//! | feature | none | `sqlite` | `mysql` | `postgres` |
//! | for | tests, trials | a service with a disk of its own that stays | a service that is started anywhere | the same |
//! | goes with | the process | the disk | the server | the server |
//! | a commit waits for | nothing | the disk | the network and the server's disk | the same |
//! | tested on | | | MariaDB 10.11 | PostgreSQL 15 |
//!
//! A file needs nobody else. A server is the right one where the disk does not outlive the process (containers), or where
//! the server's backups and its availability are what you trust. It may be a server whose data the migration moves, as
//! long as it stays until the migration is over.
//!
//! # On a server
//!
//! ```no_run
//! # use crossfade::journal::{Journal, JournalError};
//! # async fn open() -> Result<(), JournalError> {
//! let journal = Journal::open("mysql://crossfade:PASSWORD@db.internal/shop?migration=invoices").await?;
//! # Ok(()) }
//! ```
//!
//! The database has to be there; the tables are made in it. With `?migration=NAME` (1 to 32 of a-z, 0-9 and `_`) they are
//! `crossfade_NAME_state`, `.._mark`, `.._mark_running`, `.._mark_inside`, `.._epoch`, `.._sequence` and `.._audit`, without it
//! `crossfade_state` and so on: give each migration a name when one database has several. Other settings of the URL are
//! those of sqlx (`ssl-mode`, `socket`, ..); TLS needs one of sqlx's TLS features in your own `Cargo.toml`.
//!
//! **Permissions**: `SELECT`, `INSERT`, `UPDATE`, `DELETE` on these tables, and `CREATE` (in MariaDB with `INDEX`) when a release
//! opens them for the first time.
//!
//! **One process at a time.** The writer holds a lock of the server (`GET_LOCK`, `pg_try_advisory_lock`) on its connection,
//! and a second process is refused by name ([`JournalError::InUseOn`] says which connection has it). The lock goes with the
//! connection: at once when the process ends, after 60 s when its machine is gone. What protects the tables is not that
//! lock but the state row: each transaction takes its row lock and finds its own last number there. A process that another
//! has replaced records nothing any more ([`Refusal::SessionEnded`]). So connect to the server itself, or through a proxy
//! that leaves a connection to its session; not through PgBouncer in transaction mode.
//!
//! **Durability.** MariaDB must run with `innodb_flush_log_at_trx_commit = 1`, and with `sync_binlog = 1` where it writes a
//! binary log; otherwise it is refused ([`JournalError::Unfit`]). In PostgreSQL `synchronous_commit = off` is set to `on`
//! for the session, and `fsync = off` is refused. A failover to a server that lagged behind loses marks that were
//! acknowledged, as any write; the process that sees it stops ([`JournalError::LostCommits`]). With Galera or group
//! replication name one node.
//!
//! **When the connection breaks**, the batch that was under way is done again on a new one. When the answer to a `COMMIT`
//! was lost, the server is asked what became of it: each transaction leaves a number of its own in the state row. Whoever
//! waits to write is told after `OUTCOME_WITHIN` at the latest that the mark was not recorded; should it turn out to be,
//! it is taken out again. Nothing else is recorded before that is known.
//!
//! **In the database of legacy** the service's own transactions can make the marks of what they write
//! ([`Functions::write_in_transaction`](crate::functions::Functions::write_in_transaction)): in `.._mark_inside`, as long as
//! `.._epoch` says that this session is open and legacy decides. Whatever changes that waits for transactions that have marked, and
//! after five seconds is `Locked`: a change of the authority is then given up, a start fails. So let the server end
//! connections that were left with a transaction open (`idle_transaction_timeout`, `idle_in_transaction_session_timeout`).
//!
//! **Looking into it**: the tables are plain. In MariaDB scopes and names of sequences are bytes, since a text column takes
//! `a` and `a ` for the same; its own client shows them as text.
//!
//! ```sql
//! SELECT stage, epoch, session, session_open, fill, certificate FROM crossfade_state;
//! -- 1 waits for a repair, 2 a repair has it, 3 a dead letter
//! SELECT state, reason, count(*) FROM crossfade_mark GROUP BY state, reason;
//! -- of writes that run, one row for each commit: lists of [row, kind, scope, session, made at]
//! SELECT marks FROM crossfade_mark_running;
//! SELECT * FROM crossfade_audit ORDER BY line DESC LIMIT 20;
//! ```
//!
//! Read as you like, and change nothing: another number in the state row is taken for another process. Each write waits for
//! some round trips and a `COMMIT`, so keep the server near; a Unix socket (`?socket=` in MariaDB, `?host=/folder` in
//! PostgreSQL) is the nearest. sqlx leaves Nagle's algorithm on: on a network a large batch may wait for an acknowledgement.
//!
//! # Durability
//! A mark is durable before the authority is written. All marks of the moment share one commit (in SQLite: WAL with
//! `synchronous = FULL`). A mark that is removed waits up to 10 ms for a commit that it can share: one too many costs a repair
//! after a crash, and nothing else. The SQLite journal belongs to one process at a time: a lock beside the file, which ends with the
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
//! | [`STANDING_ROWS_MAX`], rows that stand for the [writes that follow](crate::dual_write#fewer-marks) | 16,384 | one more goes with its write |
//! | [`Limits::scope_bytes_max`], bytes of a key or group | 512, on a server at most `SCOPE_BYTES_MAX` (2,048) | marked by its group, or by everything |
//! | [`Limits::file_bytes_max`], bytes of a SQLite file | none | from `RESERVE_BYTES` (1 MiB) below it on new marks are refused ([`JournalError::Full`]) |
//! | `DISK_RESERVE_BYTES`, room kept on its disk | 8 MiB | see [below](#when-a-file-is-full) |
//! | `QUEUE_COMMANDS_MAX`, commands that wait for the writer | 65,536 | a mark is refused ([`JournalError::Busy`]); one that should go stays until there is room |
//! | `BATCH_COMMANDS_MAX`, commands of one commit | 1,024 | the next commit takes the rest |
//! | `CONNECT_WITHIN`, connecting to a server | 5 s, tried again after 0.1 s to 5 s | [`JournalError::Unreachable`] |
//! | `BATCH_WITHIN`, `COMMIT_WITHIN`, the answer of a server | 10 s each | the connection is given up |
//! | `OUTCOME_WITHIN`, a lost answer to a commit | 10 s | [`JournalError::OutcomeUnknown`], asked on |
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
//! | [`Locked`](JournalError::Locked): another program has the file, or rows of the tables | nothing is recorded; what should go is taken out later | when it is free |
//! | [`Unreachable`](JournalError::Unreachable), [`InUseOn`](JournalError::InUseOn) after that: the server, or the way to it | the same | when the server answers |
//! | [`OutcomeUnknown`](JournalError::OutcomeUnknown) | nothing is recorded before it is known | when the server answers |
//! | [`LostCommits`](JournalError::LostCommits) | nothing is recorded | with a restart; then mark everything, and fill anew |
//! | [`Busy`](JournalError::Busy): the disk is too slow | some marks are refused | when the queue is shorter |
//! | [`Corrupt`](JournalError::Corrupt) | nothing is recorded; the next start is refused, too | with a copy of the files, or a new migration from `off` |
//!
//! # When a file is full
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
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod inside;
mod limits;
mod lingering;
mod marking;
mod model;
#[cfg(test)]
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod model_run;
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod room;
mod running;
#[cfg(test)]
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod scripted;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod server;
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
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) use inside::Inside;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub use inside::{Marked, MarksInside, TransactionMark};
pub use limits::Limits;
pub use lingering::{MarkBy, STANDING_ROWS_MAX};
pub use model::*;
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
pub use room::RESERVE_BYTES;
pub(crate) use running::RunningMark;
#[cfg(test)]
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
pub(crate) use scripted::{Fate, scripted};
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub use server::{OUTCOME_WITHIN, SCOPE_BYTES_MAX};
#[cfg(feature = "sqlite")]
pub use sqlite::DISK_RESERVE_BYTES;
pub use state::{AUDIT_LINES_MAX, JournalState};
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
pub use writer::{BATCH_COMMANDS_MAX, QUEUE_COMMANDS_MAX};
