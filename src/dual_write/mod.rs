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
//! The mark (one durable commit, shared by all callers of the moment; or [none](#fewer-marks)), the authority, and the copy for at most
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
//! # Fewer marks
//! A write waits for the commit that records its mark, and another one takes the mark out. Where the same keys are written
//! again and again, writes can share a mark that still stands, as writes share a bit in the write-intent bitmap of a RAID:
//!
//! ```
//! # use crossfade::route::{ConfigError, RoutingConfig};
//! let config = RoutingConfig::from_toml(r#"
//!     stage = "dual_write"
//!     [writes]
//!     linger = "1s"     # "0s", the default: each write has a mark of its own
//!     mark = "group"    # "key", the default
//! "#)?;
//! # Ok::<(), ConfigError>(())
//! ```
//!
//! With `linger` the mark of a write that ended well stays in the journal until so long after it was asked for. It makes
//! nothing dirty. A write of the same keys takes it over and waits for nothing; what nobody takes over goes with others
//! in one commit. So a key that is written all the time costs two commits each `linger`, not two each write. Writes of
//! one key that run at once have a mark each, and leave as many to those that follow.
//!
//! With `mark = "group"` the mark of a write names the group of its key, and writes of all keys of a busy group share it.
//! While a write runs its key alone is dirty, and a mark that is left is one on the key. A write that names several keys
//! is marked by each of them, and shares that with writes of exactly these.
//!
//! | | a mark for each write | shared |
//! |---|---|---|
//! | after a crash is repaired | what was being written | also what was written within `linger` before; with `"group"` the whole groups |
//! | ... when it can no longer land | after `late_bound` | after `late_bound` and `linger`: a process that has lost its session, and does not know, may write as long under marks that stand |
//! | an end in order, a change of the authority, the move to `complete` | | take out what stands, and wait for nothing |
//! | another stage | | begins with marks of its own |
//! | [`STANDING_ROWS_MAX`](crate::journal::STANDING_ROWS_MAX) marks stand | | one more goes with its write, and is counted (`marks_without_room`) |
//! | [`Limits::marks_max`](crate::journal::Limits::marks_max) | | is asked as before, of what is dirty: what stands is not counted there |
//!
//! Marks that transactions make inside themselves are not shared.
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
//! | `writes.linger`, `.mark` | 0 s, `"key"` | [whether writes share marks](#fewer-marks) |
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
