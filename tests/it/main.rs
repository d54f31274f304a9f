//! The integration tests, in one binary.

mod fallback;
mod mismatch_metrics;
mod reads;
