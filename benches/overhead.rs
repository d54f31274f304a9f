//! What the layers cost over a store that answers at once, in one run: the bare store, hand-written code, layers of
//! tower, each layer alone, and the whole stack in each stage.
//!
//! `cargo bench --bench overhead`. Compare rows of one run with each other; the numbers of two machines say nothing.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "criterion makes public items; a bench that cannot start may panic"
)]

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use crossfade::Refused;
use crossfade::canary_read::CanaryReadLayer;
use crossfade::copy::Copier;
use crossfade::data::{DataSet, Key, Outcome, Page, RecordKey, RecordStore, Scopes, Stamp};
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::journal::Journal;
use crossfade::mismatch_metrics::{MismatchMetricsLayer, by_form};
use crossfade::route::{
    Asked, Operation, RouteLayer, Routed, RoutingConfig, RoutingHandle, Stage, StorageRequest,
};
use crossfade::store::{StorePair, TargetLayer};
use tokio::runtime::Runtime;
use tower::layer::util::Identity;
use tower::limit::ConcurrencyLimit;
use tower::timeout::Timeout;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

/// The `if` that a team would write by hand: a flag names the store.
#[derive(Clone)]
struct IfStage {
    to_target: Arc<AtomicBool>,
    legacy: Number,
    target: Number,
}

impl IfStage {
    fn new(store: &Number) -> Self {
        Self { to_target: Arc::default(), legacy: store.clone(), target: store.clone() }
    }
}

impl Service<Request> for IfStage {
    type Response = u64;
    type Error = Refused;
    type Future = Ready<Result<u64, Refused>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, request: Request) -> Self::Future {
        if self.to_target.load(Ordering::Relaxed) {
            self.target.call(request)
        } else {
            self.legacy.call(request)
        }
    }
}

/// A store of one number, which answers in the first poll.
#[derive(Clone, Default)]
struct Number(Arc<AtomicU64>);

#[derive(Clone, Copy)]
enum Request {
    Get,
    Put(u64),
}

impl StorageRequest for Request {
    fn operation(&self) -> Operation {
        match self {
            Self::Get => Operation::read("get"),
            Self::Put(_) => Operation::write("put"),
        }
    }
    fn scopes(&self) -> Scopes {
        Key::new(&1_i64, &1_i64).into()
    }
}

impl Service<Request> for Number {
    type Response = u64;
    type Error = Refused;
    type Future = Ready<Result<u64, Refused>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, request: Request) -> Self::Future {
        ready(Ok(match request {
            Request::Get => self.0.load(Ordering::Relaxed),
            Request::Put(number) => self.0.swap(number, Ordering::Relaxed),
        }))
    }
}

struct Numbers;

impl DataSet for Numbers {
    type Group = i64;
    type Item = i64;
    type Record = u64;
    fn same(a: &u64, b: &u64) -> bool {
        a == b
    }
}

impl RecordStore for Number {
    type Data = Numbers;
    type Error = Infallible;
    const KEEPS_STAMPS: bool = true;

    async fn read(&self, _: &RecordKey<Numbers>, now: Stamp) -> Result<(Stamp, Option<u64>), Infallible> {
        Ok((now, Some(self.0.load(Ordering::Relaxed))))
    }
    async fn replace(
        &self,
        _: &RecordKey<Numbers>,
        record: Option<&u64>,
        _: Stamp,
    ) -> Result<(), Infallible> {
        self.0.store(record.copied().unwrap_or_default(), Ordering::Relaxed);
        Ok(())
    }
    async fn page(
        &self,
        _: Option<&i64>,
        _: Option<&RecordKey<Numbers>>,
        _: usize,
        now: Stamp,
    ) -> Result<Page<Numbers>, Infallible> {
        Ok(Page { stamp: now, records: Vec::new() })
    }
    fn outcome(error: &Infallible) -> Outcome {
        match *error {}
    }
}

/// Everything of one migration in this stage.
struct Migration {
    routing: RoutingHandle,
    copier: Copier<Number, Number>,
    legacy: Number,
    target: Number,
}

impl Migration {
    async fn at(stage: Stage, config: &str) -> Self {
        let config = RoutingConfig::from_toml(config).unwrap();
        let routing = RoutingHandle::open(&Journal::memory(), config).await.unwrap();
        for next in Stage::ALL.into_iter().filter(|next| *next > Stage::Off && *next <= stage) {
            let asked = Asked::by("bench", "measure it").with_force();
            routing.move_to(next, asked).await.unwrap().drained().await;
        }
        let (legacy, target) = (Number::default(), Number::default());
        let copier = Copier::new(routing, legacy.clone(), target.clone());
        Self { routing, copier, legacy, target }
    }

    /// The documented stack, unboxed.
    fn stack(&self) -> impl Store {
        ServiceBuilder::new()
            .layer(RouteLayer::new(self.routing))
            .layer(CanaryReadLayer::new())
            .layer(FallbackLayer::new())
            .layer(MismatchMetricsLayer::new(by_form(|answer: &u64| *answer)))
            .layer(DualWriteLayer::new(self.copier))
            .service(self.stores())
    }

