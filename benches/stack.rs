//! What the stack costs over ready stores, in one run: the bare service, hand-written code, and each stage.
//!
//! `cargo bench --bench stack`. Compare rows of one run with each other; the numbers of two machines say nothing.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "criterion makes public items; a bench that cannot start may panic"
)]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use criterion::{Criterion, criterion_group, criterion_main};
use crossfade::Refused;
use crossfade::canary_read::CanaryReadLayer;
use crossfade::copy::Copier;
use crossfade::data::{DataSet, Key, Outcome, Page, RecordKey, RecordStore, Scopes, Stamp};
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::journal::Journal;
use crossfade::mismatch_metrics::{MismatchMetricsLayer, by_form};
use crossfade::route::{Asked, Operation, RouteLayer, RoutingConfig, RoutingHandle, Stage, StorageRequest};
use crossfade::store::TargetLayer;
use tokio::runtime::Runtime;
use tower::{Service, ServiceBuilder, ServiceExt};

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

/// The documented stack in this stage, unboxed.
async fn stack(
    stage: Stage,
) -> impl Service<Request, Response = u64, Error = Refused, Future: Send> + Clone + Send {
    let config =
        RoutingConfig::from_toml("[writes]\nwait = \"until_copied\"\n[shadow]\nsample = \"0%\"").unwrap();
    let routing = RoutingHandle::open(&Journal::memory(), config).await.unwrap();
    for next in Stage::ALL.into_iter().filter(|next| *next > Stage::Off && *next <= stage) {
        let asked = Asked::by("bench", "measure it").with_force();
        routing.move_to(next, asked).await.unwrap().drained().await;
    }
    let (legacy, target) = (Number::default(), Number::default());
    let copier = Copier::new(routing, legacy.clone(), target.clone());
    ServiceBuilder::new()
        .layer(RouteLayer::new(routing))
        .layer(CanaryReadLayer::new())
        .layer(FallbackLayer::new())
        .layer(MismatchMetricsLayer::new(by_form(|answer: &u64| *answer)))
        .layer(DualWriteLayer::new(copier))
        .layer(TargetLayer::new(target))
        .service(legacy)
}

fn measure(
    c: &mut Criterion,
    runtime: &Runtime,
    name: &str,
    service: impl Service<Request, Response = u64, Error = Refused> + Clone,
    request: Request,
) {
    c.bench_function(name, |bencher| {
        bencher.to_async(runtime).iter(|| {
            let mut service = service.clone();
            async move { service.ready().await.unwrap().call(black_box(request)).await.unwrap() }
        });
    });
}

fn benches(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for (what, request) in [("read", Request::Get), ("write", Request::Put(7))] {
        measure(c, &runtime, &format!("{what}/bare service"), Number::default(), request);
        for stage in [Stage::Off, Stage::DualWrite, Stage::Live, Stage::RampDown, Stage::Complete] {
            let stack = runtime.block_on(stack(stage));
            measure(c, &runtime, &format!("{what}/{stage}"), stack, request);
        }
    }
    let (legacy, target) = (Number::default(), Number::default());
    c.bench_function("write/hand-written write, read, replace", |bencher| {
        bencher.to_async(&runtime).iter(|| {
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
}

criterion_group!(all, benches);
criterion_main!(all);
