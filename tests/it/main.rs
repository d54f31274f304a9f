//! One integration binary: each module is named by what it guards.

mod cancellation;
mod dual_write;
mod fallback;
mod layer_order;
mod mismatch_metrics;
mod reads;
mod repair;
mod simulation;
mod stages;
mod support;
