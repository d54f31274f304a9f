//! Crossfade (crate page to be written with the last module).

pub mod data;
pub mod route;
pub mod store;

pub mod canary_read;
pub mod dual_write;
pub mod fallback;
pub mod mismatch_metrics;

pub mod copy;
pub mod fill;
pub mod journal;
pub mod protocol;
pub mod reconcile;

mod error;
mod stats;

pub use error::Refused;
pub use stats::StatsSnapshot;
