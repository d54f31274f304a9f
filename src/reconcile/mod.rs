//! The [`Reconciler`]: copies what marks name until no mark is left.
//!
//! A write whose copy failed, was cut off or found no room leaves its mark. The reconciler claims marks whose wait
//! is over, copies their scopes, and clears them. A repair that fails gives its marks back, to be tried again after
//! a growing pause; after `attempts_max` failures a mark becomes a *dead letter*: still dirty, no longer tried by
//! itself, listed by [`Journal::dead_letters`](crate::journal::Journal::dead_letters).
//!
//! ```
//! use crossfade::copy::Copier;
//! use crossfade::reconcile::Reconciler;
//! # use crossfade::{journal::Journal, route::{RoutingConfig, RoutingHandle}};
//! # use crossfade::test_util::MemoryStore;
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
//! let copier = Copier::new(routing, mysql, cassandra);
//! let reconciler = Reconciler::new(copier).concurrency(8).spawn();
//! // .. serve ..
//! reconciler.stop().await;
//! # Ok(()) }
//! ```
//!
//! While the secondary keeps failing (the breaker is open) one repair at a time probes it. Repairs go on while writes
//! are held for a change of the authority: that is what lets the change happen.

mod handle;
mod reconciler;
mod repair;

pub use handle::ReconcilerHandle;
pub use reconciler::Reconciler;
