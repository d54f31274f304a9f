//! [`MismatchMetricsLayer`]: repeats reads on the other store and counts how the answers compare.
//!
//! Before the target answers anybody, it should have said the same as legacy for a while. From `shadow` to
//! `ramp_down` a share of the reads (`shadow.sample` in the config) is made again on the store that does not answer,
//! in a task of its own after the caller was answered: a store that fails or hangs there adds nothing to the caller.
//!
//! You say what makes two answers the same: [`by_form`] for `==` on what a closure makes of them, [`by_json`] for
//! fields with ignored paths and tolerances, [`by`] for a closure on both, or a [`Compare`] of your own.
//!
//! ```
//! use std::time::Duration;
//!
//! use crossfade::journal::Journal;
//! use crossfade::mismatch_metrics::{Class, MismatchMetricsLayer, by_json};
//! use crossfade::route::{Asked, RouteLayer, RoutingConfig, RoutingHandle, Stage};
//! use crossfade::store::TargetLayer;
//! use serde_json::{Value, json};
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//! # use crossfade::{data::{Key, Scopes}, route::{Operation, StorageRequest}};
//! # #[derive(Clone)] struct Get(i64);
//! # impl StorageRequest for Get {
//! #     fn operation(&self) -> Operation { Operation::read("get") }
//! #     fn scopes(&self) -> Scopes { Key::new(&1, &self.0).into() }
//! # }
//!
//! struct Invoice { id: i64, total: &'static str, read_from: &'static str }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), BoxError> {
//! // Invoice 2 has another total on the target.
//! let target = service_fn(|Get(id)| async move {
//!     let total = if id == 2 { "9.90" } else { "8.91" };
//!     Ok::<_, BoxError>(Some(Invoice { id, total, read_from: "target" }))
//! });
//! let legacy = service_fn(|Get(id)| async move {
//!     Ok::<_, BoxError>(Some(Invoice { id, total: "8.91", read_from: "legacy" }))
//! });
//!
//! let compare = by_json(|answer: &Option<Invoice>| match answer {
//!     Some(i) => json!({ "id": i.id, "total": i.total, "read_from": i.read_from }),
//!     None => Value::Null,
//! });
//! let mismatches = MismatchMetricsLayer::new(compare.ignore("/read_from").tolerance("/total", 0.005));
//! let samples = mismatches.samples();
//!
//! let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let _drained = routing.move_to(Stage::DualWrite, Asked::by("example", "a trial")).await?;
//! let _drained = routing.move_to(Stage::Shadow, Asked::by("example", "a trial")).await?;
//! let invoices = ServiceBuilder::new()
//!     .layer(RouteLayer::new(routing))
//!     .layer(mismatches)
//!     .layer(TargetLayer::new(target))
//!     .service(legacy);
//!
//! for id in [1, 2] {
//!     let answer = invoices.clone().oneshot(Get(id)).await?;
//!     assert_eq!(answer.map(|invoice| invoice.read_from), Some("legacy"));
//! }
//! tokio::time::sleep(Duration::from_secs(1)).await; // for the second look at invoice 2
//!
//! let stats = routing.stats();
//! assert_eq!((stats.comparisons_matched, stats.mismatches_value), (1, 1));
//! let sample = samples.newest_first().remove(0);
//! assert_eq!((sample.class, &*sample.differences[0].path), (Class::Value, "/total"));
//! # Ok(()) }
//! ```
//!
//! # Classes
//!
//! | class | counted as |
//! |---|---|
//! | both say the same | `comparisons_matched` |
//! | legacy has it, the target does not | `mismatches_missing_in_target` |
//! | the target has it, legacy does not | `mismatches_missing_in_legacy` |
//! | both have it, with other values | `mismatches_value` |
//! | one store failed, the other did not | `comparisons_error_one_side` |
//! | a difference that was gone at the second look, or a write was on its way | `mismatches_transient` |
//!
//! Two stores that are written one after the other differ for a moment, which is not corruption. So a difference only
//! counts after a second look, `confirm_delay` later: the authority, the secondary and the authority again are read,
//! and it is transient when they agree, when a mark stands on what was read, or when the authority changed meanwhile.
//! When both stores fail there is nothing to compare, and only `shadows` counts it.
//!
//! The newest confirmed mismatches are kept in a ring: [`MismatchMetricsLayer::samples`]. They name the scope as a
//! salted hash and the paths that differ, never values unless [`ByJson::show_values`] asks for them.
//!
//! # Bounds
//!
//! | setting | default | beyond it |
//! |---|---|---|
//! | [`in_flight_max`](MismatchMetricsLayer::in_flight_max), shadow reads at once | 64 | shed: `shadows_shed` |
//! | [`rate_max`](MismatchMetricsLayer::rate_max), shadow reads a second | 500 | shed: `shadows_shed` |
//! | [`deadline`](MismatchMetricsLayer::deadline) of one read | 1 s | dropped: `shadows_timed_out` |
//! | [`samples_max`](MismatchMetricsLayer::samples_max) mismatches kept | 100 | the oldest is forgotten |
//! | [`DIFFERENCES_MAX`] paths named of one mismatch | 16 | the rest is left out |
//!
//! The caller pays for a clone of the request and for [`Compare::form`] of its answer. Reads that are not repeated
//! pass this layer as they are. A caller that goes away before it is answered leaves no shadow read.
//!
//! # Switching it off
//!
//! `shadow.sample = "0%"` in the config: the next read is not repeated, and this layer passes everything on as it is. The
//! same in `off`, `dual_write` and `complete`, whatever the sample is. Shadow reads that run end by their deadline.
//!
//! ```
//! # use crossfade::{journal::Journal, route::{Percent, RoutingConfig, RoutingHandle}};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! let mut config = routing.config();
//! config.shadow.sample = Percent::ZERO;
//! let _drained = routing.swap(config).await?;
//! # Ok(()) }
//! ```
//!
//! # Order
//!
//! Inside of [`FallbackLayer`](crate::fallback::FallbackLayer). This layer then sees what the target said, and the
//! fallback what to do about it:
//!
//! ```
//! # use crossfade::{canary_read::CanaryReadLayer, data::{Key, Scopes}, fallback::FallbackLayer, journal::Journal};
//! # use crossfade::{mismatch_metrics::{MismatchMetricsLayer, by_form}, store::TargetLayer};
//! # use crossfade::route::{Asked, Operation, RouteLayer, RoutingConfig, RoutingHandle, Stage, StorageRequest};
//! # use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//! # #[derive(Clone)] struct Get(i64);
//! # impl StorageRequest for Get {
//! #     fn operation(&self) -> Operation { Operation::read("get") }
//! #     fn scopes(&self) -> Scopes { Key::new(&1, &self.0).into() }
//! # }
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), BoxError> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # for stage in [Stage::DualWrite, Stage::Shadow, Stage::Canary, Stage::Live] {
//! #     let _drained = routing.move_to(stage, Asked::by("example", "a trial").with_force()).await?;
//! # }
//! # let target = service_fn(|_: Get| async { Err::<i64, _>(BoxError::from("the target is down")) });
//! # let legacy = service_fn(|Get(id)| async move { Ok::<_, BoxError>(id) });
//! let right = ServiceBuilder::new()
//!     .layer(RouteLayer::new(routing))
//!     .layer(CanaryReadLayer::new())
//!     .layer(FallbackLayer::new())
//!     .layer(MismatchMetricsLayer::new(by_form(|answer: &i64| *answer)))
//!     .layer(TargetLayer::new(target)) // it is down
//!     .service(legacy);
//! assert_eq!(right.oneshot(Get(7)).await?, 7, "legacy answers the caller");
//! # tokio::time::sleep(std::time::Duration::from_secs(1)).await;
//! assert_eq!(routing.stats().comparisons_error_one_side, 1, "and the target's failure is seen");
//! # Ok(()) }
//! ```
//!
//! The other way round the answer that is compared may be legacy's already. It is then compared with legacy, and all
//! is well although the target is down:
//!
//! ```
//! # use crossfade::{canary_read::CanaryReadLayer, data::{Key, Scopes}, fallback::FallbackLayer, journal::Journal};
//! # use crossfade::{mismatch_metrics::{MismatchMetricsLayer, by_form}, store::TargetLayer};
//! # use crossfade::route::{Asked, Operation, RouteLayer, RoutingConfig, RoutingHandle, Stage, StorageRequest};
//! # use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//! # #[derive(Clone)] struct Get(i64);
//! # impl StorageRequest for Get {
//! #     fn operation(&self) -> Operation { Operation::read("get") }
//! #     fn scopes(&self) -> Scopes { Key::new(&1, &self.0).into() }
//! # }
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), BoxError> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # for stage in [Stage::DualWrite, Stage::Shadow, Stage::Canary, Stage::Live] {
//! #     let _drained = routing.move_to(stage, Asked::by("example", "a trial").with_force()).await?;
//! # }
//! # let target = service_fn(|_: Get| async { Err::<i64, _>(BoxError::from("the target is down")) });
//! # let legacy = service_fn(|Get(id)| async move { Ok::<_, BoxError>(id) });
//! let wrong = ServiceBuilder::new()
//!     .layer(RouteLayer::new(routing))
//!     .layer(CanaryReadLayer::new())
//!     .layer(MismatchMetricsLayer::new(by_form(|answer: &i64| *answer)))
//!     .layer(FallbackLayer::new()) // inside of the comparison
//!     .layer(TargetLayer::new(target)) // it is down
//!     .service(legacy);
//! assert_eq!(wrong.oneshot(Get(7)).await?, 7);
//! # tokio::time::sleep(std::time::Duration::from_secs(1)).await;
//! assert_eq!(routing.stats().comparisons_matched, 1, "a match with a target that is down");
//! # Ok(()) }
//! ```
//!
//! Also inside of [`CanaryReadLayer`](crate::canary_read::CanaryReadLayer), so that it knows which store answers. A
//! fallback that gives up a slow target drops its read, and with it the comparison; it is counted there.

mod bounds;
mod compare;
mod json;
mod layer;
mod samples;
mod service;
mod shadow;

pub use bounds::ShadowBounds;
pub use compare::{By, ByDefault, ByForm, Class, Compare, Difference, Verdict, by, by_form};
pub use json::{ByJson, DIFFERENCES_MAX, by_json};
pub use layer::MismatchMetricsLayer;
pub use samples::{Sample, Samples};
pub use service::MismatchMetrics;
