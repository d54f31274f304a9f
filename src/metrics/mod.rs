//! page
mod families;
mod family;
mod known;
mod migrations;
mod reading;

#[cfg(feature = "metrics")]
mod facade;
#[cfg(feature = "prometheus")]
mod prometheus;

#[cfg(feature = "metrics")]
pub use facade::{PUBLISH_EVERY, Publishing};
pub use known::STATUS_EVERY;
pub use migrations::{LABEL_VALUES_MAX, Metrics};
#[cfg(feature = "prometheus")]
pub use prometheus::CONTENT_TYPE;
