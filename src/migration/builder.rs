//! The documented stack around any two services.

use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceBuilder};

use crate::canary_read::CanaryReadLayer;
use crate::copy::CopyScopes;
use crate::data::{ClassifyOutcome, ErrorIsUnknown};
use crate::dual_write::{AsNamed, DualWriteLayer, Written};
use crate::error::Refused;
use crate::fallback::{FallbackLayer, FallbackPolicy, OnError};
use crate::mismatch_metrics::{ByDefault, Compare, MismatchMetricsLayer};
use crate::route::{RouteLayer, RoutingHandle, StorageRequest};
use crate::store::TargetLayer;

/// Builds the documented stack; see [`builder`](Self::builder).
#[derive(Clone, Copy, Debug)]
pub struct Migration(());

impl Migration {
    /// The documented stack in its documented order, for whoever wants no choice: route, canary read, fallback,
    /// mismatch metrics, dual write, target, legacy.
    ///
    /// [`records`](MigrationBuilder::records), [`functions`](MigrationBuilder::functions) and
    /// [`build`](MigrationBuilder::build) are the three ways into it. The last one is for services with requests of your
    /// own:
    ///
    /// ```
    /// use crossfade::Migration;
    /// use crossfade::copy::Copier;
    /// use crossfade::fallback::FallbackLayer;
    /// use crossfade::mismatch_metrics::{MismatchMetricsLayer, by};
    /// # use crossfade::{journal::Journal, route::{RoutingConfig, RoutingHandle}};
    /// # use crossfade::test_util::{MemoryStore, Request, Response};
    /// # use tower::ServiceExt;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
    /// # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
    /// let copier = Copier::new(routing, mysql.clone(), cassandra.clone());
    /// let same = by(|a: &Response, b: &Response| a.answer == b.answer);
    /// let numbers = Migration::builder(routing, copier)
    ///     .compare(MismatchMetricsLayer::new(same))
    ///     .fallback(FallbackLayer::new().missing(Response::is_missing))
    ///     .build::<Request, _, _>(mysql, cassandra);
    /// # numbers.oneshot(Request::Get { group: 1, item: 1 }).await?;
    /// # Ok(()) }
    /// ```
    pub fn builder<C>(routing: RoutingHandle, copier: C) -> MigrationBuilder<C> {
        MigrationBuilder {
            routing,
            copier,
            fallback: FallbackLayer::new(),
            compare: MismatchMetricsLayer::new(ByDefault),
            classify: ErrorIsUnknown,
            written: AsNamed,
        }
    }
}

/// What the layers of the documented stack are; made by [`Migration::builder`].
#[derive(Clone, Debug)]
#[must_use = "nothing is built until `records`, `functions` or `build` is called"]
pub struct MigrationBuilder<C, M = ByDefault, P = OnError, K = ErrorIsUnknown, W = AsNamed> {
    pub(super) routing: RoutingHandle,
    pub(super) copier: C,
    pub(super) compare: MismatchMetricsLayer<M>,
    pub(super) fallback: FallbackLayer<P>,
    pub(super) classify: K,
    pub(super) written: W,
}

impl<C, M, P, K, W> MigrationBuilder<C, M, P, K, W> {
    /// Compares and bounds shadow reads as this layer does. Default: [`ByDefault`], which knows the answers of
    /// [`records`](Self::records) and [`functions`](Self::functions) only, within
    /// [`ShadowBounds::default`](crate::mismatch_metrics::ShadowBounds).
    pub fn compare<N>(self, compare: MismatchMetricsLayer<N>) -> MigrationBuilder<C, N, P, K, W> {
        let Self { routing, copier, fallback, classify, written, .. } = self;
        MigrationBuilder { routing, copier, compare, fallback, classify, written }
    }

    /// Falls back as this layer does. Default: on errors of the target; and, in [`records`](Self::records) and
    /// [`functions`](Self::functions), where it has no such record.
    pub fn fallback<Q>(self, fallback: FallbackLayer<Q>) -> MigrationBuilder<C, M, Q, K, W> {
        let Self { routing, copier, compare, classify, written, .. } = self;
        MigrationBuilder { routing, copier, compare, fallback, classify, written }
    }

    /// Says what the answers of the authority mean: see [`DualWriteLayer::classified_by`].
    pub fn classified_by<N>(self, classify: N) -> MigrationBuilder<C, M, P, N, W> {
        let Self { routing, copier, compare, fallback, written, .. } = self;
        MigrationBuilder { routing, copier, compare, fallback, classify, written }
    }

    /// Says what a write has written, once its answer is there: see [`DualWriteLayer::written`].
    pub fn written<N>(self, written: N) -> MigrationBuilder<C, M, P, K, N> {
        let Self { routing, copier, compare, fallback, classify, .. } = self;
        MigrationBuilder { routing, copier, compare, fallback, classify, written }
    }

    /// The stack around the services of the two stores.
    pub fn build<Req, L, T>(self, legacy: L, target: T) -> BoxCloneSyncService<Req, L::Response, L::Error>
    where
        Req: StorageRequest + Clone + Send + Sync + 'static,
        L: Service<Req> + Clone + Send + Sync + 'static,
        L::Response: Send + 'static,
        L::Error: From<Refused> + Send + 'static,
        L::Future: Send + 'static,
        T: Service<Req, Response = L::Response, Error = L::Error> + Clone + Send + Sync + 'static,
        T::Future: Send + 'static,
        C: CopyScopes,
        M: Compare<L::Response> + Clone + Send + Sync + 'static,
        P: FallbackPolicy<L::Response, L::Error> + Clone + Send + Sync + 'static,
        K: ClassifyOutcome<L::Response, L::Error> + Clone + Send + Sync + 'static,
        W: Written<L::Response> + Clone + Send + Sync + 'static,
    {
        let dual_write = DualWriteLayer::new(self.copier).classified_by(self.classify).written(self.written);
        let layers = ServiceBuilder::new()
            .layer(RouteLayer::new(self.routing))
            .layer(CanaryReadLayer::new())
            .layer(self.fallback)
            .layer(self.compare)
            .layer(dual_write)
            .layer(TargetLayer::new(target));
        BoxCloneSyncService::new(layers.into_inner().layer(legacy))
    }
}
