//! [`Functions`].

use std::fmt;
use std::marker::PhantomData;

use tower::ServiceBuilder;

use super::call::{AsAnswered, OnLegacy, OnTarget, WhereMissing};
use crate::canary_read::{CanaryRead, CanaryReadLayer};
use crate::copy::AnyCopier;
use crate::data::Outcome;
use crate::dual_write::{DualWrite, DualWriteLayer};
use crate::error::AsFailed;
use crate::fallback::{Fallback, FallbackLayer, OnError};
use crate::mismatch_metrics::{ByDefault, MismatchMetrics, MismatchMetricsLayer};
use crate::route::{ByRequest, Route, RouteLayer, RoutingHandle};
use crate::store::{StorePair, TargetLayer};

type Stores<L, T> = StorePair<OnLegacy<L>, OnTarget<T>>;
type Reads<L, T> =
    Route<CanaryRead<Fallback<MismatchMetrics<Stores<L, T>, ByDefault>, WhereMissing>>, ByRequest>;
type Writes<L, T> = Route<DualWrite<Stores<L, T>, AnyCopier, AsFailed, AsAnswered>, ByRequest>;

/// Every write has a function for either store.
#[derive(Clone, Copy, Debug)]
pub struct OnBoth(());

/// There are writes without a function for the target, so that no move to `ramp_down` is possible yet.
#[derive(Clone, Copy, Debug)]
pub struct BeforeRampDown(());

/// Functions that exist, called through the stack: see the [module docs](super). A clone is the same stack.
///
/// `L` and `T` are what the functions need of each store, `E` is the error that they give, `W` whether writes may lack
/// a function for the target: [`OnBoth`] or [`BeforeRampDown`].
pub struct Functions<L, T, E, W = OnBoth> {
    pub(super) reads: Reads<L, T>,
    pub(super) writes: Writes<L, T>,
    pub(super) outcome: fn(&E) -> Outcome,
    may_lack: PhantomData<fn() -> W>,
}

impl<L, T, E, W> Functions<L, T, E, W>
where
    L: Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub(crate) fn new(
        routing: RoutingHandle,
        copier: AnyCopier,
        compare: MismatchMetricsLayer<ByDefault>,
        fallback: FallbackLayer<OnError>,
        legacy: L,
        target: T,
    ) -> Self {
        let route = ServiceBuilder::new().layer(RouteLayer::new(routing));
        let target = TargetLayer::new(OnTarget(target));
        let read_layers = ServiceBuilder::new()
            .layer(CanaryReadLayer::new())
            .layer(fallback.map(|OnError| WhereMissing))
            .layer(compare);
        let dual_write = DualWriteLayer::new(copier).classified_by(AsFailed).written(AsAnswered);
        Self {
            reads: route.clone().layer(read_layers).layer(target.clone()).service(OnLegacy(legacy.clone())),
            writes: route.layer(dual_write).layer(target).service(OnLegacy(legacy)),
            outcome: |_| Outcome::Unknown,
            may_lack: PhantomData,
        }
    }
}

impl<L, T, E, W> Functions<L, T, E, W> {
    /// Says what an error of a write means. By default every error is [`Outcome::Unknown`], which costs a repair after
    /// the late bound; name those that surely changed nothing, and only those.
    #[must_use]
    pub fn outcome(self, outcome: fn(&E) -> Outcome) -> Self {
        Self { outcome, ..self }
    }
}

impl<L: Clone, T: Clone, E, W> Clone for Functions<L, T, E, W> {
    fn clone(&self) -> Self {
        Self {
            reads: self.reads.clone(),
            writes: self.writes.clone(),
            outcome: self.outcome,
            may_lack: PhantomData,
        }
    }
}

impl<L, T, E, W> fmt::Debug for Functions<L, T, E, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Functions").finish_non_exhaustive()
    }
}
