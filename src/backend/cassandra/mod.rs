//! Cassandra as a store, through the driver `scylla`.
//!
//! ```no_run
//! use crossfade::backend::cassandra::{Cassandra, CassandraError, Statement};
//! use crossfade::data::Stamp;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let cassandra = Cassandra::open("cassandra://127.0.0.1:9042/billing").await?;
//!
//! // Prepared once, when it is used first.
//! let read = cassandra.reads("SELECT document FROM invoices WHERE customer_id = ? AND id = ?");
//! let replace = cassandra.replaces("INSERT INTO invoices (customer_id, id, document) VALUES (?, ?, ?) USING TIMESTAMP ?");
//! let delete = cassandra.replaces("DELETE FROM invoices USING TIMESTAMP ? WHERE customer_id = ? AND id = ?");
//!
//! // For a `RecordStore`: on the session for background work.
//! let (customer, id, now): (i64, i64, Stamp) = (42, 1001, 0);
//! let document: Option<(String,)> = read.background().one((customer, id)).await?;
//! replace.background().run((customer, id, "{}", now)).await?;
//! delete.background().run((now, customer, id)).await?;
//! # Ok(()) }
//! ```
//!
//! # Stamps
//!
//! Cassandra keeps stamps by itself: each cell has the microseconds of its write, the larger ones win, and a delete leaves a
//! tombstone. So a [`replace`](crate::data::RecordStore::replace) is an upsert `USING TIMESTAMP` of **every** column of the record,
//! `NULL` for those that it does not have, and a delete `USING TIMESTAMP` of the row. What has to be right:
//!
//! - A collection that is not frozen is many cells and a range delete: keep it `frozen`, or in rows under a range delete at
//!   `stamp - 1` and inserts at `stamp`, since a tombstone wins an equal stamp.
//! - A value that is left unset keeps its old cell with its old stamp. Bind `NULL`, not `Unset`.
//! - A tombstone is forgotten after `gc_grace_seconds` (ten days), and so must every late copy be: no copy waits that long.
//! - No stamps of yours on conditional (`IF`) statements and counters: Cassandra stamps these itself.
//!
//! ```
//! // Wrong: a field that the record lost stays behind, with its old stamp.
//! let wrong = "UPDATE invoices USING TIMESTAMP ? SET total = ? WHERE customer_id = ? AND id = ?";
//! // Right: every column of the record, each time.
//! let right = "INSERT INTO invoices (customer_id, id, total, state, lines) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?";
//! # let _ = (wrong, right);
//! ```
//!
//! # Consistency
//!
//! `QUORUM` for reads and writes, `SERIAL` for conditional ones, by default: a read of the authority has to see every
//! acknowledged write. [`Builder::consistency`] changes it, for example to `LOCAL_QUORUM` where all traffic, also that of
//! copies, goes to one data centre.
//!
//! # Two sessions
//!
//! Copies, repairs, fill and shadow reads have a session, and so connections, of their own. A [`Statement`] runs on that for
//! callers, in a shadow read on the other one, and [`background`](Statement::background) is for a
//! [`RecordStore`](crate::data::RecordStore).
//!
//! # What an error means
//!
//! | | a statement of the request path | a conditional one |
//! |---|---|---|
//! | not sent: no connection, values that do not fit, cannot be prepared | rejected | rejected |
//! | syntax, unknown table, no permission, invalid | rejected | rejected |
//! | `Unavailable` | rejected: the coordinator asked nobody | unknown: the value may be agreed on already |
//! | still bootstrapping | rejected | rejected |
//! | `WriteTimeout`, of every write type; `WriteFailure` | unknown: a replica may have it, hints and the batch log may bring it later | unknown |
//! | `Overloaded`, server error, a client timeout, a broken connection | unknown | unknown |
//!
//! Writes of the request path are sent once: an error of a second try would say nothing of the first. Reads and replaces are
//! idempotent, and the driver tries them again.
//!
//! # When a write may still land
//!
//! A *copy* that lands late loses by its stamp, whenever that is. A write of the request path in `ramp_down` is another matter:
//! after a timeout a hint may bring it to the last replicas hours later (`max_hint_window`, 3 h). Quorum reads do not see it
//! before it is on a majority, and a read that sees it repairs it. To bound it, write conditionally (`IF`): a later conditional
//! write or read of that row first ends what was begun.
//!
//! # Pages
//!
//! Cassandra's order of partitions is that of their tokens. So a page of a group is keyset over the clustering column, and a walk
//! over everything is first the rest of the group, then the groups behind its token:
//!
//! ```text
//! SELECT .. WHERE customer_id = ? AND id > ? LIMIT ?                  -- a page of a group, and the rest of one
//! SELECT .. WHERE token(customer_id) > token(?) LIMIT ?               -- the groups behind it
//! ```
//!
//! Two partition keys with one token would be taken for one by this: of a million random keys one pair in 10^7 such tables.
//! [`Walk`] does it, and starts from the lowest token.

mod builder;
mod connect;
mod error;
mod outcome;
mod session;
mod statement;
mod walk;

pub use builder::Builder;
pub use error::{CassandraError, OpenError};
pub use session::Cassandra;
pub use statement::{Background, Statement};
pub use walk::Walk;
