//! MariaDB, MySQL, PostgreSQL and SQLite files as stores, through sqlx.
//!
//! ```no_run
//! use crossfade::backend::sql::MySql;
//! use crossfade::data::{ClassifyOutcome, Outcome};
//! # use crossfade::{Refused, route::RoutingConfig};
//! # #[derive(Clone)] struct Get(i64);
//! # #[derive(Debug, thiserror::Error)] enum Error {
//! #     #[error(transparent)] Sql(#[from] sqlx::Error),
//! #     #[error(transparent)] Refused(#[from] Refused),
//! # }
//! # async fn example(config: RoutingConfig) -> Result<(), Box<dyn std::error::Error>> {
//! let mysql = MySql::open("mysql://app@127.0.0.1:3306/billing").await?;
//! mysql.check_late_bound(config.late_bound.legacy)?;
//!
//! // The request path: a tower service, for the stack.
//! let legacy = mysql.service(|pool, Get(id): Get| async move {
//!     let total: Option<i64> =
//!         sqlx::query_scalar("SELECT total_cents FROM invoices WHERE id = ?").bind(id).fetch_optional(&pool).await?;
//!     Ok::<_, Error>(total)
//! });
//!
//! // The copies: a `RecordStore` of yours that holds `mysql` and runs its statements on the pool for background work.
//! let background = mysql.background();
//! # let (_, _) = (legacy, background);
//! # Ok(()) }
//! ```
//!
//! # A record as a row
//!
//! Where a record is one row, a [`Table`] says how, and [`Statements`] are what a
//! [`RecordStore`](crate::data::RecordStore) runs. What is left to write is what a row means:
//!
//! ```no_run
//! use crossfade::backend::sql::{BoundQuery, MySql, StampedRow, Statements, Table};
//! use crossfade::data::{DataSet, FoundKeys, Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord};
//! # struct Invoices;
//! # #[derive(Clone)] struct Invoice { total: i64, state: String }
//! # impl DataSet for Invoices {
//! #     type Group = i64; type Item = i64; type Record = Invoice;
//! #     fn same(_: &Invoice, _: &Invoice) -> bool { true }
//! # }
//!
//! #[derive(Clone)]
//! struct InMySql {
//!     store: MySql,
//!     invoices: Statements<sqlx::MySql, Invoices>,
//! }
//!
//! /// The columns of the key, and those of the table's description in their order.
//! type Row = (i64, i64, i64, String);
//!
//! impl InMySql {
//!     async fn open(url: &str) -> Result<Self, Box<dyn std::error::Error>> {
//!         let table = Table::new("invoices", "customer_id", "id", ["total_cents", "state"]);
//!         Ok(Self { store: MySql::open(url).await?, invoices: MySql::table(&table) })
//!     }
//! }
//!
//! fn columns(query: BoundQuery<sqlx::MySql>, invoice: &Invoice) -> BoundQuery<sqlx::MySql> {
//!     query.bind(invoice.total).bind(&invoice.state)
//! }
//!
//! fn invoice((_, _, total, state): Row) -> Invoice {
//!     Invoice { total, state }
//! }
//!
//! impl RecordStore for InMySql {
//!     type Data = Invoices;
//!     type Error = sqlx::Error;
//!     const KEEPS_STAMPS: bool = false; // true with `Table::stamped`
//!
//!     async fn read(&self, key: &RecordKey<Invoices>, _: Stamp) -> sqlx::Result<StampedRecord<Invoices>> {
//!         let read = self.invoices.read_stamped(key).fetch_one(self.store.background()).await?;
//!         Ok((read.stamp, read.row.map(invoice)))
//!     }
//!
//!     async fn replace(&self, key: &RecordKey<Invoices>, record: Option<&Invoice>, stamp: Stamp) -> sqlx::Result<()> {
//!         let query = match record {
//!             Some(record) => columns(self.invoices.replace(key, stamp), record),
//!             None => self.invoices.delete(key, stamp),
//!         };
//!         query.execute(self.store.background()).await.map(drop)
//!     }
//!
//!     async fn page(
//!         &self,
//!         group: Option<&i64>,
//!         after: Option<&RecordKey<Invoices>>,
//!         limit: usize,
//!         now: Stamp,
//!     ) -> sqlx::Result<Page<Invoices>> {
//!         let rows = self.invoices.page_stamped(group, after, limit).fetch_all(self.store.background()).await?;
//!         let (stamp, rows) = StampedRow::page(rows, now);
//!         Ok(Page { stamp, records: rows.into_iter().map(|row: Row| ((row.0, row.1).into(), invoice(row))).collect() })
//!     }
//!
//!     // These two are optional, and make the second walk of a fill several times as fast.
//!     async fn page_of_keys(
//!         &self,
//!         group: Option<&i64>,
//!         after: Option<&RecordKey<Invoices>>,
//!         limit: usize,
//!     ) -> sqlx::Result<Vec<RecordKey<Invoices>>> {
//!         self.invoices.page_of_keys(group, after, limit).fetch_all(self.store.background()).await
//!     }
//!
//!     async fn existing_keys(&self, keys: &[RecordKey<Invoices>]) -> sqlx::Result<FoundKeys<Invoices>> {
//!         self.invoices.existing_keys(self.store.background(), keys).await.map(Some)
//!     }
//!
//!     fn outcome(error: &sqlx::Error) -> Outcome {
//!         MySql::outcome(error)
//!     }
//! }
//! ```
//!
//! Where a record is more than a row, statements of your own read and replace it, and the last two can still be those of a table that
//! has a row for each record: `Table::new("invoices", "customer_id", "id", [""; 0])`.
//!
//! [`SqlStore::check_table`] prepares all of its statements at the start. What they take care of, and statements of your
//! own have to:
//!
//! ```
//! // Wrong: deletes the row and inserts another one, without the columns that the service does not know.
//! let wrong = "REPLACE INTO invoices (customer_id, id, total_cents) VALUES (?, ?, ?)";
//! // Right.
//! let right = "INSERT INTO invoices (customer_id, id, total_cents) VALUES (?, ?, ?)
//!     ON DUPLICATE KEY UPDATE total_cents = VALUES(total_cents)";
//! # let (_, _) = (wrong, right);
//! ```
//!
//! - **Another unique key.** In MariaDB `ON DUPLICATE KEY UPDATE` changes whatever row *any* unique key found, also that of
//!   another record. Here that is an error, `Column .. cannot be null`, and the copy stays a mark. Copies come in no order, so
//!   in the table that they go to a second unique key makes copies wait for each other, and two records that swapped
//!   their values never get there: drop it until that store decides.
//! - **Values that do not fit.** A MariaDB that is not in strict mode cuts texts and rounds numbers, silently. Connections for
//!   background work are strict whatever the server is set to, those for callers are as the server is set.
//! - **Keys as text** are compared by their collation: where that ignores case, `a` and `A` are one key. The pages of a group
//!   have its order, which has to be that of the other store. Make key columns `COLLATE utf8mb4_bin` in MariaDB, `COLLATE "C"` in
//!   PostgreSQL: these are the order of Cassandra, too. A key that is longer than its column or the index allows is an error, and rejected.
//! - **Stamps** come from a clock that is read before the statement reads: `UTC_TIMESTAMP(6)` in MariaDB,
//!   `transaction_timestamp()` in PostgreSQL. `SYSDATE()` and `clock_timestamp()` are later. So is PostgreSQL's
//!   `statement_timestamp()`: a statement reads what was committed when it was *bound*, and that clock is set once more when it
//!   is executed. In a transaction all of them say nothing of what it sees, so stamped reads stay outside.
//! - **A page** is keyset. MariaDB compares rows, `(customer_id, id) > (?, ?)`, without a range of the index, and reads from
//!   the start of the table; `customer_id > ? OR (customer_id = ? AND id > ?)` reads what it returns.
//! - **Many keys** are looked up one by one in the index of the primary key, in one statement: in MariaDB by
//!   `(customer_id, id) IN ((?, ?), ..)`, in the other two by a join with a list of values. Lists are filled up to four lengths, so
//!   a connection prepares four statements at most.
//! - **SQLite's columns** take a value of any type and length, unless the table is `STRICT`.
//! - **PostgreSQL's texts** hold no zero byte. One that comes from MariaDB or Cassandra is rejected.
//!
//! # A file
//!
//! With the feature `sqlite`, [`Sqlite`] is a store in a file: for a small service, and for trying a migration where there is no
//! server. It is what the other two are, with these differences:
//!
//! - **Stamps** of reads are the gateway's: SQLite looks at the clock after a statement has begun to read, and a stamp that is
//!   younger than its read lets an old copy win. So [`read_stamped`](Statements::read_stamped) is not there; give back
//!   the stamp `now` that [`read`](crate::data::RecordStore::read) and [`page`](crate::data::RecordStore::page) get.
//! - **One process** has the file, and so one gateway. Several on one machine wait for each other's locks, and a file on a network
//!   drive has no locks that can be trusted.
//! - **One writer at a time**: another one waits, up to [`statement_timeout`](Builder::statement_timeout) (`busy_timeout`), and is
//!   then rejected. A transaction that reads before it writes begins with `BEGIN IMMEDIATE`; otherwise it is rejected at once when
//!   somebody wrote in between. Readers wait for nobody (WAL).
//! - **What runs is not ended**: only waiting is bounded, so a statement that works for long lands however late.
//! - A commit is on the disk when it is answered (`synchronous = FULL`, SQLite's default).
//!
//! ```
//! use crossfade::backend::sql::{Sqlite, Statements, Table};
//! use crossfade::data::{RecordKey, Stamp, StampedRecord};
//! # use crossfade::data::DataSet;
//! # struct Invoices;
//! # impl DataSet for Invoices {
//! #     type Group = i64; type Item = i64; type Record = i64;
//! #     fn same(a: &i64, b: &i64) -> bool { a == b }
//! # }
//!
//! async fn read(
//!     store: &Sqlite,
//!     invoices: &Statements<sqlx::Sqlite, Invoices>,
//!     key: &RecordKey<Invoices>,
//!     now: Stamp,
//! ) -> sqlx::Result<StampedRecord<Invoices>> {
//!     let row: Option<(i64, i64, i64)> = invoices.read(key).fetch_optional(store.background()).await?;
//!     Ok((now, row.map(|(_, _, total)| total)))
//! }
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("billing.db");
//! # let url = format!("sqlite:{}?mode=rwc", file.display());
//!
//! let store = Sqlite::open(&url).await?; // sqlite:billing.db?mode=rwc
//! let table = Table::new("invoices", "customer_id", "id", ["total_cents"]).stamped("stamp", "deleted");
//! let invoices = Sqlite::table(&table);
//! # sqlx::raw_sql("CREATE TABLE invoices (customer_id INTEGER, id INTEGER, total_cents INTEGER,
//! #     stamp INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT FALSE, PRIMARY KEY (customer_id, id))")
//! #     .execute(store.background()).await?;
//! # let key = (42, 1001).into();
//! # invoices.replace(&key, 7).bind(500).execute(store.background()).await?;
//! assert_eq!(read(&store, &invoices, &key, 9).await?, (9, Some(500)));
//! # Ok(()) }
//! ```
//!
//! ```compile_fail,E0277
//! # use crossfade::backend::sql::Statements;
//! # use crossfade::data::{DataSet, RecordKey};
//! # struct Invoices;
//! # impl DataSet for Invoices {
//! #     type Group = i64; type Item = i64; type Record = i64;
//! #     fn same(a: &i64, b: &i64) -> bool { a == b }
//! # }
//! # fn read(invoices: &Statements<sqlx::Sqlite, Invoices>, key: &RecordKey<Invoices>) {
//! let wrong = invoices.read_stamped::<(i64, i64, i64)>(key); // does not compile: SQLite has no such clock
//! # }
//! ```
//!
//! # Two pools
//!
//! Copies, repairs, fill and shadow reads have a pool of their own ([`SqlStore::background`]), so that a fill in full swing
//! leaves callers the connections that they had. A handler gets the right one: that for callers, or in a shadow read that
//! for background work.
//!
//! # When a write may still land
//!
//! A client that gives up does not stop a server. So each connection asks the server to end statements itself:
//!
//! | | MariaDB | PostgreSQL |
//! |---|---|---|
//! | a statement, [`statement_timeout`](Builder::statement_timeout) | `max_statement_time` | `statement_timeout` |
//! | waiting for a row lock, the same | `innodb_lock_wait_timeout` | `lock_timeout` |
//! | a transaction whose client is silent | `idle_transaction_timeout`, in whole seconds | `idle_in_transaction_session_timeout` |
//!
//! A request that takes longer than [`deadline`](Builder::deadline) is given up. Its connection stays taken until the server has
//! answered the statement that runs, or it is ended; then its transaction is rolled back. A statement that it sent at the last
//! moment ends within `statement_timeout` after that: this is [`SqlStore::lands_within`], and
//! [`check_late_bound`](SqlStore::check_late_bound) compares it with the routing config.
//!
//! What nothing here bounds exactly:
//!
//! - **A request that is kept and not polled**, in an arm of a `select!` that takes long, say. It sends nothing more after its
//!   deadline, but until it is polled or dropped it keeps its connection, the locks of its transaction (SQLite has one for all writers;
//!   MariaDB and PostgreSQL end a silent transaction after `statement_timeout`) or its place among those that wait for a
//!   connection.
//! - **A server that stands still** (SIGSTOP, a frozen virtual machine, a disk that hangs) executes what it had received when
//!   it goes on. Keep the late bound above the longest standstill that you have seen, or fence the server before it comes
//!   back.
//! - **MySQL** proper has no `max_statement_time` for writes; only the lock wait is bounded there, and nothing ends a
//!   transaction whose client is silent. Tested is MariaDB.
//! - **`COMMIT`** is no statement that a timeout ends. It waits for the disk, and with semi-synchronous replication for a
//!   replica.
//!
//! What a request of a [`service`](SqlStore::service) still runs there, its `COMMIT` included, is looked for once it was given up.
//! Statements of copies, on the pool for background work, are not: they have the bounds above, and a mark.
//!
//! # What runs past its deadline
//!
//! After a request of a [`service`](SqlStore::service) was given up at its deadline, one task for each store looks every 500 ms at
//! the server's list of processes (`information_schema.PROCESSLIST`, `pg_stat_activity`), on a connection of its own. Each
//! connection of the pool for callers that does one thing for longer than `deadline` is ended there (`KILL CONNECTION`,
//! `pg_terminate_backend`); and it is looked again until none does anything that it began before the request was given up. Then
//! nothing of that request lands any more, unless it is still on its way in the network. It needs no right but the user's own.
//!
//! | | at the limit |
//! |---|---|
//! | a statement that was sent at the last moment is ended when it has run for `deadline` itself; MariaDB counts seconds on its clock, so up to 2 s later | - |
//! | `deadline` + 30 s after the request was given up, for a rollback that takes its time | a warning, and [`unconfirmed`](OverdueCounts::unconfirmed) |
//! | a look, connecting included: 5 s | the next look tries again |
//! | connections that are known: 8 for each one of the pool; those that are gone leave when the list is read | one that is not known is never ended, and whatever is looked for is unconfirmed |
//!
//! [`SqlStore::overdue`] has the counts. What is confirmed has ended; whether it was applied, nobody knows: its outcome stays
//! unknown, and its mark waits the late bound.
//!
//! **Who is never ended.** sqlx does not say which connection a request uses, so it is told by time alone: no request within its
//! deadline does anything for longer than it. That holds for whatever runs on the pool for callers: a report or a migration of
//! the schema that takes longer than `deadline` belongs on a pool of its own. Connections of the pool for background work are
//! left alone, however long a page takes, and so are those of everybody else: a connection is known by its id and, since ids come
//! again when a server is started again, by what another one cannot have too - the port of its client in MariaDB, the moment
//! when it began in PostgreSQL. (MariaDB's connections over a Unix socket have no port, and are not known.) A statement
//! may end by itself just when it is to be ended, and its connection be given to the next request: so while connections
//! are ended, those that rest in the pool are closed in place of being given out, and whoever takes one that had rested since asks
//! it first. Should one slip through all the same, its request fails with an unknown outcome, and no data is wrong.
//!
//! **A proxy** that gives one connection of the server to several clients (PgBouncer's transaction mode, multiplexing in ProxySQL)
//! breaks this, as it breaks settings of the session, and so does one address with several servers behind it (a balancer before
//! a cluster, a name with several addresses): the list of one server says nothing of what runs on another, and what is not in it
//! counts as gone. Switch it off there with [`Builder::ends_overdue`].
//!
//! A connection that the server did not name when it was made leaves everything that is looked for unconfirmed until the store is
//! opened anew.
//!
//! ```no_run
//! # use crossfade::backend::sql::{MySql, OpenError};
//! # async fn example() -> Result<(), OpenError> {
//! let mysql = MySql::open("mysql://app@127.0.0.1:3306/billing").await?;
//! let overdue = mysql.overdue();
//! println!("{} ended, {} times in doubt", overdue.ended, overdue.unconfirmed);
//! # Ok(()) }
//! ```
//!
//! # What an error means
//!
//! [`SqlStore::outcome`] says it for every error of the driver, and only calls [`Rejected`](crate::data::Outcome::Rejected)
//! what surely changed nothing: an error that the server reports for a statement that it then rolls back, a connection that
//! was never had. A broken connection, a server that shuts down, a deadline: unknown.
//!
//! ```
//! # use crossfade::{backend::sql::MySql, data::Outcome};
//! # fn outcomes(error: sqlx::Error) -> Outcome {
//! // Wrong: a connection that broke after COMMIT was sent has perhaps committed.
//! if matches!(error, sqlx::Error::Io(_)) { return Outcome::Rejected; }
//! // Right.
//! MySql::outcome(&error)
//! # }
//! ```
//!
//! It speaks of a request whose error comes from the statement that failed. A handler that goes on after a failed statement,
//! or writes outside of one transaction, knows better itself.
//!
//! # What sqlx does, and what is done about it
//!
//! - The pool pings a connection before it gives it out and after it came back: two round trips a statement. The first is
//!   switched off here; a connection that broke while it rested is an error of the statement, [`Io`](sqlx::Error::Io), and so unknown.
//! - A query future that is dropped in the middle of a packet leaves a MySQL connection out of step, and the pool then asks it
//!   for ever whether it is alive. A handler goes on in a task of its runtime when its caller goes away, so nothing is dropped then; what is
//!   dropped at a deadline is noted, and for 10 s after it each connection that comes back has `statement_timeout` and a second to
//!   answer, or is closed.
//! - A statement that is not in the cache of prepared statements costs round trips. Write few statements, and bind.
//! - MariaDB's default character set is latin1. sqlx asks for utf8mb4 on its connections; create tables with it, too.

