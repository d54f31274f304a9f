//! [`DualWriteLayer`]: writes that both stores receive.
//!
//! A write in a stage that copies is *marked* in the journal, *called* on the authority, *copied* to the other store
//! and *unmarked*. Only the authority executes the request; the other store receives its result, so any write can be
//! migrated: increments, conditional changes, `NOW()`, triggers. Nothing is replayed.
//!
//! ```
//! use crossfade::copy::Copier;
//! use crossfade::dual_write::DualWriteLayer;
//! # use crossfade::{journal::Journal, route::{RoutingConfig, RoutingHandle}};
//! # use crossfade::test_util::MemoryStore;
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
//! let copier = Copier::new(routing, mysql, cassandra);
//! let layer = DualWriteLayer::new(copier);
//! # let _ = layer;
//! # Ok(()) }
//! ```
//!
//! # What the caller waits for
//! The mark (one durable commit, shared by all callers of the moment), the authority, and the copy for at most
//! `writes.wait` of the routing config: 50 ms by default, `"0s"` to be answered at once, `"until_copied"` to wait for
//! its end. A copy that takes longer goes on in the background. The other store never fails a write.
//!
//! # When the caller goes away
//! Dropping the future at any point neither skips the copy nor the bookkeeping: what is left to do moves to a task
//! of its own, and where there is no runtime left for one, the mark stays for the reconciler.
//!
//! # Outcomes
//! What an answer of the authority means is asked of a [`ClassifyOutcome`](crate::data::ClassifyOutcome): by default
//! every error is [`Unknown`](crate::data::Outcome::Unknown), which costs a repair. Name the errors that surely
//! changed nothing:
//!
//! ```
//! # use crossfade::{copy::CopyScopes, data::Outcome, dual_write::DualWriteLayer};
//! # enum StoreError { Duplicate, Timeout }
//! # fn layer(copier: impl CopyScopes) {
//! let layer = DualWriteLayer::new(copier).classified_by(|answer: Result<&u64, &StoreError>| match answer {
//!     Ok(_) => Outcome::Applied,
//!     Err(StoreError::Duplicate) => Outcome::Rejected,
//!     Err(_) => Outcome::Unknown,
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
//!     .written(|_named: &Scopes, created: &Invoice| Key::new(&created.customer, &created.id).into());
//! # }
//! ```
//!
//! # Order
//! Innermost, around the pair of stores: a layer inside of it would see the authority's call only.

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
