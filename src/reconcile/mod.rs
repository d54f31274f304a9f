//! The [`Reconciler`]: copies what marks name until no mark is left.
//!
//! A write whose copy failed, was cut off or found no room leaves its mark. The reconciler claims marks whose wait
//! is over, copies their scopes, and clears them. A service runs one from the moment that it serves:
//!
//! ```
//! use crossfade::copy::Copier;
//! use crossfade::reconcile::Reconciler;
//! # use crossfade::{data::{Key, Scope}, journal::Journal, route::{Asked, RoutingConfig, RoutingHandle, Stage}};
//! # use crossfade::test_util::{MemoryStore, Number};
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
//! let copier = Copier::new(routing, mysql.clone(), cassandra.clone());
//! let reconciler = Reconciler::new(copier).spawn();
//! # let _drained = routing.move_to(Stage::DualWrite, Asked::by("ops", "the migration begins")).await?;
//! # crossfade::fill::Fill::new(copier).run().await?;
//!
//! // A nightly job has changed an invoice without going through the stack.
//! mysql.seed((42, 1001), Number::new(2, "paid"));
//! routing.journal().mark_for_repair(Scope::from(Key::new(&42, &1001))).await?;
//!
//! # tokio::time::sleep(std::time::Duration::from_secs(1)).await;
//! assert_eq!(cassandra.get((42, 1001)), Some(Number::new(2, "paid")));
//! assert_eq!(routing.journal().marks(), 0);
//! # reconciler.stop().await;
//! # routing.close().await?;
//! # Ok(()) }
//! ```
//!
//! # Settings
//!
//! | setting | default | beyond it |
//! |---|---|---|
//! | [`concurrency`](Reconciler::concurrency), scopes repaired at once | 8 | the others wait in the journal |
//! | [`attempts_max`](Reconciler::attempts_max), failed repairs of a mark | 20, which takes some minutes | a *dead letter* |
//! | [`lease`](Reconciler::lease) of a claim | 1 h | a repair that takes half of it gives its marks back |
//! | [`per_second_max`](Reconciler::per_second_max), repairs begun a second | no limit | they wait |
//!
//! # What happens when
//!
//! | a repair | its marks |
//! |---|---|
//! | copied every key of its scope | go: those that it claimed, and no younger ones |
//! | failed | are tried again after 50 ms, doubled each time up to 30 s |
//! | failed for the last time | become dead letters: still dirty, no longer tried by themselves, listed by [`Journal::dead_letters`](crate::journal::Journal::dead_letters). They block the certificate, every change of the authority and the move to `complete` until [`Journal::retry_dead_letters`](crate::journal::Journal::retry_dead_letters) |
//! | was cut off, by a shutdown or half of its lease | go back, and do not count as tried |
//! | may have a request inside a secondary that keeps no stamps | wait that store's late bound |
//!
//! A row that no record can be made of is a dead letter in the end: the caller who wrote it was answered, its key is read from the
//! authority, and the log has the store's error beside the scope. Mend the row, then retry.
//!
//! Repairing a group, or everything, walks both stores and copies each key that either of them has. A mark on everything
//! is the fill's to clear before the first fill is complete.
//!
//! While the secondary keeps failing (the breaker is open) one repair at a time probes it. Repairs go on while writes
//! are held for a stage move: that is what lets the move happen.
//!
//! # Ending
//! Stop the reconciler before the routing, so that its last repairs can still tell the journal:
//!
//! ```
//! # use crossfade::{reconcile::ReconcilerHandle, route::RoutingHandle};
//! # async fn end(reconciler: ReconcilerHandle, routing: RoutingHandle) -> Result<(), crossfade::journal::JournalError> {
//! reconciler.stop().await;
//! routing.close().await
//! # }
//! ```
//!
//! The other way round, or with neither, nothing is lost: claims lapse, or the next start takes the session for one that
//! crashed and repairs its marks after the late bound. Dropping the handle leaves the reconciler running.
//!
//! A stack *without* a reconciler looks well for a while. Then the first copy that fails leaves a mark that nobody clears:
//! its key is read from the authority for ever, and no change of the authority is possible.

mod handle;
mod reconciler;
mod repair;

pub use handle::ReconcilerHandle;
pub use reconciler::Reconciler;
