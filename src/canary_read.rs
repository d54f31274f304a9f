//! [`CanaryReadLayer`]: lets the target answer the reads of a cohort.
//!
//! In `canary` the reads of the cohort go to the target, in `live` all of them; a read of something dirty never
//! does. Who is in the cohort is decided by [`RouteLayer`](crate::route::RouteLayer) from the config; this layer
//! moves the read. A stack without it never reads from the target before `ramp_down`.
//!
//! ```
//! use crossfade::canary_read::CanaryReadLayer;
//! use crossfade::route::RoutingConfig;
//!
//! let config = RoutingConfig::from_toml(r#"
//!     stage = "canary"
//!     [cohort]
//!     weight = "1%"
//!     rules = [{ attribute = "country", values = ["Canada"] }]
//! "#)?;
//! let layer = CanaryReadLayer::new();
//! # let _ = (config, layer);
//! # Ok::<(), crossfade::route::ConfigError>(())
//! ```
//!
//! # Order
//! Outside of [`FallbackLayer`](crate::fallback::FallbackLayer) and
//! [`MismatchMetricsLayer`](crate::mismatch_metrics::MismatchMetricsLayer): they look at the store that answers, so
//! it has to be settled before. Inside of them the target's failures reach the caller without a fallback, and the
//! shadow read repeats the read on the store that answered.

use std::task::{Context, Poll};

use tower::{Layer, Service};

use crate::route::{Routed, Store};

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

impl<S, Req> Service<Routed<Req>> for CanaryRead<S>
where
    S: Service<Routed<Req>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut routed: Routed<Req>) -> S::Future {
        if routed.plan.canary() {
            routed.core.stats.canary_reads.one();
            routed.plan = routed.plan.answered_by(Store::Target);
        }
        self.inner.call(routed)
    }
}
