//! MariaDB, MySQL and PostgreSQL as stores, through sqlx.
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
//! | a transaction whose client is silent | the server notices that the connection is gone | `idle_in_transaction_session_timeout` |
//!
//! A request that takes longer than [`deadline`](Builder::deadline) is given up, and its connection is closed. Its last
//! statement ends within `statement_timeout` after that; [`SqlStore::lands_within`] is the sum, and
//! [`check_late_bound`](SqlStore::check_late_bound) compares it with the routing config.
//!
//! What nothing here bounds:
//!
//! - **A server that stands still** (SIGSTOP, a frozen virtual machine, a disk that hangs) executes what it had received when
//!   it goes on. Keep the late bound above the longest standstill that you have seen, or fence the server before it comes
//!   back.
//! - **MySQL** proper has no `max_statement_time` for writes; only the lock wait is bounded there. Tested is MariaDB.
//! - **`COMMIT`** is no statement that a timeout ends. It waits for the disk, and with semi-synchronous replication for a
//!   replica.
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
//! - A query future that is dropped in the middle of a packet leaves a MySQL connection out of step. A handler runs in a task
//!   of its own, so a caller that goes away drops nothing.
//! - A statement that is not in the cache of prepared statements costs round trips. Write few statements, and bind.
//! - MariaDB's default character set is latin1. sqlx asks for utf8mb4 on its connections; create tables with it, too.

mod dialect;
mod error;
#[cfg(feature = "mysql")]
mod mysql;
mod open;
mod own_writes;
mod place;
#[cfg(feature = "postgres")]
mod postgres;
mod service;
mod settings;
mod stamped_row;
mod statements;
mod store;
mod syntax;
mod table;
mod text;
mod texts;
mod writes;

pub use dialect::Dialect;
pub use error::OpenError;
pub use service::{ResponseFuture, SqlService};
pub use settings::Builder;
pub use stamped_row::StampedRow;
pub use statements::{BoundQuery, BoundRead, Statements};
pub use store::{Reads, SqlStore};
pub use syntax::Syntax;
pub use table::Table;

/// A store in MariaDB or MySQL.
#[cfg(feature = "mysql")]
pub type MySql = SqlStore<sqlx::MySql>;

/// A store in PostgreSQL.
#[cfg(feature = "postgres")]
pub type Postgres = SqlStore<sqlx::Postgres>;
