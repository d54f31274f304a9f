//! Crossfade (crate page to be written with the last module).

pub mod data;
pub mod route;
pub mod store;

pub mod canary_read;
pub mod fallback;
pub mod mismatch_metrics;

pub mod journal;
pub mod protocol;

#[cfg(feature = "test-util")]
pub mod test_util;

mod error;
mod stats;

pub use error::Refused;
pub use stats::StatsSnapshot;
