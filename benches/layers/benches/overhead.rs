//! What the layers cost, in one run: over stores that answer at once and stores that suspend each call once; beside the
//! bare store, hand-written code and layers of tower.
//!
//! `cargo bench -p bench-layers --bench overhead`. Compare rows of one run with each other; the numbers of two machines say nothing.

#![allow(missing_docs, clippy::expect_used, reason = "criterion makes public items; a bench may panic")]

use std::hint::black_box;
use std::time::Duration;

use bench_layers::{
    Failed, IfStage, Migration, Number, Numbers, Request, Store, Suspending, half_of_the_keys, write_both,
    write_read_replace,
};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use crossfade::canary_read::CanaryReadLayer;
use crossfade::data::RecordStore;
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::mismatch_metrics::{MismatchMetricsLayer, by_form};
use crossfade::route::Stage;
use tokio::runtime::Runtime;
use tokio::time::Instant;
use tower::layer::util::Identity;
use tower::limit::ConcurrencyLimit;
use tower::retry::Retry;
use tower::timeout::Timeout;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceExt};

/// The caller waits for the copy, and nothing is shadowed.
const WAITS: &str = "writes = { wait = \"until_copied\" }\nshadow = { sample = \"0%\" }";
const PUT: Request = Request::Put(7);
/// Of one row.
const WARM_UP: Duration = Duration::from_millis(300);
const MEASURED: Duration = Duration::from_secs(1);

type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// A store of the measurement, in both of its roles.
trait Ready: Store<Future: 'static> + RecordStore<Data = Numbers> {}
impl<S: Store<Future: 'static> + RecordStore<Data = Numbers>> Ready for S {}

/// The time of so many requests in a task, as a server makes them: the future that a runtime blocks on is woken in another way,
/// which costs more.
macro_rules! in_a_task {
    ($runtime:expr, $times:expr, $request:expr) => {
        $runtime.block_on(async move {
            let timed = tokio::spawn(async move {
                let start = Instant::now();
                for _ in 0..$times {
                    black_box($request);
                }
                start.elapsed()
            });
            timed.await.expect("no panic")
        })
    };
}

/// One request of a cloned service, as an HTTP server makes it.
fn cloned<S, E>(group: &mut Group<'_>, runtime: &Runtime, name: &str, service: S, request: Request)
where
    S: Service<Request, Response = u64, Error = E, Future: Send> + Clone + Send + 'static,
    E: std::fmt::Debug + Send,
{
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|times| {
            let service = service.clone();
            in_a_task!(runtime, times, {
                let mut service = service.clone();
                service.ready().await.expect("ready").call(black_box(request)).await.expect("an answer")
            })
        });
    });
}

/// One request of a service that one caller has for itself.
fn borrowed(group: &mut Group<'_>, runtime: &Runtime, name: &str, service: impl Store, request: Request) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|times| {
            let mut service = service.clone();
            in_a_task!(runtime, times, {
                let ready = service.ready().await.expect("ready");
                ready.call(black_box(request)).await.expect("an answer")
            })
        });
    });
}

/// What people know: the bare store, an `if` written by hand, and layers of tower.
fn yardsticks<S: Ready>(group: &mut Group<'_>, runtime: &Runtime, store: S, request: Request) {
    borrowed(group, runtime, "bare store", store.clone(), request);
    cloned(group, runtime, "bare store, cloned", store.clone(), request);
    let boxing = store.clone().map_err(|Failed| BoxError::from("failed"));
    let minute = Duration::from_secs(60);
    cloned(group, runtime, "tower timeout, cloned", Timeout::new(boxing.clone(), minute), request);
    cloned(group, runtime, "tower concurrency_limit, cloned", ConcurrencyLimit::new(boxing, 1_024), request);
    cloned(group, runtime, "tower retry, cloned", Retry::new(Never, store), request);
}

/// A policy that asks for nothing.
#[derive(Clone)]
struct Never;

impl tower::retry::Policy<Request, u64, Failed> for Never {
    type Future = std::future::Ready<()>;

    fn retry(&mut self, _: &mut Request, _: &mut Result<u64, Failed>) -> Option<Self::Future> {
        None
    }

    fn clone_request(&mut self, request: &Request) -> Option<Request> {
        Some(*request)
    }
}

