//! [`Records`]: the typed records of both stores over the whole stack. The first of the three ways in.
//!
//! You say how a record is read and written in each store; `get`, `list`, `create`, `put`, `update` and `delete` then go
//! where the stage says, are marked, copied, compared and fall back, as every request of the stack.
//!
//! ```
//! use crossfade::Migration;
//! use crossfade::copy::Copier;
//! use crossfade::journal::Journal;
//! use crossfade::reconcile::Reconciler;
//! use crossfade::records::Records;
//! use crossfade::route::{Asked, RoutingConfig, RoutingHandle, Stage};
//! # use crossfade::test_util::{MemoryStore, Number, Numbers};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
//! # let (seen_mysql, seen_cassandra) = (mysql.clone(), cassandra.clone());
//!
//! let journal = Journal::memory(); // Journal::open("sqlite:crossfade.db").await?
//! let routing = RoutingHandle::open(&journal, RoutingConfig::default()).await?;
//! let copier = Copier::new(routing, mysql.clone(), cassandra.clone());
//! let reconciler = Reconciler::new(copier).spawn();
//! let numbers: Records<Numbers> = Migration::builder(routing, copier).records(mysql, cassandra);
//! let _drained = routing.move_to(Stage::DualWrite, Asked::by("ops", "the migration begins")).await?;
//!
//! let (key, created) = numbers.create(42, Number::new(1, "open")).await?;
//! let paid = numbers.update((42, key.item), |number| {
//!     number.text = "paid".into();
//!     Ok(())
//! }).await?;
//! assert_eq!(numbers.get((42, key.item)).await?, paid);
//! assert_eq!(numbers.list(42, None, 100).await?.records.len(), 1);
//! # assert_eq!(created.text, "open");
//! # assert_eq!(seen_cassandra.get((42, key.item)), paid);
//! # assert_eq!(seen_mysql.same_as(&seen_cassandra), []);
//! # reconciler.stop().await;
//! # Ok(()) }
//! ```
//!
//! A `Records` is cloned, not shared behind a lock: put a clone into axum's `State`, or into each handler.
//!
//! # What you write
//!
//! | | what it says |
//! |---|---|
//! | [`DataSet`](crate::data::DataSet) and [`Entity`] | the types of key, record, new record and error; when two records are the same |
//! | [`RecordStore`](crate::data::RecordStore), once a store | `read`, `replace`, `page`, what an error means: all that copies need |
//! | [`WriteRecords`], once a store | `create` and `update`: what callers need |
//! | [`LegacyIds`](crate::route::LegacyIds) and [`hand_over_ids`](crate::route::RoutingHandle::hand_over_ids), where stores assign ids | how the ids of one store go on in the other: without it the target gives ids out again, and **replaces acknowledged records** |
//!
//! Nearly all of it is SQL. Both stores of the example `payments` take 140 lines, which are [below](#an-entity-in-whole), and
//! a call is one line. Each entity is a migration of its own: see [a second entity](crate#a-second-entity).
//!
//! # Choosing the group
//! The group is what a list covers, what a create marks, and the cohort key: in `canary` all reads of one group are answered
//! by one store. So take what callers read together and what a person is - the customer, rather than one of its invoices -
//! unless the lists become long: repairing a group costs its size. With another group in each of two entities a customer can
//! be in the cohort of the one and not in that of the other.
//!
//! A put and a delete are updates unless the store says it better. An update is the store's own: nothing is read first
//! and written later without a guard. It comes in two shapes. A transaction that locks before it reads:
//!
//! ```no_run
//! use crossfade::records::Change;
//! # use crossfade::test_util::{Number, Numbers};
//! # use sqlx::{Result, Sqlite, SqlitePool, Transaction};
//! # async fn get(_: &mut Transaction<'_, Sqlite>, _: i64) -> Result<Option<Number>> { Ok(None) }
//! # async fn set(_: &mut Transaction<'_, Sqlite>, _: i64, _: Option<&Number>) -> Result<()> { Ok(()) }
//! async fn update(mysql: &SqlitePool, id: i64, change: Change<Numbers>) -> Result<Option<Number>> {
//!     let mut transaction = mysql.begin_with("BEGIN IMMEDIATE").await?; // or SELECT .. FOR UPDATE
//!     let mut record = get(&mut transaction, id).await?;
//!     if change.apply(&mut record) {
//!         set(&mut transaction, id, record.as_ref()).await?;
//!         transaction.commit().await?;
//!     }
//!     Ok(record)
//! }
//! ```
//!
//! Or a write that takes place only where no other one came in between, tried again a number of times:
//!
//! ```no_run
//! use crossfade::records::Change;
//! # use crossfade::{data::Stamp, test_util::{Number, Numbers}};
//! # struct Session;
//! # enum Error { Contended }
//! # type Result<T> = std::result::Result<T, Error>;
//! # async fn get(_: &Session, _: i64) -> Result<(Option<Stamp>, Option<Number>)> { Ok((None, None)) }
//! # async fn set_if(_: &Session, _: i64, _: Option<&Number>, _: Option<Stamp>) -> Result<bool> { Ok(true) }
//! const TRIES_MAX: usize = 100;
//!
//! async fn update(cassandra: &Session, id: i64, change: Change<Numbers>) -> Result<Option<Number>> {
//!     for _ in 0..TRIES_MAX {
//!         let (stamp, mut record) = get(cassandra, id).await?;
//!         // UPDATE .. SET stamp = max(stamp + 1, clock) .. WHERE stamp = ?; in Cassandra with IF
//!         if !change.apply(&mut record) || set_if(cassandra, id, record.as_ref(), stamp).await? {
//!             return Ok(record);
//!         }
//!     }
//!     Err(Error::Contended)
//! }
//! ```
//!
//! When the answer of such a write is lost, the update ends with that error and is not tried again: see
//! [`WriteRecords::update`].
//!
//! # Before `ramp_down`
//! The target is written by copies until then, so it needs no [`WriteRecords`]: build with
//! [`records_before_ramp_down`](crate::MigrationBuilder::records_before_ramp_down). That it has none is known from then
//! on, before the first write: a move to `ramp_down` is refused by the name of the data set, also with force.
//!
//! # Defaults
//!
//! | | default | changed by |
//! |---|---|---|
//! | fallback to legacy | when the target fails, or has no such record | [`MigrationBuilder::fallback`](crate::MigrationBuilder::fallback) |
//! | comparison of both stores | [`DataSet::same`](crate::data::DataSet::same); pages also by their order | [`MigrationBuilder::compare`](crate::MigrationBuilder::compare); for the bounds alone give it a layer of [`ByDefault`](crate::mismatch_metrics::ByDefault) |
//! | copies | as [`Copier`](crate::copy::Copier) | its settings |
//! | the cohort of a read | by its group | allow and deny lists; for attributes write requests of your own |
//! | records of one page | up to the limit that is asked for, [`LIST_MAX`] at most | - |
//!
//! The names of the operations, in config and spans, are those of the methods.
//!
//! # Lists
//! A page comes from one store, and its [`PageToken`] names it, so that the next one comes from there too: a cohort that
//! changes meanwhile does not change the store of a list that has begun. Where that store may not answer any more - the
//! group is dirty, or the stage has moved back - the other one goes on after the same record, and the next token names
//! that one. So the pages of a group have to be in the same order in both stores; a page in another order is a mismatch.
//!
//! # Errors
//! Callers get [`Entity::Error`], their own type. It is made of the error of the store, which passes through, and of
//! [`Refused`](crate::Refused), after which nothing was written; what a closure of an update rejects is given back as it
//! is.
//!
//! | | the caller gets | the write |
//! |---|---|---|
//! | the closure of an update rejects | its error | not made, and no mark is left |
//! | the store's error is `Rejected` by [`RecordStore::outcome`](crate::data::RecordStore::outcome) | that error | not made |
//! | the store's error is `Unknown` | that error | made or not; both stores will agree on it |
//! | crossfade refuses | [`Refused`](crate::Refused) as the error | not made |
//! | there is no record | `None` from `get` and `update`, `false` from `delete` | copied as "there is none": a store that keeps stamps then has a row that says so |
//!
//! # A change that is lost
//! What was read before a put may have changed since:
//!
//! ```
//! # use crossfade::records::Records;
//! # use crossfade::test_util::{MemoryStore, Number, Numbers, StoreError};
//! # use crossfade::{Migration, copy::Copier, journal::Journal, route::{RoutingConfig, RoutingHandle}};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
//! # let copier = Copier::new(routing, mysql.clone(), cassandra.clone());
//! # let numbers: Records<Numbers> = Migration::builder(routing, copier).records(mysql, cassandra);
//! # let key = (42, 1001);
//! # numbers.put(key, Number::new(1, "")).await?;
//! fn add_one(number: &mut Number) -> Result<(), StoreError> {
//!     number.version += 1;
//!     Ok(())
//! }
//!
//! // Wrong: between the get and the put another caller adds one, and that is lost.
//! let mut number = numbers.get(key).await?.unwrap();
//! add_one(&mut number)?;
//! # let another_caller = numbers.update(key, add_one);
//! another_caller.await?;
//! numbers.put(key, number).await?;
//! assert_eq!(numbers.get(key).await?.unwrap().version, 2);
//!
//! // Right: each update sees what the others have written.
//! # let another_caller = numbers.update(key, add_one);
//! let (_, updated) = tokio::join!(another_caller, numbers.update(key, add_one));
//! # updated?;
//! assert_eq!(numbers.get(key).await?.unwrap().version, 4);
//! # Ok(()) }
//! ```
//!
//! # Layers of your own
//! [`RecordService`] makes a tower service of a store, and [`Records::over`] makes `Records` of any stack of such
//! services; between the two the layers are yours:
//!
//! ```
//! use crossfade::records::{RecordService, Records};
//! use crossfade::route::{RouteLayer, Store};
//! use crossfade::store::TargetLayer;
//! use tower::ServiceBuilder;
//! # use crossfade::dual_write::DualWriteLayer;
//! # use crossfade::test_util::{MemoryStore, Number, Numbers};
//! # use crossfade::{copy::Copier, journal::Journal, route::{RoutingConfig, RoutingHandle}};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
//! # let copier = Copier::new(routing, mysql.clone(), cassandra.clone());
//! let numbers: Records<Numbers> = Records::over(
//!     ServiceBuilder::new()
//!         .concurrency_limit(100)
//!         .layer(RouteLayer::new(routing))
//!         .layer(DualWriteLayer::new(copier)) // no other layer: a stack that never reads the target
//!         .layer(TargetLayer::new(RecordService::new(cassandra, Store::Target)))
//!         .service(RecordService::new(mysql, Store::Legacy)),
//! );
//! numbers.put((42, 1001), Number::new(1, "open")).await?;
//! # assert_eq!(numbers.get((42, 1001)).await?, Some(Number::new(1, "open")));
//! # Ok(()) }
//! ```
//!
//! The other way round, [`ServiceStore`] makes a [`RecordStore`](crate::data::RecordStore) of a tower service, such as an
//! HTTP client: copies then go through it.
//!
//! # What it does not do
//! Find records without their key, write several keys at once, choose a cohort by an attribute: that is what
//! [`functions`](crate::functions) and requests of your own are for. All three may share the one routing and the
//! one copier of this data set.
//!
//! # An entity in whole
//! Both stores of the example `payments`, with all of their SQL:
//!
//! ```text
#![doc = include_str!("../../examples/payments/records.rs")]
//! ```

mod answer;
mod change;
mod entity;
mod handle;
mod page;
mod request;
mod service;
mod service_store;

pub use answer::{RecordAnswer, RecordBody};
pub use change::Change;
pub use entity::{Entity, WriteRecords};
pub use handle::Records;
pub use page::{LIST_MAX, NotAToken, PageToken, RecordsPage};
pub use request::{ListFrom, RecordCall, RecordRequest, UpdateClosure};
pub use service::{ReadOnlyService, RecordService, ResponseFuture};
pub use service_store::{ServiceStore, StoreCall};

pub(crate) use answer::within;
