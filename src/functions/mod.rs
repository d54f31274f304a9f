//! [`Functions`]: repository functions that exist, called through the stack. The second of the three ways in.
//!
//! A service has functions for its storage already, one for each store. Each call is wrapped: it says what it reads or
//! writes, and gives a closure for either store. The closure of the store that the stage names is called; what a write
//! has named is copied to the other store as a record, so that no function runs twice.
//!
//! ```
//! use crossfade::Migration;
//! use crossfade::copy::Copier;
//! use crossfade::data::{Group, Key};
//! use crossfade::functions::Functions;
//! use crossfade::reconcile::Reconciler;
//! # use crossfade::{journal::Journal, route::{Asked, RoutingConfig, RoutingHandle, Stage}};
//! # use crossfade::test_util::{MemoryStore, Number, Plain, Stamped, StoreError};
//! # type MySql = MemoryStore<Plain>;
//! # type Cassandra = MemoryStore<Stamped>;
//! # macro_rules! functions { ($store:ty) => {
//! #     pub async fn pay(store: $store, id: i64) -> Result<u64, StoreError> {
//! #         let add = Request::Increment { group: 42, item: id, by: 1 };
//! #         Ok(store.oneshot(add).await?.record().map_or(0, |number| number.version))
//! #     }
//! #     pub async fn find(store: $store, id: i64) -> Result<Option<Number>, StoreError> {
//! #         Ok(store.oneshot(Request::Get { group: 42, item: id }).await?.record().cloned())
//! #     }
//! #     pub async fn open(store: $store, invoice: i64) -> Result<i64, StoreError> {
//! #         let create = Request::Create { group: invoice, record: Number::new(0, "open") };
//! #         Ok(store.oneshot(create).await?.created().unwrap_or(0))
//! #     }
//! # } }
//! # mod mysql { use {super::*, crossfade::test_util::Request, tower::ServiceExt}; functions!(MySql); }
//! # mod cassandra { use {super::*, crossfade::test_util::Request, tower::ServiceExt}; functions!(Cassandra); }
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let (mysql_pool, cassandra_session) = (MemoryStore::legacy(), MemoryStore::target());
//! # let (mysql_records, cassandra_records) = (mysql_pool.clone(), cassandra_session.clone());
//! # let (seen_mysql, seen_cassandra) = (mysql_pool.clone(), cassandra_session.clone());
//!
//! let copier = Copier::new(routing, mysql_records, cassandra_records); // two `RecordStore`s: copies need them
//! let reconciler = Reconciler::new(copier).spawn();
//! let payments: Functions<MySql, Cassandra, StoreError> =
//!     Migration::builder(routing, copier).functions(mysql_pool, cassandra_session).outcome(StoreError::outcome);
//! # let _drained = routing.move_to(Stage::DualWrite, Asked::by("ops", "the migration begins")).await?;
//!
//! // The id of a new payment is not known before: the call names its group, and `key` reads it from the answer.
//! let id = payments
//!     .create("open", Group::new(&42), |my| mysql::open(my, 42), |ca| cassandra::open(ca, 42), |id| Key::new(&42, id))
//!     .await?;
//! let key = || Key::new(&42, &id);
//! payments.write("pay", key(), move |my| mysql::pay(my, id), move |ca| cassandra::pay(ca, id)).await?;
//! let paid = payments.get("find", key(), move |my| mysql::find(my, id), move |ca| cassandra::find(ca, id)).await?;
//! assert_eq!(paid.unwrap().version, 1);
//! # assert_eq!(seen_mysql.same_as(&seen_cassandra), []);
//! # assert_eq!(seen_cassandra.records().len(), 1);
//! # reconciler.stop().await;
//! # Ok(()) }
//! ```
//!
//! Each closure gets a clone of what the functions need of its store - a pool, a session, a repository - and owns what
//! it captures: a write goes on when its caller goes away.
//!
//! | method | what it is for | closures |
//! |---|---|---|
//! | [`get`](Functions::get) | one record or none; falls back where the target has none | `Clone`: called again to compare |
//! | [`read`](Functions::read) | anything else of keys or a group | `Clone` |
//! | [`lookup`](Functions::lookup) | what has no key: by number, by e-mail; the authority's until the config enables it | `Clone` |
//! | [`write`](Functions::write) | any write whose keys are known before | called once, by the authority alone |
//! | [`create`](Functions::create) | a write whose key is known with the answer | called once |
//! | [`write_in_transaction`](Functions::write_in_transaction), [`create_in_transaction`](Functions::create_in_transaction) | the same, [marked by its own transaction](#a-transaction-that-marks-its-keys) | called once |
//!
//! # Before `ramp_down`
//! Until then the target is not asked to write, so [`functions_before_ramp_down`] gives a `Functions` with two methods
//! more, [`write_legacy`](Functions::write_legacy) and [`create_legacy`](Functions::create_legacy), which take no function
//! for it. That there are such calls is known when it is built, not when the first of them is made: no call site, however
//! rare, can be forgotten. A move to `ramp_down` is refused meanwhile by the name of the data set, also with force.
//!
//! Calls get their second function one by one, with `write` and `create`. In the end the service is built with
//! [`functions`], and the compiler names each call that still has none:
//!
//! ```
//! # use crossfade::Refused;
//! # use crossfade::data::Key;
//! use crossfade::functions::{BeforeRampDown, Functions};
//! # #[derive(Clone)] struct MySql;
//! # #[derive(Clone)] struct Cassandra;
//! # async fn my_pay(_: MySql) -> Result<(), Refused> { Ok(()) }
//! # async fn ca_pay(_: Cassandra) -> Result<(), Refused> { Ok(()) }
//! # fn key() -> Key { Key::new(&1, &1) }
//! type Before = Functions<MySql, Cassandra, Refused, BeforeRampDown>;
//! type After = Functions<MySql, Cassandra, Refused>;
//!
//! # fn pay(before: Before, after: After) {
//! let _ = before.write_legacy("pay", key(), my_pay);
//! let _ = before.write("pay", key(), my_pay, ca_pay);
//! let _ = after.write("pay", key(), my_pay, ca_pay);
//! # }
//! ```
//!
//! ```compile_fail,E0599
//! # use crossfade::Refused;
//! # use crossfade::data::Key;
//! # use crossfade::functions::Functions;
//! # #[derive(Clone)] struct MySql;
//! # #[derive(Clone)] struct Cassandra;
//! # async fn my_pay(_: MySql) -> Result<(), Refused> { Ok(()) }
//! # fn key() -> Key { Key::new(&1, &1) }
//! type After = Functions<MySql, Cassandra, Refused>;
//!
//! # fn pay(after: After) {
//! let _ = after.write_legacy("pay", key(), my_pay); // does not compile: no function for the target
//! # }
//! ```
//!
//! A process that is started in `ramp_down` or `complete` all the same, with such calls in it, logs an error and answers
//! each of them with [`Refused::NoTargetWrites`](crate::Refused::NoTargetWrites): nothing is written, and no mark is left.
//!
//! # A transaction that marks its keys
//! A write is marked before its function is called, and waits for that commit. Where the journal lies in the database of
//! legacy (features `mysql`, `postgres`), a function that has a transaction can make the mark in it, beside what it writes:
//! the two are one commit, so that none of them is there without the other, whatever becomes of it. The closure is
//! given what to mark, and gives back that it did; there is no way around that.
//!
//! ```no_run
//! # #[cfg(feature = "mysql")] mod example {
//! # use crossfade::{Refused, data::Key, functions::Functions, route::RoutingHandle};
//! # #[derive(Debug)] enum Error { Sql(sqlx::Error), Refused(Refused) }
//! # impl From<sqlx::Error> for Error { fn from(error: sqlx::Error) -> Self { Self::Sql(error) } }
//! # impl From<Refused> for Error { fn from(refused: Refused) -> Self { Self::Refused(refused) } }
//! # #[derive(Clone)] struct Cassandra;
//! # async fn ca_add_line(_: Cassandra, _: i64, _: i64) -> Result<(), Error> { Ok(()) }
//! use crossfade::journal::{Journal, Marked, TransactionMark};
//! use sqlx::MySqlPool;
//!
//! async fn add_line(my: MySqlPool, journal: &Journal, mark: TransactionMark, id: i64, cents: i64) -> Result<((), Marked), Error> {
//!     let mut transaction = my.begin().await?;
//!     let line = sqlx::query("INSERT INTO invoice_lines (invoice, cents) VALUES (?, ?)").bind(id).bind(cents);
//!     line.execute(&mut *transaction).await?;
//!     let total = sqlx::query("UPDATE invoices SET total_cents = total_cents + ? WHERE id = ?").bind(cents).bind(id);
//!     total.execute(&mut *transaction).await?;
//!     let marked = journal.mark_in(&mut transaction, &mark).await?;
//!     transaction.commit().await?;
//!     Ok(((), marked))
//! }
//!
//! # async fn call(invoices: Functions<MySqlPool, Cassandra, Error>, routing: RoutingHandle, customer: i64, id: i64) -> Result<(), Error> {
//! let journal = routing.journal();
//! let on_legacy = move |my, mark| add_line(my, journal, mark, id, 4200);
//! let on_target = move |ca| ca_add_line(ca, id, 4200);
//! invoices.write_in_transaction("add_line", Key::new(&customer, &id), on_legacy, on_target).await?;
//! # Ok(()) }
//! # }
//! ```
//!
//! So it is for `write`, `create`, `write_legacy` and `create_legacy`: each has a twin whose name ends in `_in_transaction`.
//! What was named is dirty from before the closure is called. The transaction reads the row of the committed epoch
//! `FOR SHARE`, and a change of the authority takes it `FOR UPDATE`: so it waits for transactions that have marked, and sees
//! their marks; one that comes later is refused. Transactions do not wait for each other.
//!
//! - *Nothing to write*: `mark.unused()` in place of a mark.
//! - *Tried again after a rollback*: mark again, in the new transaction.
//! - *The same database*: tables of the journal that are not there, or those of another process, are an error that says
//!   what to check ([`JournalError::NotInTransaction`](crate::journal::JournalError::NotInTransaction)), and the transaction is rolled back.
//! - *A journal in memory or in a file*: the mark is made before, as for any write, and `mark_in` does nothing.
//!   The same holds where the target decides.
//! - *An unknown outcome* keeps the key dirty for the late bound, as for any write. Should the transaction be committed later
//!   than that, its mark comes with it, and it is copied.
//! - *`journal_unavailable = "continue"`* means nothing here: a database that cannot record the mark has not the write either.
//! - *Permissions*: the user of the pool needs `SELECT` and `UPDATE` on the table `.._epoch`, and these and `INSERT` on
//!   `.._mark_inside`.
//!
//! Mark as the last thing before the commit: until then nobody waits for the transaction. A process that has gone away with a
//! transaction open on the server holds up the next start for as long as the server keeps that connection.
//!
//! # Defaults and errors
//! Callers get the error of their functions, `E`, which is `From<Refused>`. What it means for a write is asked of
//! [`outcome`](Functions::outcome); by default it is unknown, which keeps the key dirty for the late bound, so name the
//! errors that surely changed nothing. Answers of reads are compared by `==`; fallback, bounds and copies are those of the
//! builder, as for [`records`](crate::records#defaults).
//!
//! # A key that is not named
//! What a call names is believed. A function that writes more than its call names leaves the rest different:
//!
//! ```
//! # use crossfade::{Refused, data::{Group, Key, Scope, Scopes}, functions::Functions};
//! # #[derive(Clone)] struct Pool;
//! # async fn settle(_: Pool, _: i64) -> Result<(), Refused> { Ok(()) }
//! # fn pay(payments: Functions<Pool, Pool, Refused>) {
//! // Wrong: `settle` pays every payment of the invoice, and only 1001 is copied.
//! let _ = payments.write("settle", Key::new(&42, &1001), |my| settle(my, 42), |ca| settle(ca, 42));
//! // Right: its group, or each of its keys.
//! let _ = payments.write("settle", Group::new(&42), |my| settle(my, 42), |ca| settle(ca, 42));
//! let both: Scopes = [1001, 1002].iter().map(|id| Scope::from(Key::new(&42, id))).collect();
//! let _ = payments.write("settle", both, |my| settle(my, 42), |ca| settle(ca, 42));
//! # }
//! ```
//!
//! [`functions`]: crate::MigrationBuilder::functions
//! [`functions_before_ramp_down`]: crate::MigrationBuilder::functions_before_ramp_down

mod call;
mod handle;
mod reads;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod transactions;
mod writes;

pub use call::ReadAnswer;
pub use handle::{BeforeRampDown, Functions, OnBoth};
