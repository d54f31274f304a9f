//! Stores in memory that fail as their script says, and a checker of what callers saw (page to be written).

mod calls;
mod error;
mod fault;
mod number;
mod probe;
mod request;
mod script;
mod service;
mod state;
mod store;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use error::{StoreError, classify_outcome};
pub use fault::{Call, Fault, Rates};
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