/// Each layer by itself, in `off`.
fn alone(group: &mut Group<'_>, runtime: &Runtime, request: Request) {
    let off = runtime.block_on(Migration::at(Stage::Off, "", Number::new(), Number::new()));
    borrowed(group, runtime, "off, route alone", off.with(Identity::new()), request);
    borrowed(group, runtime, "off, canary alone", off.with(CanaryReadLayer::new()), request);
    borrowed(group, runtime, "off, fallback alone", off.with(FallbackLayer::new()), request);
    let mismatch = MismatchMetricsLayer::new(by_form(|answer: &u64| *answer));
    borrowed(group, runtime, "off, mismatch metrics alone", off.with(mismatch), request);
    borrowed(group, runtime, "off, dual write alone", off.with(DualWriteLayer::new(off.copier)), request);
}

/// The whole stack in each stage.
fn stages<S: Ready>(group: &mut Group<'_>, runtime: &Runtime, store: S, request: Request) {
    let at = |stage, config: &str| {
        runtime.block_on(Migration::at(stage, config, store.clone(), store.clone())).stack()
    };
    for stage in Stage::ALL.into_iter().filter(|stage| *stage != Stage::Canary) {
        borrowed(group, runtime, &format!("{stage}, whole stack"), at(stage, WAITS), request);
    }
    for stage in [Stage::Off, Stage::Complete] {
        cloned(group, runtime, &format!("{stage}, whole stack, cloned"), at(stage, WAITS), request);
    }
    let boxed = BoxCloneSyncService::new(at(Stage::Off, WAITS));
    cloned(group, runtime, "off, whole stack, boxed and cloned", boxed, request);
    for (name, inside) in [("in the cohort", true), ("outside of the cohort", false)] {
        let canary = at(Stage::Canary, &format!("{WAITS}\n{}", half_of_the_keys(inside)));
        borrowed(group, runtime, &format!("canary, whole stack, {name}"), canary, request);
    }
}

/// What a dual write costs that is neither safe nor undoable: the floor of ours.
fn by_hand<S: Ready + Service<Request, Future: Send>>(group: &mut Group<'_>, runtime: &Runtime, store: S) {
    group.bench_function("hand-written write, read, replace", |bencher| {
        bencher.iter_custom(|times| {
            let store = store.clone();
            in_a_task!(
                runtime,
                times,
                write_read_replace(store.clone(), store.clone(), black_box(PUT)).await.expect("an answer")
            )
        });
    });
    group.bench_function("hand-written join!", |bencher| {
        bencher.iter_custom(|times| {
            let store = store.clone();
            in_a_task!(
                runtime,
                times,
                write_both(store.clone(), store.clone(), black_box(PUT)).await.expect("an answer")
            )
        });
    });
    group.bench_function("hand-written, in tokio::spawn", |bencher| {
        bencher.iter_custom(|times| {
            let (mut legacy, mut target) = (store.clone(), store.clone());
            in_a_task!(runtime, times, {
                let (first, second) = (legacy.call(black_box(PUT)), target.call(black_box(PUT)));
                let both = tokio::spawn(async move {
                    first.await?;
                    second.await
                });
                both.await.expect("no panic").expect("an answer")
            })
        });
    });
}

fn benches(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    for (name, request) in [("read", Request::Get), ("write", PUT)] {
        let mut group = c.benchmark_group(name);
        group.warm_up_time(WARM_UP).measurement_time(MEASURED);
        let store = Number::new();
        yardsticks(&mut group, &runtime, store, request);
        borrowed(&mut group, &runtime, "hand-written if stage", IfStage::new(), request);
        alone(&mut group, &runtime, request);
        stages(&mut group, &runtime, store, request);
        if name == "write" {
            by_hand(&mut group, &runtime, store);
        }
        group.finish();
        let mut group = c.benchmark_group(format!("{name}, suspending"));
        group.warm_up_time(WARM_UP).measurement_time(MEASURED);
        let store = Suspending(Number::new());
        yardsticks(&mut group, &runtime, store, request);
        stages(&mut group, &runtime, store, request);
        if name == "write" {
            by_hand(&mut group, &runtime, store);
        }
        group.finish();
    }
}

criterion_group!(all, benches);
criterion_main!(all);