    /// The route layer, one layer, and the stores.
    fn with<L>(&self, layer: L) -> impl Store
    where
        L: Layer<StorePair<Number, Number>>,
        L::Service: Service<Routed<Request>, Response = u64, Error = Refused, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        ServiceBuilder::new().layer(RouteLayer::new(self.routing)).layer(layer).service(self.stores())
    }

    fn stores(&self) -> StorePair<Number, Number> {
        TargetLayer::new(self.target.clone()).layer(self.legacy.clone())
    }
}

/// What is measured: answers requests for a number.
trait Store:
    Service<Request, Response = u64, Error: Debug, Future: Send> + Clone + Send + Sync + 'static
{
}
impl<S> Store for S where
    S: Service<Request, Response = u64, Error: Debug, Future: Send> + Clone + Send + Sync + 'static
{
}

type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// One request of a cloned service, as an HTTP server makes it.
fn measure(group: &mut Group<'_>, runtime: &Runtime, name: &str, service: impl Store, request: Request) {
    group.bench_function(name, |bencher| {
        bencher.to_async(runtime).iter(|| {
            let mut service = service.clone();
            async move { service.ready().await.unwrap().call(black_box(request)).await.unwrap() }
        });
    });
}

/// What people know: the bare store, an `if` written by hand, and two of tower's own layers.
fn yardsticks(group: &mut Group<'_>, runtime: &Runtime, request: Request) {
    let store = Number::default();
    measure(group, runtime, "bare store", store.clone(), request);
    measure(group, runtime, "hand-written if stage", IfStage::new(&store), request);
    let minute = Duration::from_secs(60);
    measure(group, runtime, "tower timeout", Timeout::new(store.clone(), minute), request);
    measure(group, runtime, "tower concurrency_limit", ConcurrencyLimit::new(store, 1_024), request);
}

/// Each layer by itself, in `off`.
fn alone(group: &mut Group<'_>, runtime: &Runtime, request: Request) {
    let off = runtime.block_on(Migration::at(Stage::Off, ""));
    measure(group, runtime, "off, route alone", off.with(Identity::new()), request);
    measure(group, runtime, "off, canary alone", off.with(CanaryReadLayer::new()), request);
    measure(group, runtime, "off, fallback alone", off.with(FallbackLayer::new()), request);
    let mismatch = MismatchMetricsLayer::new(by_form(|answer: &u64| *answer));
    measure(group, runtime, "off, mismatch metrics alone", off.with(mismatch), request);
    measure(group, runtime, "off, dual write alone", off.with(DualWriteLayer::new(off.copier)), request);
}

/// The whole stack in each stage; the caller waits for the copy, and nothing is shadowed.
fn stages(group: &mut Group<'_>, runtime: &Runtime, request: Request) {
    const CONFIG: &str = "writes = { wait = \"until_copied\" }\nshadow = { sample = \"0%\" }";
    for stage in Stage::ALL {
        let migration = runtime.block_on(Migration::at(stage, CONFIG));
        measure(group, runtime, &format!("{stage}, whole stack"), migration.stack(), request);
    }
    let migration =
        runtime.block_on(Migration::at(Stage::Canary, &format!("{CONFIG}\n[cohort]\nallow = [\"1\"]")));
    measure(group, runtime, "canary, whole stack, in the cohort", migration.stack(), request);
    if matches!(request, Request::Get) {
        assert!(migration.routing.stats().canary_reads > 0, "the one key is in the cohort");
    }
    let off = runtime.block_on(Migration::at(Stage::Off, CONFIG));
    let boxed = BoxCloneSyncService::new(off.stack());
    measure(group, runtime, "off, whole stack boxed", boxed, request);
}

/// What a dual write costs that is neither safe nor undoable: the floor of ours.
fn by_hand(group: &mut Group<'_>, runtime: &Runtime) {
    let (legacy, target) = (Number::default(), Number::default());
    group.bench_function("hand-written write, read, replace", |bencher| {
        bencher.to_async(runtime).iter(|| {
            let (mut legacy, target) = (legacy.clone(), target.clone());
            async move {
                let answer = legacy.ready().await.unwrap().call(black_box(Request::Put(7))).await.unwrap();
                let key = RecordKey { group: 1, item: 1 };
                let (stamp, record) = legacy.read(&key, 1).await.unwrap();
                target.replace(&key, record.as_ref(), stamp).await.unwrap();
                answer
            }
        });
    });
    group.bench_function("tokio::spawn of the bare store", |bencher| {
        let store = Number::default();
        bencher.to_async(runtime).iter(|| {
            let mut store = store.clone();
            async move { tokio::spawn(store.call(black_box(Request::Put(7)))).await.unwrap().unwrap() }
        });
    });
}

fn benches(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for (name, request) in [("read", Request::Get), ("write", Request::Put(7))] {
        let mut group = c.benchmark_group(name);
        group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
        yardsticks(&mut group, &runtime, request);
        alone(&mut group, &runtime, request);
        stages(&mut group, &runtime, request);
        if name == "write" {
            by_hand(&mut group, &runtime);
        }
        group.finish();
    }
}

criterion_group!(all, benches);
criterion_main!(all);
