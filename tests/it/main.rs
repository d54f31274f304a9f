//! One integration binary: each module is named by what it guards.

mod cancellation;
mod dual_write;
mod fallback;
mod fill;
mod layer_order;
mod mismatch_metrics;
mod reads;
mod stages;
mod support;
