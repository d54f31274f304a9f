//! Stores in memory that fail as they are told, and a checker of what their callers saw. Feature `test-util`.
//!
//! - [`MemoryStore`] is a tower service of [`Request`]s and a [`RecordStore`](crate::data::RecordStore), with stamps
//!   ([`Stamped`]) or without ([`Plain`]). Its [`Script`] says what goes wrong: slow, rejected, hanging, answered
//!   and lost, landing late.
//! - [`History`] records what callers saw and reports lost writes, stale reads and differences; [`HistoryLayer`]
//!   records all [`Request`]s that go through it.
//! - [`ReadinessProbe`] panics when a layer calls a service that has not said that it is ready.
//!
//! All waiting is on tokio's clock: with `#[tokio::test(start_paused = true)]` a delay costs no time and a hang is
//! found at once.
//!
//! # A store that fails once
//! ```
//! use crossfade::data::{Outcome, RecordKey, RecordStore};
//! use crossfade::test_util::{Call, Fault, MemoryStore, Number, Stamped};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let target = MemoryStore::target();
//! target.script().next(Call::Replace, Fault::LostAnswer);
//!
//! let (key, record) = (RecordKey { group: 42, item: 7 }, Number::new(1, "paid"));
//! let error = target.replace(&key, Some(&record), 1000).await.unwrap_err();
//! assert_eq!(MemoryStore::<Stamped>::outcome(&error), Outcome::Unknown);
//! assert_eq!(target.get((42, 7)), Some(record.clone())); // it has landed all the same
//!
//! target.replace(&key, Some(&record), 1001).await?; // the script has run
//! assert_eq!((target.calls(Call::Replace), target.faults(Call::Replace)), (2, 1));
//! # Ok(()) }
//! ```
//!
//! # Callers that are watched
//! ```
//! use std::time::Duration;
//! use crossfade::test_util::{Call, Fault, History, HistoryLayer, MemoryStore, Number, Request};
//! use tower::{Layer, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (history, store) = (History::new(), MemoryStore::legacy());
//! store.script().next(Call::RequestWrite, Fault::LateWrite(Duration::from_millis(1)));
//!
//! let callers = HistoryLayer::new(history.clone()).layer(store.clone());
//! let put = |text| Request::Put { group: 1, item: 1, record: Number::new(1, text) };
//! assert!(callers.clone().oneshot(put("late")).await.is_err()); // nobody knows whether it will land
//! callers.clone().oneshot(put("acknowledged")).await?;
//! assert_eq!(history.violations(store.records()), []);
//!
//! store.seed((1, 1), Number::new(0, "older")); // a migration with a fault would do so
//! assert_eq!(history.violations(store.records()).len(), 1);
//! # Ok(()) }
//! ```

mod calls;
mod error;
mod fault;
pub mod history;
mod number;
mod probe;
mod request;
mod script;
mod service;
mod state;
mod store;

#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use error::{StoreError, classify_outcome};
pub use fault::{Call, Fault, Rates};
pub use history::{History, HistoryLayer, Violation};
pub use number::{Number, NumberKey, Numbers};
pub use probe::ReadinessProbe;
pub use request::{Answer, Request, Response};
pub use script::Script;
pub use service::ResponseFuture;
pub use state::{REPLACES_KEPT_MAX, Replaced};
pub use store::{Difference, Flavour, MemoryStore, Plain, Stamped};

/// The guard also after a panic: a test that failed elsewhere should fail with its own message.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
