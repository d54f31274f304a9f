//! [`DualWriteLayer`]: writes that both stores receive.
//!
//! A write in a stage that copies is *marked* in the journal, *called* on the authority, *copied* to the other store
//! and *unmarked*. Only the authority executes the request; the other store receives its result, so any write can be
//! migrated: increments, conditional changes, `NOW()`, triggers. Nothing is replayed.
//!
//! ```
//! use crossfade::copy::Copier;
//! use crossfade::dual_write::DualWriteLayer;
//! use crossfade::route::{Asked, RouteLayer, Stage};
//! use crossfade::store::TargetLayer;
//! # use crossfade::{journal::Journal, route::{RoutingConfig, RoutingHandle}};
//! # use crossfade::test_util::{MemoryStore, Number, Request};
//! # use tower::{ServiceBuilder, ServiceExt};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
//! let copier = Copier::new(routing, mysql.clone(), cassandra.clone());
//! let invoices = ServiceBuilder::new()
//!     .layer(RouteLayer::new(routing))
//!     .layer(DualWriteLayer::new(copier))
//!     .layer(TargetLayer::new(cassandra.clone()))
//!     .service(mysql);
//!
//! let _drained = routing.move_to(Stage::DualWrite, Asked::by("ops", "the migration begins")).await?;
//! let paid = Number::new(1, "paid");
//! invoices.oneshot(Request::Put { group: 42, item: 1001, record: paid.clone() }).await?;
//! assert_eq!(cassandra.get((42, 1001)), Some(paid));
//! assert_eq!(routing.journal().marks(), 0);
//! # Ok(()) }
//! ```
//!
//! Beside the layer a service runs a [`Reconciler`](crate::reconcile::Reconciler): it copies what writes could not.
//!
//! # What the caller waits for
//! The mark (one durable commit, shared by all callers of the moment), the authority, and the copy for at most
//! `writes.wait` of the routing config: 50 ms by default, `"0s"` to be answered at once, `"until_copied"` to wait for
//! its end. A copy that takes longer goes on in the background. The other store never fails a write.
//!
//! # What happens when
//!
//! | | the caller gets | the mark |
//! |---|---|---|
//! | the mark cannot be recorded | [`Refused::NotRecorded`](crate::Refused::NotRecorded), and the write is not made; with `journal_unavailable = "continue"` the write goes on, unless the journal was closed | none; with `"continue"` everything is dirty |
//! | the authority applied it, the copy ended | the answer | goes |
//! | the authority applied it, the copy failed or took too long | the answer | stays; repaired after a growing pause |
//! | the authority surely rejected it | the error | goes |
//! | nobody knows what the authority did | the error | stays, and waits `late_bound` of the authority |
//! | the other store failed 16 copies in a row | the answer, without a try to copy | stays, until a repair gets through |
//! | 1,024 copies go on in the background ([`COPIES_IN_BACKGROUND_MAX`](crate::route::COPIES_IN_BACKGROUND_MAX)) | the answer | stays |
//! | the write names everything | the answer | stays: the reconciler copies everything |
//! | writes are held for a change of the authority or the move to `complete` | the answer, later; past twice `hold.max` [`Refused::HoldRanOut`](crate::Refused::HoldRanOut), and the write is not made | as above |
//!
//! Reads of what a mark stands on go to the authority.
//!
//! # When the caller goes away
//! Dropping the future at any point neither skips the copy nor the bookkeeping: what is left to do moves to a task
//! of its own, and where there is no runtime left for one, the mark stays for the reconciler. Such a task waits for the
//! authority as long as `late_bound` of it, after which the write can no longer land, and 60 s for the copy; then the
//! mark stays.
//!
//! # Outcomes
//! What an answer of the authority means is asked of a [`ClassifyOutcome`](crate::data::ClassifyOutcome): by default
//! every error is [`Unknown`](crate::data::Outcome::Unknown), which costs a repair. Name the errors that surely
//! changed nothing, and only those:
//!
//! ```
//! # use crossfade::{copy::CopyScopes, data::Outcome, dual_write::DualWriteLayer};
//! # enum StoreError { Duplicate, Timeout }
//! # fn layer(copier: impl CopyScopes) {
//! let right = DualWriteLayer::new(copier).classified_by(|answer: Result<&u64, &StoreError>| match answer {
//!     Ok(_) => Outcome::Applied,
//!     Err(StoreError::Duplicate) => Outcome::Rejected,
//!     Err(_) => Outcome::Unknown,
//! });
//! # }
//! # fn wrong(copier: impl CopyScopes) {
//! // Wrong: a write that timed out may be in the store. Its mark goes, and the other store never gets it.
//! let wrong = DualWriteLayer::new(copier).classified_by(|answer: Result<&u64, &StoreError>| match answer {
//!     Ok(_) => Outcome::Applied,
//!     Err(_) => Outcome::Rejected,
//! });
//! # }
//! ```
//!
//! # Creates
//! A create whose id the authority assigns names its group, which is marked; the key is known with the answer. Say
//! how to find it, or the whole group is copied:
//!
//! ```
//! # use crossfade::{copy::CopyScopes, data::{Key, Scopes}, dual_write::DualWriteLayer};
//! # struct Invoice { customer: i64, id: i64 }
//! # fn layer(copier: impl CopyScopes) {
//! let layer = DualWriteLayer::new(copier)
//!     .written(|_: &Scopes, created: &Invoice| Scopes::from(Key::new(&created.customer, &created.id)));
//! # }
//! ```
//!
//! What it gives has to lie within what the request had named: only that is marked.
//!
//! # Settings
//!
//! | | default | |
//! |---|---|---|
//! | `writes.wait` in the config | 50 ms | how long a caller waits for its copy |
//! | `writes.journal_unavailable` | `"reject"` | what becomes of a write that cannot be marked |
//! | `late_bound.legacy`, `.target` | 30 s | how long a write of unknown outcome may still land |
//! | [`classified_by`](DualWriteLayer::classified_by) | every error is unknown | what the authority's answer means |
//! | [`written`](DualWriteLayer::written) | what the request named | what a create has made |
//! | [`Copier::deadline`](crate::copy::Copier::deadline) and the rest of it | 10 s | how a copy is made |
//!
//! # Switching it off
//! The stage is the switch. In `off` and `complete` this layer passes writes on as they are: no mark, no copy. Back to
//! `off` is legal from every stage whose writes reach legacy, and costs the certificate: what was written to one store
//! alone is not known afterwards, so a new fill is needed. To relieve the target for a while, stay, and let
//! `writes.wait = "0s"` keep callers from waiting; a target that is down is left alone after 16 copies anyway.
//!
//! Leaving the layer out is no way to switch it off: writes then reach the authority only, nothing marks them, and nothing
//! is counted.
//!
//! ```
//! # use crossfade::copy::Copier;
//! # use crossfade::dual_write::DualWriteLayer;
//! # use crossfade::route::{Asked, RouteLayer, Stage};
//! # use crossfade::store::TargetLayer;
//! # use crossfade::{journal::Journal, route::{RoutingConfig, RoutingHandle}};
//! # use crossfade::test_util::{MemoryStore, Number, Request};
//! # use tower::{ServiceBuilder, ServiceExt};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
//! # let copier = Copier::new(routing, mysql.clone(), cassandra.clone());
//! # let paid = Number::new(1, "paid");
//! # let put = |item| Request::Put { group: 42, item, record: Number::new(1, "paid") };
//! # let _drained = routing.move_to(Stage::DualWrite, Asked::by("ops", "the migration begins")).await?;
//! // Wrong: the target never gets invoice 1, and no mark says so.
//! let wrong = ServiceBuilder::new()
//!     .layer(RouteLayer::new(routing))
//!     .layer(TargetLayer::new(cassandra.clone()))
//!     .service(mysql.clone());
//! wrong.oneshot(put(1)).await?;
//! assert_eq!((cassandra.get((42, 1)), routing.journal().marks()), (None, 0));
//!
//! // Right: between the two.
//! let right = ServiceBuilder::new()
//!     .layer(RouteLayer::new(routing))
//!     .layer(DualWriteLayer::new(copier))
//!     .layer(TargetLayer::new(cassandra.clone()))
//!     .service(mysql);
//! right.oneshot(put(2)).await?;
//! assert_eq!(cassandra.get((42, 2)), Some(paid));
//! # Ok(()) }
//! ```
//!
//! # Order
//! Innermost, around the pair of stores: a layer inside of it would see the authority's call only. Retries belong outside
//! of the stack, so that each try has a mark of its own; a write that is not idempotent must not be retried after an
//! unknown outcome by anybody.

mod future;
mod layer;
mod running;
mod service;
mod steps;
mod written;

pub use future::{ResponseFuture, Unfinished};
pub use layer::DualWriteLayer;
pub use service::DualWrite;
pub use steps::WriteSteps;
pub use written::{AsNamed, Written};
