//! Crossfade around two stores, in a stage.

use crossfade::canary_read::CanaryReadLayer;
use crossfade::copy::Copier;
use crossfade::data::RecordStore;
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::journal::Journal;
use crossfade::mismatch_metrics::{MismatchMetricsLayer, by_form};
use crossfade::route::{Asked, RouteLayer, Routed, RoutingConfig, RoutingHandle, Stage};
use crossfade::store::{StorePair, TargetLayer};
use tower::{Layer, Service, ServiceBuilder};

use super::number::{Failed, Numbers, Request};

/// What is measured: answers requests for a number.
pub trait Store:
    Service<Request, Response = u64, Error = Failed, Future: Send> + Clone + Send + Sync + 'static
{
}
impl<S> Store for S where
    S: Service<Request, Response = u64, Error = Failed, Future: Send> + Clone + Send + Sync + 'static
{
}

/// Everything of one migration.
#[derive(Debug)]
pub struct Migration<S: 'static> {
    /// Its routing.
    pub routing: RoutingHandle,
    /// Its copier.
    pub copier: Copier<S, S>,
    legacy: S,
    target: S,
}

impl<S: Store<Future: 'static> + RecordStore<Data = Numbers>> Migration<S> {
    /// Around these stores, moved to this stage; the journal is in memory.
    ///
    /// # Panics
    /// When the config is none.
    pub async fn at(stage: Stage, config: &str, legacy: S, target: S) -> Self {
        Self::with_journal(&Journal::memory(), stage, config, legacy, target).await
    }

    /// The same with a new journal that is somewhere else.
    ///
    /// # Panics
    /// When the config is none.
    pub async fn with_journal(journal: &Journal, stage: Stage, config: &str, legacy: S, target: S) -> Self {
        let config = RoutingConfig::from_toml(config).expect("a config of the bench's own");
        let routing = RoutingHandle::open(journal, config).await.expect("a new journal");
        for next in Stage::ALL.into_iter().filter(|next| *next > Stage::Off && *next <= stage) {
            let asked = Asked::by("bench", "measure it").with_force();
            routing.move_to(next, asked).await.expect("a legal move").drained().await;
        }
        let copier = Copier::new(routing, legacy.clone(), target.clone());
        Self { routing, copier, legacy, target }
    }

    /// The documented stack, unboxed.
    #[must_use]
    pub fn stack(&self) -> impl Store + use<S> {
        ServiceBuilder::new()
            .layer(RouteLayer::new(self.routing))
            .layer(CanaryReadLayer::new())
            .layer(FallbackLayer::new())
            .layer(MismatchMetricsLayer::new(by_form(|answer: &u64| *answer)))
            .layer(DualWriteLayer::new(self.copier))
            .service(self.stores())
    }

    /// The route layer, one layer, and the stores.
    pub fn with<L>(&self, layer: L) -> impl Store + use<S, L>
    where
        L: Layer<StorePair<S, S>>,
        L::Service: Service<Routed<Request>, Response = u64, Error = Failed, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        ServiceBuilder::new().layer(RouteLayer::new(self.routing)).layer(layer).service(self.stores())
    }

    fn stores(&self) -> StorePair<S, S> {
        TargetLayer::new(self.target.clone()).layer(self.legacy.clone())
    }
}
