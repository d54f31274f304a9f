//! Copies: read the record from the authority, replace it in the secondary. The only way a secondary is written.
//!
//! A [`Copier`] holds the two record stores of a data set. The [`DualWriteLayer`](crate::dual_write::DualWriteLayer)
//! copies with it what a write named, the [`Reconciler`](crate::reconcile::Reconciler) what marks name, the
//! [`Fill`](crate::fill::Fill) everything.
//!
//! A copy is idempotent and needs no order: the stamp was taken before the read, so a copy that read an older state
//! loses on a store that keeps stamps, whenever it lands. Where no stamps are kept the authority is read again
//! after the write, and copied again while it changes.
//!
//! ```
//! use crossfade::copy::Copier;
//! use crossfade::journal::Journal;
//! use crossfade::route::{RoutingConfig, RoutingHandle};
//! use crossfade::test_util::MemoryStore;
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
//! let copier = Copier::new(routing, mysql, cassandra);
//! # let _ = copier;
//! # Ok(()) }
//! ```

mod breaker;
mod copier;
mod run;
mod walk;

pub use copier::{Copier, CopyScopes};

pub(crate) use breaker::Breaker;
pub(crate) use run::CopyJob;