mod check;
mod dialect;
mod error;
mod keys;
#[cfg(feature = "mysql")]
mod mysql;
mod open;
mod overdue;
mod own_writes;
mod place;
#[cfg(feature = "postgres")]
mod postgres;
mod replaces;
mod service;
mod settings;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stamped_row;
mod statements;
mod store;
mod syntax;
mod table;
mod text;
mod text_of_keys;
mod texts;
mod writes;

pub use check::Reads;
pub use dialect::{Dialect, StampsReads};
pub use error::OpenError;
pub use overdue::OverdueCounts;
pub use service::{ResponseFuture, SqlService};
pub use settings::Builder;
pub use stamped_row::StampedRow;
pub use statements::{BoundQuery, BoundRead, Statements};
pub use store::SqlStore;
pub use syntax::Syntax;
pub use table::Table;

/// A store in MariaDB or MySQL.
#[cfg(feature = "mysql")]
pub type MySql = SqlStore<sqlx::MySql>;

/// A store in PostgreSQL.
#[cfg(feature = "postgres")]
pub type Postgres = SqlStore<sqlx::Postgres>;

/// A store in a SQLite file: see the [module docs](self#a-file).
#[cfg(feature = "sqlite")]
pub type Sqlite = SqlStore<sqlx::Sqlite>;
