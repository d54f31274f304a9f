//! What is counted, for Prometheus (feature `prometheus`) and for the `metrics` facade (feature `metrics`).
//!
//! Nothing of it is on the path of a request: the counters are those that [`RoutingHandle::stats`] reads, and a scrape
//! reads them. Both adapters go through one table of names, so they say the same; what each metric means, and what
//! to do when it moves, is on the page [`operations`](crate::operations).
//!
//! # For Prometheus
//!
//! The shortest use is a handler that answers with [`Metrics::text`]:
//!
//! ```
//! # #[cfg(feature = "prometheus")] mod example {
//! use axum::http::header::CONTENT_TYPE;
//! use axum::{Router, routing::get};
//! use crossfade::metrics::{self, Metrics};
//! # use crossfade::{journal::Journal, route::{RoutingConfig, RoutingHandle}};
//!
//! # #[tokio::main(flavor = "current_thread")] pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! let metrics = Metrics::new().migration("invoices", routing);
//! let scraped = metrics.clone();
//! let app: Router = Router::new().route("/metrics", get(move || async move {
//!     ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], scraped.text().await)
//! }));
//! # let _ = app;
//!
//! let text = metrics.text().await;
//! assert!(text.contains("\ncrossfade_stage_info{migration=\"invoices\",stage=\"off\"} 1.0\n"));
//! # Ok(()) } }
//! # fn main() { #[cfg(feature = "prometheus")] example::main().unwrap() }
//! ```
//!
//! A service with a registry of its own registers a [`Metrics`] there: it is a `prometheus_client` (0.26) `Collector`.
//!
//! ```
//! # #[cfg(feature = "prometheus")] fn register(routing: crossfade::route::RoutingHandle) {
//! # use crossfade::metrics::Metrics;
//! let mut registry = prometheus_client::registry::Registry::default();
//! registry.register_collector(Box::new(Metrics::new().migration("invoices", routing)));
//! # }
//! ```
//!
//! # For the `metrics` facade
//!
//! ```
//! # #[cfg(feature = "metrics")] fn publish(routing: crossfade::route::RoutingHandle) {
//! use crossfade::metrics::{Metrics, PUBLISH_EVERY};
//!
//! let publishing = Metrics::new().migration("invoices", routing).publish_every(PUBLISH_EVERY);
//! # let _ = publishing;
//! # }
//! ```
//!
//! The recorder that the service has installed then gets every value each 10 seconds; [`Metrics::publish`] sets them once,
//! for a pace of your own. An exporter that is scraped more often than that shows steps.
//!
//! # What only the journal knows
//!
//! Marks by state, the fill and the certificate are in the journal, which counts its marks to answer. No scrape waits for
//! it: a collector shows the last answer, and has it asked again when that is older than [`STATUS_EVERY`]. The first
//! scrape of a registry therefore lacks them. [`Metrics::text`] and [`Metrics::refresh`] wait, up to 2 s. When the journal
//! does not answer its last words stay, and `crossfade_journal_reachable` is 0.
//!
//! # Limits
//!
//! | limit | default | at the limit |
//! |---|---|---|
//! | values of the label `migration`, [`Metrics::label_values_max`] | [`LABEL_VALUES_MAX`], 100 | further migrations are added up as `_other`, their states left out |
//! | how often the journal is asked, [`STATUS_EVERY`] | 10 s | the last answer is shown |
//!
//! All other labels have a fixed set of values, at most seven. No label is a key, an operation or a path.
//!
//! There is no histogram of latencies: it would read a clock twice for each request, also where the stack has nothing to
//! do. Measure around the stack, with the layer that measures the rest of your service.
//!
//! # One for all migrations
//!
//! ```
//! # #[cfg(feature = "prometheus")] fn register(invoices: crossfade::route::RoutingHandle, notes: crossfade::route::RoutingHandle) {
//! # use crossfade::metrics::Metrics;
//! # let mut registry = prometheus_client::registry::Registry::default();
//! // Wrong: each describes the same metrics, and Prometheus refuses a text that does so twice.
//! registry.register_collector(Box::new(Metrics::new().migration("invoices", invoices)));
//! registry.register_collector(Box::new(Metrics::new().migration("notes", notes)));
//!
//! # let mut registry = prometheus_client::registry::Registry::default();
//! // Right.
//! let metrics = Metrics::new().migration("invoices", invoices).migration("notes", notes);
//! registry.register_collector(Box::new(metrics));
//! # }
//! ```
//!
//! [`RoutingHandle::stats`]: crate::route::RoutingHandle::stats

#[cfg(feature = "metrics")]
mod facade;
mod families;
mod family;
mod known;
mod migrations;
#[cfg(feature = "prometheus")]
mod prometheus;
mod reading;

#[cfg(feature = "metrics")]
pub use facade::{PUBLISH_EVERY, Publishing};
pub use known::STATUS_EVERY;
pub use migrations::{LABEL_VALUES_MAX, Metrics};
#[cfg(feature = "prometheus")]
pub use prometheus::CONTENT_TYPE;
