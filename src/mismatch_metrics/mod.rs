//! Mismatch metrics.
mod bounds;
mod compare;
mod future;
mod json;
mod layer;
mod samples;
mod service;
mod shadow;

pub use bounds::ShadowBounds;
pub use compare::{By, ByForm, Class, Compare, Difference, Verdict, by, by_form};
pub use future::ResponseFuture;
pub use json::{ByJson, DIFFERENCES_MAX, by_json};
pub use layer::MismatchMetricsLayer;
pub use samples::{Sample, Samples};
pub use service::MismatchMetrics;

pub(crate) use bounds::PerSecond;
