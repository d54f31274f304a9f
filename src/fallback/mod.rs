//! Fallback.
mod armed;
mod budget;
mod future;
mod layer;
mod policy;
mod service;

pub use budget::{BUDGET_RESERVE, BUDGET_SHARE, BUDGET_WINDOW};
pub use future::ResponseFuture;
pub use layer::FallbackLayer;
pub use policy::{CompareFirst, FallbackPolicy, Missing, OnError};
pub use service::Fallback;
