//! Move a running service's data from one store to another - MySQL to Cassandra is the worked case - with no downtime,
//! no lost write, and a way back until the last step.
//!
//! Crossfade is a set of [`tower`] layers around the storage calls of a service, and what a migration needs beside
//! them: a journal that survives crashes, a reconciler, a fill, and stages that move only when it is safe.
//!
//! ```
//! use crossfade::canary_read::CanaryReadLayer;
//! use crossfade::copy::Copier;
//! use crossfade::dual_write::DualWriteLayer;
//! use crossfade::fallback::FallbackLayer;
//! use crossfade::journal::Journal;
//! use crossfade::mismatch_metrics::{MismatchMetricsLayer, by};
//! use crossfade::route::{RouteLayer, RoutingConfig, RoutingHandle};
//! use crossfade::store::TargetLayer;
//! use tower::util::BoxCloneSyncService;
//! use tower::{ServiceBuilder, ServiceExt};
//! # use crossfade::test_util::{MemoryStore, Request, Response, StoreError};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
//! # let (mysql_records, cassandra_records) = (mysql.clone(), cassandra.clone());
//! # let same = |a: &Response, b: &Response| a.answer == b.answer;
//!
//! let journal = Journal::memory(); // Journal::open("sqlite:crossfade.db").await?
//! let routing = RoutingHandle::resume(&journal, RoutingConfig::default()).await?;
//! let copier = Copier::new(routing, mysql_records, cassandra_records);
//!
//! let invoices: BoxCloneSyncService<Request, Response, StoreError> = BoxCloneSyncService::new(
//!     ServiceBuilder::new()
//!         .layer(RouteLayer::new(routing))         // one config snapshot, one plan per request
//!         .layer(CanaryReadLayer::new())           // reads: which store, by cohort
//!         .layer(FallbackLayer::new())             // reads: target failed -> legacy
//!         .layer(MismatchMetricsLayer::new(by(same)))  // reads: shadow the other store, compare, count
//!         .layer(DualWriteLayer::new(copier))      // writes: mark, authority, copy to the other store
//!         .layer(TargetLayer::new(cassandra))      // the store you move to: any tower Service
//!         .service(mysql),                         // the store you have: any tower Service
//! );
//! # let request = Request::Get { group: 1, item: 1 };
//! let answer = invoices.oneshot(request).await;
//! # let _ = answer;
//! # Ok(()) }
//! ```
//!
//! # Three ways in
//! The stack takes any request type. How much of it you write is yours to choose, and a service may mix all three over the
//! one routing and the one copier of a data set:
//!
//! | | the service has | you write, for one entity | a call |
//! |---|---|---|---|
//! | [`records`] | SQL, or is willing to move it | both stores in 140 lines, nearly all of it SQL and its binding | 1 line |
//! | [`functions`] | functions for its storage | the 105 of these lines that copies need | 1 to 5 lines around it |
//! | layers | a tower service, or needs layers of its own | these 105 lines, the request type, and 8 lines for the stack | unchanged |
//!
//! The lines are those of `examples/payments/records.rs`: whole, and without its two `impl WriteRecords`. To each come the
//! 12 lines that name the types (`DataSet`, `Entity`).
//!
//! **Typed records.** `get`, `list`, `create`, `put`, `update` and `delete`; an update is the store's own transaction or
//! compare-and-set, so no change of another caller is lost:
//!
//! ```
//! use crossfade::Migration;
//! use crossfade::records::Records;
//! # use crossfade::{copy::Copier, journal::Journal, route::{RoutingConfig, RoutingHandle}};
//! # use crossfade::test_util::{MemoryStore, Number, Numbers as Payments};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
//! # let (invoice, new_payment) = (42, Number::new(1, "open"));
//! let copier = Copier::new(routing, mysql.clone(), cassandra.clone());
//! let payments: Records<Payments> = Migration::builder(routing, copier).records(mysql, cassandra);
//!
//! let (key, _) = payments.create(invoice, new_payment).await?;
//! let paid = payments.update(key, |payment| { payment.text = "paid".into(); Ok(()) }).await?;
//! # assert_eq!(paid.unwrap().text, "paid");
//! # Ok(()) }
//! ```
//!
//! **Functions that exist.** A closure for either store; only the authority's is called, and the record that it wrote is
//! copied:
//!
//! ```
//! use crossfade::Migration;
//! use crossfade::data::Key;
//! use crossfade::functions::Functions;
//! # use crossfade::{copy::Copier, journal::Journal, route::{RoutingConfig, RoutingHandle}};
//! # use crossfade::test_util::{MemoryStore, Number, Plain, Request, Stamped, StoreError};
//! # use tower::ServiceExt;
//! # type MySql = MemoryStore<Plain>;
//! # type Cassandra = MemoryStore<Stamped>;
//! # fn add(item: i64) -> Request { Request::Increment { group: 42, item, by: 1 } }
//! # mod mysql { pub async fn pay(my: super::MySql, id: i64) -> Result<(), super::StoreError> {
//! #     tower::ServiceExt::oneshot(my, super::add(id)).await.map(drop)
//! # } }
//! # mod cassandra { pub async fn pay(ca: super::Cassandra, id: i64) -> Result<(), super::StoreError> {
//! #     tower::ServiceExt::oneshot(ca, super::add(id)).await.map(drop)
//! # } }
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
//! # let copier = Copier::new(routing, mysql.clone(), cassandra.clone());
//! # let (invoice, id) = (42, 1001);
//! # mysql.seed((invoice, id), Number::new(0, "open"));
//! let payments: Functions<MySql, Cassandra, StoreError> =
//!     Migration::builder(routing, copier).functions(mysql, cassandra);
//!
//! let key = Key::new(&invoice, &id);
//! payments.write("pay", key, move |my| mysql::pay(my, id), move |ca| cassandra::pay(ca, id)).await?;
//! # Ok(()) }
//! ```
//!
//! **Layers around any tower service**: the first example of this page. [`Migration::builder`] assembles the same stack
//! with its `build`.
//!
//! Each of the three can do without writing to the target until `ramp_down`, and says so beforehand: `records_before_ramp_down`,
//! `functions_before_ramp_down`, [`RoutingHandle::without_target_writes`](route::RoutingHandle::without_target_writes).
//!
//! # A second entity
//! Each data set is a migration of its own: its own journal, [`RoutingHandle`](route::RoutingHandle), copier, reconciler, fill,
//! and name. Share the pools, the metrics and the admin listener, nothing else. A second routing over one journal and a copier of
//! another data set under one routing are refused: a mark does not say of which data set its key is, so the repairs of one
//! would clear the marks of the other, and one fill would certify both.
//!
//! ```no_run
//! # use crossfade::{admin::Admin, copy::Copier, fill::Fill, journal::Journal, metrics::Metrics, reconcile::Reconciler};
//! # use crossfade::route::{RoutingConfig, RoutingHandle};
//! # use crossfade::test_util::MemoryStore;
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! # let (legacy_invoices, target_invoices) = (MemoryStore::legacy(), MemoryStore::target());
//! # let (legacy_payments, target_payments) = (MemoryStore::legacy(), MemoryStore::target());
//! let journal = Journal::open("sqlite:invoices.db").await?;
//! let invoices = RoutingHandle::resume(&journal, RoutingConfig::default()).await?;
//! let copier = Copier::new(invoices, legacy_invoices, target_invoices);
//! let reconciler = Reconciler::new(copier).spawn();
//! let invoices_admin = Admin::new("invoices", invoices).fill(move || Fill::new(copier));
//! # drop(reconciler);
//!
//! let journal = Journal::open("sqlite:payments.db").await?;
//! let payments = RoutingHandle::resume(&journal, RoutingConfig::default()).await?;
//! let copier = Copier::new(payments, legacy_payments, target_payments);
//! let reconciler = Reconciler::new(copier).spawn();
//! let payments_admin = Admin::new("payments", payments).fill(move || Fill::new(copier));
//! # drop(reconciler);
//!
//! let metrics = Metrics::new().migration("invoices", invoices).migration("payments", payments);
//! let admin = axum::Router::new() // POST /payments/admin/stage, and so on
//!     .nest("/invoices", invoices_admin.router())
//!     .nest("/payments", payments_admin.router());
//! # drop((metrics, admin));
//! # Ok(()) }
//! ```
//!
//! Two entities are in different stages for a while. So a foreign key from the one to the other, a cascade, and a transaction
//! over both hold only as long as one store decides for both.
//!
//! # Running it
//! The config in a watched file, metrics, and an admin API (features `watch`, `prometheus`, `admin`); see
//! [`operations`].
//!
//! ```no_run
//! # use crossfade::{admin::Admin, config_file::ConfigFile, copy::Copier, fill::Fill, journal::Journal, metrics::Metrics};
//! # use crossfade::route::RoutingHandle;
//! # use crossfade::test_util::MemoryStore;
//! # use tokio::net::TcpListener;
//! # async fn run(shutdown: impl Future<Output = ()>) -> Result<(), Box<dyn std::error::Error>> {
//! # let journal = Journal::memory();
//! let file = ConfigFile::new("/etc/invoices/routing.toml");       // a ConfigMap, an editor: any change is seen
//! let routing = RoutingHandle::open(&journal, file.read().await?).await?;
//! let watched = file.watch(routing).await?;                       // a broken file keeps the last good config
//! # let copier = Copier::new(routing, MemoryStore::legacy(), MemoryStore::target());
//!
//! let metrics = Metrics::new().migration("invoices", routing);    // metrics.text() for a scrape, or a collector
//! let admin = Admin::new("invoices", routing).fill(move || Fill::new(copier));
//! admin.serve(TcpListener::bind("127.0.0.1:9090").await?, shutdown).await?;
//! # drop((watched, metrics));
//! # Ok(()) }
//! ```
//!
//! # Reading order
//! 1. [`data`]: keys, records, and the one trait that you implement for each store.
//! 2. [`route`]: stages, config, cohorts, and the handle that moves between stages while requests run.
//! 3. [`records`], [`functions`]: two ways in for whoever does not want to write requests.
//! 4. [`store`], [`canary_read`], [`fallback`], [`mismatch_metrics`], [`dual_write`]: the layers.
//! 5. [`copy`], [`reconcile`], [`fill`]: what keeps the other store equal.
//! 6. [`journal`], [`protocol`]: what makes it safe.
//! 7. [`operations`]: running a migration, with the metrics and the commands (features `prometheus`, `metrics`, `watch`,
//!    `admin`).
//!
//! # Features
//! | feature | what | default |
//! |---|---|---|
//! | `sqlite` | the durable journal in a SQLite file | no |
//! | `prometheus` | `metrics`: what is counted, as a `prometheus-client` collector and as text | no |
//! | `metrics` | `metrics`: the same through the `metrics` facade | no |
//! | `watch` | `config_file`: the routing config in a file that is watched | no |
//! | `admin` | `admin`: status, config, stage, journal and fill over HTTP | no |
//! | `test-util` | `test_util`: scripted stores in memory, a history checker | no |
//! | `full` | everything but `test-util` | no |
//!
//! # Runtime
//! Tokio, with its time driver enabled. Layers spawn tasks only where a caller must not wait: copies that outlast
//! their `wait`, writes whose caller is gone, shadow reads. Each kind has a limit.
//!
//! Build a stack once, and clone it for each task or connection. What a [`route::RoutingHandle`], a [`copy::Copier`] and
//! the layers of one stack share is leaked on purpose and lives as long as the process: nothing then has to be
//! counted on the path of a request. A service that built a stack for each connection would grow.

pub mod data;
pub mod route;
pub mod store;

pub mod functions;
pub mod records;

pub mod canary_read;
pub mod dual_write;
pub mod fallback;
pub mod mismatch_metrics;

pub mod copy;
pub mod fill;
pub mod journal;
pub mod protocol;
pub mod reconcile;

#[cfg(feature = "admin")]
pub mod admin;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "cassandra"))]
pub mod backend;
#[cfg(feature = "watch")]
pub mod config_file;
#[cfg(any(feature = "prometheus", feature = "metrics"))]
pub mod metrics;

pub mod operations {
    #![doc = include_str!("operations.md")]
}

#[cfg(feature = "test-util")]
pub mod test_util;

pub mod future;

mod cut_off;
mod error;
mod migration;
mod per_second;
mod shard;
mod stage;
mod stats;

pub use error::{Failed, Refused};
pub use migration::{Migration, MigrationBuilder};
pub use stats::{StatsSnapshot, StatsWindow};
