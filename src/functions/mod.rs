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
mod writes;

pub use call::ReadAnswer;
pub use handle::{BeforeRampDown, Functions, OnBoth};
