//! A whole migration in memory, for tests.

use std::time::Duration;

use crossfade::canary_read::CanaryReadLayer;
use crossfade::copy::Copier;
use crossfade::data::{Key, Scope, Scopes};
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::fill::Fill;
use crossfade::journal::Journal;
use crossfade::reconcile::{Reconciler, ReconcilerHandle};
use crossfade::route::{Asked, RouteLayer, RoutingConfig, RoutingHandle, Stage, Store};
use crossfade::store::TargetLayer;
use crossfade::test_util::{
    Call, Flavour, MemoryStore, Number, NumberKey, Plain, Request, Response, Script, Stamped, StoreError,
    classify_outcome,
};
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};

/// The late bound of both stores in these tests.
pub(crate) const LATE_BOUND: Duration = Duration::from_millis(300);

pub(crate) type Stack = BoxCloneSyncService<Request, Response, StoreError>;

/// Two stores in memory, the journal, and the stack around them.
pub(crate) struct World<F: Flavour = Stamped> {
    pub(crate) journal: Journal,
    pub(crate) routing: RoutingHandle,
    pub(crate) legacy: MemoryStore<Plain>,
    pub(crate) target: MemoryStore<F>,
    pub(crate) copier: Copier<MemoryStore<Plain>, MemoryStore<F>>,
    pub(crate) stack: Stack,
    pub(crate) reconciler: Option<ReconcilerHandle>,
}

pub(crate) fn config(toml: &str) -> RoutingConfig {
    let bounds = "[late_bound]\nlegacy = \"300ms\"\ntarget = \"300ms\"\n";
    RoutingConfig::from_toml(&format!("{toml}\n{bounds}")).unwrap()
}

pub(crate) fn asked() -> Asked {
    Asked::by("test", "because")
}

impl World {
    pub(crate) async fn new(toml: &str) -> Self {
        Self::with(Journal::memory(), MemoryStore::legacy(), MemoryStore::target(), config(toml)).await
    }

    /// A world in this stage, its target filled, with a reconciler.
    pub(crate) async fn at(stage: Stage, toml: &str) -> Self {
        let mut world = Self::new(toml).await;
        world.reconcile();
        world.walk_to(stage).await;
        world
    }
}

impl<F: Flavour> World<F> {
    pub(crate) async fn with(
        journal: Journal,
        legacy: MemoryStore<Plain>,
        target: MemoryStore<F>,
        config: RoutingConfig,
    ) -> Self {
        let routing = RoutingHandle::open(&journal, config).await.unwrap();
        let copier = Copier::new(routing, legacy.clone(), target.clone()).deadline(Duration::from_secs(2));
        let stack = Stack::new(
            ServiceBuilder::new()
                .layer(RouteLayer::new(routing))
                .layer(CanaryReadLayer::new())
                .layer(FallbackLayer::new().missing(Response::is_missing))
                .layer(DualWriteLayer::new(copier).classified_by(classify_outcome).written(written))
                .layer(TargetLayer::new(target.clone()))
                .service(legacy.clone()),
        );
        Self { journal, routing, legacy, target, copier, stack, reconciler: None }
    }

    pub(crate) fn reconcile(&mut self) {
        self.reconciler = Some(Reconciler::new(self.copier).spawn());
    }

    /// Walks forward to the stage, filling on the way.
    pub(crate) async fn walk_to(&self, stage: Stage) {
        for next in Stage::ALL.into_iter().filter(|next| *next > self.routing.stage() && *next <= stage) {
            self.routing.move_to(next, asked()).await.unwrap().drained().await;
            if next == Stage::DualWrite {
                Fill::new(self.copier).run().await.unwrap();
            }
        }
    }

    /// The store that takes writes now.
    pub(crate) fn authority(&self) -> &dyn Look {
        match self.routing.stage().authority() {
            Store::Legacy => &self.legacy,
            Store::Target => &self.target,
        }
    }

    /// The store that receives copies now.
    pub(crate) fn secondary(&self) -> &dyn Look {
        match self.routing.stage().authority() {
            Store::Legacy => &self.target,
            Store::Target => &self.legacy,
        }
    }

    pub(crate) async fn call(&self, request: Request) -> Result<Response, StoreError> {
        self.stack.clone().oneshot(request).await
    }

    pub(crate) async fn put(&self, group: i64, item: i64, version: u64) {
        self.call(put(group, item, version)).await.unwrap();
    }

    pub(crate) async fn get(&self, group: i64, item: i64) -> Option<u64> {
        self.call(Request::Get { group, item }).await.unwrap().record().map(|record| record.version)
    }

    /// The routing of the process that follows this one, which crashed, on the same journal and in the same stage.
    pub(crate) async fn start_again(&self, toml: &str) -> RoutingHandle {
        let mut config = config(toml);
        config.stage = self.routing.stage();
        self.journal.forget_session();
        RoutingHandle::open(&self.journal, config).await.unwrap()
    }

    /// Waits until no mark is left and nothing runs.
    pub(crate) async fn settle(&self) {
        let settled = async {
            while self.journal.marks() > 0 || self.routing.stats().writes_in_flight > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let what = format!("{:?}", self.routing.stats());
        tokio::time::timeout(Duration::from_secs(600), settled)
            .await
            .unwrap_or_else(|_| panic!("marks stay: {what}"));
    }

    /// Settles and compares.
    #[track_caller]
    pub(crate) fn assert_converged(&self) {
        assert_eq!(self.legacy.same_as(&self.target), [], "no mark is left and the stores differ");
        assert_eq!(self.routing.stats().unaccounted_writes(), 0);
    }
}

/// What a test asks of either store.
pub(crate) trait Look {
    fn get(&self, key: NumberKey) -> Option<Number>;
    fn calls(&self, call: Call) -> u64;
    fn script(&self) -> &Script;
    /// Writes without a trace: by somebody who does not go through crossfade.
    fn seed(&self, key: NumberKey, record: Number);
}

impl<F: Flavour> Look for MemoryStore<F> {
    fn get(&self, key: NumberKey) -> Option<Number> {
        self.get(key)
    }
    fn calls(&self, call: Call) -> u64 {
        self.calls(call)
    }
    fn script(&self) -> &Script {
        self.script()
    }
    fn seed(&self, key: NumberKey, record: Number) {
        self.seed(key, record);
    }
}

pub(crate) fn put(group: i64, item: i64, version: u64) -> Request {
    Request::Put { group, item, record: Number::new(version, format!("v{version}")) }
}

/// A create knows its key once it is answered.
pub(crate) fn written(named: &Scopes, response: &Response) -> Scopes {
    match (
        response.created(),
        named.as_slice().first().and_then(Scope::group).and_then(|group| group.parse::<i64>()),
    ) {
        (Some(item), Some(group)) => Key::new(&group, &item).into(),
        _ => named.clone(),
    }
}

/// The ids that legacy in memory gives out.
pub(crate) struct Ids(pub(crate) MemoryStore<Plain>);

impl crossfade::route::LegacyIds for Ids {
    type Error = std::convert::Infallible;

    async fn largest(&self) -> Result<u64, Self::Error> {
        Ok(self.0.largest_id())
    }

    async fn raise_above(&self, id: u64) -> Result<(), Self::Error> {
        self.0.raise_ids_above(id);
        Ok(())
    }
}
