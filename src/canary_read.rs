//! [`CanaryReadLayer`]: lets the target answer the reads of a cohort.
//!
//! In `canary` the reads of the cohort go to the target, in `live` all of them; a read of something dirty never
//! does. Who is in the cohort is decided by [`RouteLayer`](crate::route::RouteLayer) from the config; this layer
//! moves the read. A stack without it never reads from the target before `ramp_down`.
//!
//! ```
//! use crossfade::canary_read::CanaryReadLayer;
//! use crossfade::journal::Journal;
//! use crossfade::route::{Asked, RouteLayer, RoutingConfig, RoutingHandle, Stage};
//! use crossfade::store::TargetLayer;
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//! # use crossfade::{data::{Key, Scope, Scopes}, route::{Operation, StorageRequest}};
//! # #[derive(Clone)] struct Get(i64);
//! # impl StorageRequest for Get {
//! #     fn operation(&self) -> Operation { Operation::read("get") }
//! #     fn scopes(&self) -> Scopes { Key::new(&self.0, &1).into() }
//! # }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), BoxError> {
//! let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! let invoices = ServiceBuilder::new()
//!     .layer(RouteLayer::new(routing))
//!     .layer(CanaryReadLayer::new())
//!     .layer(TargetLayer::new(service_fn(|_: Get| async { Ok::<_, BoxError>("target") })))
//!     .service(service_fn(|_: Get| async { Ok::<_, BoxError>("legacy") }));
//! let get = |customer| invoices.clone().oneshot(Get(customer));
//!
//! # for stage in [Stage::DualWrite, Stage::Shadow] {
//! #     let _drained = routing.move_to(stage, Asked::by("example", "a trial")).await?;
//! # }
//! let config = RoutingConfig::from_toml(r#"
//!     stage = "canary"
//!     [cohort]
//!     allow = ["42"] # by cohort key: here the customer
//! "#)?;
//! # let _drained = routing.move_to(Stage::Canary, Asked::by("example", "a trial").with_force()).await?;
//! let _drained = routing.swap(config).await?;
//! assert_eq!((get(42).await?, get(43).await?), ("target", "legacy"));
//!
//! // What may differ is read from the store that decides.
//! routing.journal().mark_for_repair(Scope::from(Key::new(&42, &1))).await?;
//! assert_eq!(get(42).await?, "legacy");
//! # Ok(()) }
//! ```
//!
//! # Who is in the cohort
//!
//! Nobody by default. These are asked in this order, and the first that names the request decides:
//!
//! | of `[cohort]` in the config | |
//! |---|---|
//! | `deny` | cohort keys that are never in |
//! | `allow` | cohort keys that are always in |
//! | `rules` | requests whose [attribute](crate::route::StorageRequest::attribute) has one of the values, such as `country` |
//! | `weight` | a share of cohort keys, in steps of 0.001 %, by their [`bucket`](crate::route::bucket): raising it only adds keys |
//!
//! The cohort key is what [`StorageRequest::cohort_key`](crate::route::StorageRequest::cohort_key) says; by default the
//! group of the first scope, so that all reads of one customer are answered by one store. With `read_override = true` a
//! request may also name the store itself, for example to read the second page of a list where the first one came from.
//!
//! # Which reads move
//!
//! | the read | `canary` | `live` |
//! |---|---|---|
//! | of a clean key or group, in the cohort | target | target |
//! | of a clean key or group, outside of it | legacy | target |
//! | of something dirty | legacy, counted as `dirty_reads` | the same |
//! | a lookup that `[lookups.NAME] target = true` enables, while nothing at all is dirty | target, when its `cohort_key` is in the cohort | target |
//! | any other lookup | legacy | legacy |
//!
//! A read that moved is counted as `canary_reads`. In the other stages this layer passes everything on as it is.
//!
//! # Switching it off
//!
//! | | then |
//! |---|---|
//! | `weight = "0%"`, and no `allow` and no `rules` | nobody is in the cohort; the stage stays |
//! | the customer in `deny` | one customer is out, at once |
//! | back to `shadow` | no read goes to the target, in `live` neither |
//! | a stack without this layer | the same, for good until `ramp_down`; the config cannot change it |
//!
//! All but the last are seen by the next request:
//!
//! ```
//! # use crossfade::journal::Journal;
//! # use crossfade::route::{RoutingConfig, RoutingHandle, Percent};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! let mut config = routing.config();
//! config.cohort.weight = Percent::ZERO;
//! config.cohort.allow.clear();
//! config.cohort.rules.clear();
//! let _drained = routing.swap(config).await?;
//! # Ok(()) }
//! ```
//!
//! # Order
//!
//! Outside of [`FallbackLayer`](crate::fallback::FallbackLayer) and
//! [`MismatchMetricsLayer`](crate::mismatch_metrics::MismatchMetricsLayer): they look at the store that answers, so
//! it has to be settled before. Inside of the fallback a target that is down reaches the caller:
//!
//! ```
//! # use crossfade::{canary_read::CanaryReadLayer, data::{Key, Scopes}, fallback::FallbackLayer, journal::Journal};
//! # use crossfade::route::{Asked, Operation, RouteLayer, RoutingConfig, RoutingHandle, Stage, StorageRequest};
//! # use crossfade::store::TargetLayer;
//! # use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//! # #[derive(Clone)] struct Get(i64);
//! # impl StorageRequest for Get {
//! #     fn operation(&self) -> Operation { Operation::read("get") }
//! #     fn scopes(&self) -> Scopes { Key::new(&self.0, &1).into() }
//! # }
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), BoxError> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # for stage in [Stage::DualWrite, Stage::Shadow, Stage::Canary, Stage::Live] {
//! #     let _drained = routing.move_to(stage, Asked::by("example", "a trial").with_force()).await?;
//! # }
//! # let target = service_fn(|_: Get| async { Err::<&str, _>(BoxError::from("the target is down")) });
//! # let legacy = service_fn(|_: Get| async { Ok::<_, BoxError>("legacy") });
//! let right = ServiceBuilder::new()
//!     .layer(RouteLayer::new(routing))
//!     .layer(CanaryReadLayer::new())
//!     .layer(FallbackLayer::new())
//!     .layer(TargetLayer::new(target)) // it is down
//!     .service(legacy);
//! assert_eq!(right.oneshot(Get(42)).await?, "legacy");
//!
//! let wrong = ServiceBuilder::new()
//!     .layer(RouteLayer::new(routing))
//!     .layer(FallbackLayer::new())
//!     .layer(CanaryReadLayer::new()) // the fallback has let the read pass as one of legacy
//!     .layer(TargetLayer::new(target))
//!     .service(legacy);
//! assert_eq!(wrong.oneshot(Get(42)).await.unwrap_err().to_string(), "the target is down");
//! # Ok(()) }
//! ```
//!
//! Inside of the mismatch metrics the shadow read repeats the read on the store that answered.

use std::task::{Context, Poll};

use tower::{Layer, Service};

use crate::route::{IsRouted, Routed, Store};

/// Lets the target answer the reads of a cohort: see the [module docs](self).
#[derive(Clone, Copy, Debug, Default)]
pub struct CanaryReadLayer(());

impl CanaryReadLayer {
    /// The layer; the cohort is in the routing config.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for CanaryReadLayer {
    type Service = CanaryRead<S>;

    fn layer(&self, inner: S) -> CanaryRead<S> {
        CanaryRead { inner }
    }
}

/// Lets the target answer the reads of a cohort: see the [module docs](self).
#[derive(Clone, Copy, Debug)]
pub struct CanaryRead<S> {
    inner: S,
}

impl<S, R> Service<R> for CanaryRead<S>
where
    R: IsRouted,
    S: Service<Routed<R::Request>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline(always)]
    fn call(&mut self, routed: R) -> S::Future {
        let mut routed = routed.into_routed();
        if routed.plan.canary() {
            routed.core.stats.canary_reads.one();
            routed.plan = routed.plan.answered_by(Store::Target);
        }
        self.inner.call(routed)
    }
}
