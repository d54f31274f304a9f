//! One integration binary: each module is named by what it guards.

mod cancellation;
mod dual_write;
mod stages;
mod support;
