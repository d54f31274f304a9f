//! The integration tests, in one binary.

mod fallback;
mod layer_order;
mod mismatch_metrics;
mod reads;
