//! Copies: read the record from the authority, replace it in the secondary. The only way a secondary is written.
//!
//! A [`Copier`] holds the two record stores of a data set. The [`DualWriteLayer`](crate::dual_write::DualWriteLayer)
//! copies with it what a write named, the [`Reconciler`](crate::reconcile::Reconciler) what marks name, the
//! [`Fill`](crate::fill::Fill) everything. Make one, and give it to all three:
//!
//! ```
//! use std::time::Duration;
//!
//! use crossfade::copy::Copier;
//! use crossfade::journal::Journal;
//! use crossfade::route::{RoutingConfig, RoutingHandle};
//! use crossfade::test_util::MemoryStore;
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
//! let copier = Copier::new(routing, mysql, cassandra).deadline(Duration::from_secs(2));
//! # let _ = copier;
//! # Ok(()) }
//! ```
//!
//! The stores are [`RecordStore`](crate::data::RecordStore)s, not the services of the request path: often the same pool
//! behind both. A copier is `Copy`, and lives as long as the process.
//!
//! # Settings
//!
//! | setting | default | beyond it |
//! |---|---|---|
//! | [`deadline`](Copier::deadline) of the copy of one key, or of a page of a walk | 10 s | given up; the mark stays, the page is read again |
//! | [`page_size`](Copier::page_size) of a walk or a fill, records | 2,000 | - |
//! | [`concurrency`](Copier::concurrency), parts of a page at once in a fill | 64 | the others of the page wait |
//! | [`PARTS_OF_A_WALK`], the same in the copy of a group or of everything, by a write or a repair | 4 | the others of the page wait |
//! | [`LOOKS_MAX`](crate::protocol::LOOKS_MAX), replaces of a key that keeps changing, where no stamps are kept | 8 | the mark stays |
//! | failures in a row before writes stop to copy | 16 | marks stay; repairs go on to probe, and the first success ends it |
//!
//! A store that has connections of its own for copies, such as `background_connections` of a `SqlStore` (8 by default), should
//! have about as many as a fill has parts at once, or the fill fewer parts: one that finds no connection in time fails.
//!
//! # Why copies need no order
//! A copy is idempotent, and its stamp was taken before its read: one that read an older state has the smaller stamp, and
//! loses on a store that keeps stamps, whenever it lands. Where no stamps are kept the authority is read again after the
//! write, and copied again while it changes. A copy writes also when both sides look equal, since an older one may be on
//! its way.
//!
//! So a secondary that is written in another way is out of the protocol:
//!
//! ```
//! # use crossfade::test_util::{MemoryStore, Number, Request, StoreError};
//! # use tower::{Service, ServiceExt};
//! # async fn pay<S>(stack: S, cassandra: MemoryStore) -> Result<(), StoreError>
//! # where S: Service<Request, Error = StoreError> {
//! # let pay = Request::Put { group: 42, item: 1001, record: Number::new(1, "paid") };
//! // Wrong: a write of one's own to the target, with no stamp of the copier's clock. It wins over copies that are
//! // newer, or loses to older ones, and where it fails nobody knows of it.
//! cassandra.oneshot(pay).await?;
//! # let pay = Request::Put { group: 42, item: 1001, record: Number::new(1, "paid") };
//! // Right: through the stack, which copies it.
//! stack.oneshot(pay).await?;
//! # Ok(()) }
//! ```
//!
//! A script that has to write to the *authority* past the stack marks what it wrote:
//! [`Journal::mark_for_repair`](crate::journal::Journal::mark_for_repair).

mod any;
mod copier;
mod extra;
mod run;
mod unprotected;
mod walk;

pub use copier::{Copier, CopyScopes, PARTS_OF_A_WALK};
pub use extra::KEYS_ASKED_MAX;

pub(crate) use any::AnyCopier;
pub(crate) use run::CopyJob;
pub(crate) use walk::{PageDone, PageFailed};
