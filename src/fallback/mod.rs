//! [`FallbackLayer`]: lets legacy answer the reads that the target cannot.
//!
//! In `canary` and `live` reads go to the target while legacy still has every write. So a target that fails need
//! not be a failure for the caller: the read is made once more, on legacy.
//!
//! ```
//! use std::time::Duration;
//!
//! use crossfade::canary_read::CanaryReadLayer;
//! use crossfade::fallback::FallbackLayer;
//! use crossfade::journal::Journal;
//! use crossfade::route::{Asked, RouteLayer, RoutingConfig, RoutingHandle, Stage};
//! use crossfade::store::TargetLayer;
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//! # use crossfade::{data::{Key, Scopes}, route::{Operation, StorageRequest}};
//! # #[derive(Clone)] struct Get(i64);
//! # impl StorageRequest for Get {
//! #     fn operation(&self) -> Operation { Operation::read("get") }
//! #     fn scopes(&self) -> Scopes { Key::new(&1, &self.0).into() }
//! # }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), BoxError> {
//! // A target that has only invoice 1, and fails for invoice 3.
//! let target = service_fn(|Get(id)| async move {
//!     match id {
//!         1 => Ok(Some("1 from the target".to_owned())),
//!         3 => Err(BoxError::from("the target is down")),
//!         _ => Ok(None),
//!     }
//! });
//! let legacy = service_fn(|Get(id)| async move { Ok::<_, BoxError>(Some(format!("{id} from legacy"))) });
//!
//! let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # for stage in [Stage::DualWrite, Stage::Shadow, Stage::Canary] {
//! #     let _drained = routing.move_to(stage, Asked::by("example", "a trial").with_force()).await?;
//! # }
//! let _drained = routing.move_to(Stage::Live, Asked::by("example", "a trial").with_force()).await?;
//! let invoices = ServiceBuilder::new()
//!     .layer(RouteLayer::new(routing))
//!     .layer(CanaryReadLayer::new())
//!     .layer(
//!         FallbackLayer::new()
//!             .timeout(Duration::from_millis(250))
//!             .missing(|invoice: &Option<String>| invoice.is_none()),
//!     )
//!     .layer(TargetLayer::new(target))
//!     .service(legacy);
//!
//! let get = |id| invoices.clone().oneshot(Get(id));
//! assert_eq!(get(1).await?.unwrap(), "1 from the target");
//! assert_eq!(get(2).await?.unwrap(), "2 from legacy");
//! assert_eq!(get(3).await?.unwrap(), "3 from legacy");
//!
//! let stats = routing.stats();
//! assert_eq!((stats.fallbacks_on_missing, stats.fallbacks_on_error), (1, 1));
//! assert_eq!(routing.journal().marks(), 1, "invoice 2 waits for its repair");
//! # Ok(()) }
//! ```
//!
//! # When legacy is asked
//!
//! | the target | set by | counted as | what was read is marked |
//! |---|---|---|---|
//! | fails | always; [`FallbackPolicy::on_error`] can pass an error on | `fallbacks_on_error` | no |
//! | takes too long | [`timeout`](FallbackLayer::timeout) | `fallbacks_on_error` | no |
//! | says that it is not there | [`missing`](FallbackLayer::missing) | `fallbacks_on_missing` | when legacy has it |
//! | says something else than legacy | [`compare_first`](FallbackLayer::compare_first) | `fallbacks_on_inconsistent` | yes |
//!
//! Once legacy was asked, what it says is the answer, its error included: it is the authority of these stages. A
//! marked key is dirty, so that legacy answers its reads until the reconciler has repaired it. A read without a scope
//! cannot be marked.
//!
//! Only the caller's own read on the target falls back. Dirty reads, reads outside of the cohort and all reads of the
//! other stages pass this layer as they are: no clone, no box. In `ramp_down` legacy follows the target, so there is
//! nothing to fall back on.
//!
//! # A trap
//!
//! That a record is not there is an answer, no error, in most services. Without `missing` it is passed on as one:
//!
//! ```
//! # use crossfade::{canary_read::CanaryReadLayer, data::{Key, Scopes}, fallback::FallbackLayer, journal::Journal};
//! # use crossfade::route::{Asked, Operation, RouteLayer, RoutingConfig, RoutingHandle, Stage, StorageRequest};
//! # use crossfade::store::TargetLayer;
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
//! # let target = service_fn(|_: Get| async { Ok::<_, BoxError>(None) });
//! # let legacy = service_fn(|Get(id)| async move { Ok::<_, BoxError>(Some(id)) });
//! # let around = ServiceBuilder::new().layer(RouteLayer::new(routing)).layer(CanaryReadLayer::new());
//! # let stores = ServiceBuilder::new().layer(TargetLayer::new(target)).service(legacy);
//! // Wrong: an invoice that only legacy has is a 404 to its owner.
//! let wrong = FallbackLayer::new();
//! # let invoices = around.clone().layer(wrong).service(stores.clone());
//! assert_eq!(invoices.oneshot(Get(7)).await?, None);
//!
//! // Right: legacy is asked before the caller is told that there is none.
//! let right = FallbackLayer::new().missing(|invoice: &Option<i64>| invoice.is_none());
//! # let invoices = around.layer(right).service(stores);
//! assert_eq!(invoices.oneshot(Get(7)).await?, Some(7));
//! # Ok(()) }
//! ```
//!
//! # Switching it off
//!
//! Leave the layer out, and every answer of the target is the caller's. To keep it for what is missing only, pass all
//! errors on:
//!
//! ```
//! use crossfade::fallback::{FallbackLayer, FallbackPolicy};
//!
//! #[derive(Clone)]
//! struct OnMissing;
//!
//! impl<E> FallbackPolicy<Option<String>, E> for OnMissing {
//!     fn on_error(&self, _: &E) -> bool { false }
//!     fn is_missing(&self, invoice: &Option<String>) -> bool { invoice.is_none() }
//! }
//!
//! let layer = FallbackLayer::with_policy(OnMissing);
//! # let _ = layer;
//! ```
//!
//! A timeout asks legacy under every policy; none is armed unless [`timeout`](FallbackLayer::timeout) is called. The config
//! has no switch: a read falls back only where it went to the target, so the cohort's weight is the lever while the
//! service runs.
//!
//! # Budget
//!
//! A target that is down must not send all its reads to legacy unnoticed. So there is a budget: by default a fifth of
//! the target's reads ([`BUDGET_SHARE`]) and [`BUDGET_RESERVE`] a second besides, averaged over [`BUDGET_WINDOW`]. At
//! 10,000 reads a second legacy then gets 2,100 of them. [`budget`](FallbackLayer::budget) takes another one, such as
//! tower's [`TpsBudget`](tower::retry::budget::TpsBudget) with your numbers. A caller that asks for records that
//! nobody has also falls back on *missing*, within the same budget.
//!
//! Over the budget an error of the target is passed on. A timeout, or a record that the target does not have, is
//! [`Refused::FallbackOverBudget`](crate::Refused::FallbackOverBudget): never a "not found" that may be false. Both
//! are counted as `fallbacks_over_budget`.
//!
//! # Order
//!
//! Inside of [`CanaryReadLayer`](crate::canary_read::CanaryReadLayer), which sends reads to the target, and outside
//! of [`MismatchMetricsLayer`](crate::mismatch_metrics::MismatchMetricsLayer), which has to see what the target really
//! said: that page shows what happens in the wrong order.

mod armed;
mod budget;
mod layer;
mod policy;
mod service;

pub use budget::{BUDGET_RESERVE, BUDGET_SHARE, BUDGET_WINDOW};
pub use layer::FallbackLayer;
pub use policy::{CompareFirst, FallbackPolicy, Missing, OnError};
pub use service::Fallback;
