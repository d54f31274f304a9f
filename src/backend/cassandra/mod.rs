//! Cassandra as a store, through the driver `scylla`.
//!
//! ```no_run
//! use crossfade::backend::cassandra::{Cassandra, Statement, Walk};
//! use crossfade::data::Stamp;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let cassandra = Cassandra::open("cassandra://127.0.0.1:9042/billing").await?;
//!
//! // Prepared once, when they are used first; `check` prepares them at the start.
//! let read: Statement<(String,)> = cassandra.reads("SELECT document FROM invoices WHERE customer_id = ? AND id = ?");
//! let replace = cassandra.replaces("INSERT INTO invoices (customer_id, id, document) VALUES (?, ?, ?) USING TIMESTAMP ?");
//! let delete = cassandra.replaces("DELETE FROM invoices USING TIMESTAMP ? WHERE customer_id = ? AND id = ?");
//! let invoices: Walk<(i64, i64, String)> = cassandra.walk("invoices", "customer_id", "id", &["document"]);
//! tokio::try_join!(read.check(), replace.check(), delete.check(), invoices.check())?;
//!
//! // For callers.
//! let (customer, id, stamp): (i64, i64, Stamp) = (42, 1001, 0);
//! let document: Option<(String,)> = read.one((customer, id)).await?;
//!
//! // For a `RecordStore`: on the session for background work.
//! replace.background().run((customer, id, "{}", stamp)).await?;
//! delete.background().run((stamp, customer, id)).await?;
//! let first_page = invoices.page::<i64, i64>(None, None, 100).await?;
//! # let (_, _) = (document, first_page);
//! # Ok(()) }
//! ```
//!
//! # The request path
//!
//! [`Cassandra::service`] makes a tower service of a function, for the stack. What is dropped in the middle of it leaves no
//! connection out of step, and each statement has its [`deadline`](Builder::deadline), so a request needs no task of its own:
//!
//! ```no_run
//! use crossfade::backend::cassandra::{Cassandra, CassandraError, Statement};
//!
//! # struct Get(i64, i64);
//! # fn example(cassandra: &Cassandra) {
//! let read: Statement<(String,)> = cassandra.reads("SELECT document FROM invoices WHERE customer_id = ? AND id = ?");
//! let target = cassandra.service(move |_, Get(customer, id): Get| {
//!     let read = read.clone();
//!     async move { Ok::<_, CassandraError>(read.one((customer, id)).await?) }
//! });
//! # let _ = target;
//! # }
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
//! - No stamps of yours on conditional (`IF`) statements and counters: Cassandra stamps these itself, with the clock of the
//!   node that coordinates. [`Cassandra::clock`] asks the nodes for it: give it to
//!   [`RecordStore::clock`](crate::data::RecordStore::clock).
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
//! Copies, repairs, fill and shadow reads have a session of their own, with its connections and its execution profile, whose
//! timeout is [`Builder::background_deadline`]; all else is as for callers. A [`Statement`] runs on the session for callers, in a shadow read on the other one, and [`background`](Statement::background) is for a
//! [`RecordStore`](crate::data::RecordStore).
//!
//! # A target that is down at the start
//!
//! [`Builder::open_lazy`] connects in the background, with pauses from a quarter of a second to 15 s, until it is connected or
//! the store is dropped. Until then statements fail at once, as rejected; that it is not connected, and then that it is, is
//! logged once each. A node that goes away later is the driver's matter, which reconnects by itself.
//!
//! # What an error means
//!
//! | | [`writes`](Cassandra::writes) | [`writes_if`](Cassandra::writes_if) | [`replaces`](Cassandra::replaces) |
//! |---|---|---|---|
//! | values that do not fit, cannot be prepared, not connected yet | rejected | rejected | rejected |
//! | syntax, unknown table, no permission, invalid; no connection | rejected | rejected | unknown |
//! | `Unavailable` | rejected: the coordinator asked nobody | unknown, unless of the first round: the value may be agreed on already | unknown |
//! | still bootstrapping | rejected | rejected | unknown |
//! | `WriteTimeout`, of every write type; `WriteFailure` | unknown: a replica may have it, hints and the batch log may bring it later | unknown | unknown |
//! | `Overloaded`, server error, a client timeout, a broken connection | unknown | unknown | unknown |
//!
//! Writes of the request path are sent once: the error of a second try would say nothing of the first. Reads and replaces are
//! idempotent, and the driver tries them again on other nodes; so the error of a replace is that of its last try alone. A
//! [`CassandraError`] knows how its statement was sent. One that you make of the driver's own error does not, and is
//! read as carefully as a replace.
//!
//! # Keys
//!
//! A key of no bytes at all, and one of more than 65,535 bytes, are `Invalid` in Cassandra: such a record cannot be copied to
//! it, and becomes a dead letter. An empty *clustering* key is allowed.
//!
//! # When a write may still land
//!
//! A *copy* that lands late loses by its stamp, whenever that is. A write of the request path in `ramp_down` is another matter:
//! after a timeout a hint may bring it to the last replicas hours later (`max_hint_window`, 3 h). Quorum reads do not see it
//! before it is on a majority, and a read that sees it repairs it. To bound it, write conditionally (`IF`): a later conditional
//! write of that partition first ends what was begun, and so does a read with [`Cassandra::reads_serially`].
//!
//! # Pages
//!
//! Cassandra's order of partitions is that of their tokens. So a page of a group is keyset over the clustering column, and a walk
//! over everything is first the rest of the group, then the groups behind its token, from the lowest one on:
//!
//! ```text
//! SELECT .. WHERE customer_id = ? AND id > ? LIMIT ?                  -- a page of a group, and the rest of one
//! SELECT .. WHERE token(customer_id) > token(?) LIMIT ?               -- the groups behind it
//! ```
//!
//! [`Walk`] does it. [`Keys`] does it for the keys alone, and looks for many keys at once, so that the second walk of a fill reads
//! no records:
//!
//! ```text
//! SELECT customer_id, id .. WHERE customer_id = ? AND id IN ?         -- those of a group, 16 groups at once
//! ```
//!
//! Two groups with one token would be taken for one, and the second left out: by chance that is one pair in
//! 37 million tables of a million groups, one in 37 of a billion.

mod builder;
mod clock;
mod connect;
mod error;
mod in_time;
mod keys;
mod outcome;
mod place;
mod prepared;
mod service;
mod session;
mod statement;
mod walk;

pub use builder::Builder;
pub use error::{CassandraError, OpenError};
pub use keys::Keys;
pub use outcome::Sent;
pub use service::CassandraService;
pub use session::Cassandra;
pub use statement::{Applied, ReadsRow, Statement};
pub use walk::Walk;
