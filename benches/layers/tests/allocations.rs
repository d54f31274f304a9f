//! How often a request through the stack allocates: exact, so a limit that is broken is a test that fails.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::future::{Ready, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bench_layers::{Failed, Migration, Number, Request, Store, Suspending};
use crossfade::canary_read::CanaryReadLayer;
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::mismatch_metrics::{MismatchMetricsLayer, by_form};
use crossfade::route::{RouteLayer, Stage};
use crossfade::store::TargetLayer;
use tokio::runtime::Runtime;
use tower::{Service, ServiceBuilder, service_fn};

const PUT: Request = Request::Put(7);
/// The caller waits for the copy, and nothing is shadowed.
const WAITS: &str = "writes = { wait = \"until_copied\" }\nshadow = { sample = \"0%\" }";
const IN_THE_COHORT: &str = "shadow = { sample = \"0%\" }\n[cohort]\nweight = \"100%\"";

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

fn stack(stage: Stage, config: &str) -> impl Store + use<> {
    let runtime = runtime();
    runtime.block_on(Migration::at(stage, config, Number::new(), Number::new())).stack()
}

/// How often one more request allocates; the first may set things up.
fn allocations(mut service: impl Store, request: Request) -> u64 {
    // Bounds on time are armed on a runtime.
    let runtime = runtime();
    let _entered = runtime.enter();
    let mut ask = || {
        let answer = pin!(service.call(request));
        let answered = answer.poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(answered, Poll::Ready(Ok(_))), "{answered:?}");
    };
    ask();
    allocation_counter::measure(ask).count_total
}

#[test]
fn nothing_allocates_where_nothing_is_copied() {
    for stage in [Stage::Off, Stage::Complete] {
        for request in [Request::Get, PUT] {
            let stack = stack(stage, WAITS);
            assert_eq!(allocations(stack.clone(), request), 0, "{request:?} in {stage}");
            let cloned = service_fn(move |request| stack.clone().call(request));
            assert_eq!(allocations(cloned, request), 0, "{request:?} in {stage}, cloned for it");
        }
    }
}

#[test]
fn a_read_allocates_only_where_a_fallback_is_armed_and_then_once() {
    assert_eq!(allocations(stack(Stage::DualWrite, WAITS), Request::Get), 0);
    assert_eq!(allocations(stack(Stage::Canary, WAITS), Request::Get), 0, "outside of the cohort");
    assert_eq!(allocations(stack(Stage::Canary, IN_THE_COHORT), Request::Get), 1);
}

#[test]
fn a_write_that_is_copied_allocates_once_its_journal_in_memory_included() {
    assert_eq!(allocations(stack(Stage::DualWrite, WAITS), PUT), 1);
}

#[test]
fn what_goes_on_without_its_caller_allocates_once_more_for_its_task() {
    let at_once = "writes = { wait = \"0s\" }\nshadow = { sample = \"0%\" }";
    assert_eq!(allocations(stack(Stage::DualWrite, at_once), PUT), 2);
    assert_eq!(allocations(stack(Stage::Shadow, "shadow = { sample = \"100%\" }"), Request::Get), 2);
}

/// Over a store that suspends. The timer of a caller who waits a while is made when the copy first waits.
#[test]
fn a_caller_who_waits_a_while_for_a_copy_that_waits_for_its_store_allocates_once_more() {
    let of = |config: &str| {
        let store = Suspending(Number::new());
        let runtime = runtime();
        let mut service = runtime.block_on(Migration::at(Stage::DualWrite, config, store, store)).stack();
        let _entered = runtime.enter();
        let mut ask = || {
            let mut answer = pin!(service.call(PUT));
            while answer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {}
        };
        ask();
        allocation_counter::measure(ask).count_total
    };
    assert_eq!(of(WAITS), 1);
    assert_eq!(of("writes = { wait = \"50ms\" }"), 2);
}

#[test]
fn to_ask_whether_a_key_is_dirty_allocates_nothing_with_100_000_marks() {
    let canary =
        runtime().block_on(Migration::at(Stage::Canary, IN_THE_COHORT, Number::new(), Number::new()));
    runtime().block_on(async { canary.begin_writes((0..100_000).map(|item| (2, item))) });
    assert_eq!(canary.routing.journal().marks(), 100_000);
    assert_eq!(allocations(canary.stack(), Request::Get), 1, "that of the fallback");
}

/// A store whose future has 32 bytes.
#[derive(Clone, Copy, Debug)]
struct Wide;

#[derive(Debug)]
struct Answer {
    answer: Ready<Result<u64, Failed>>,
    _more: [u64; 2],
}

impl Service<Request> for Wide {
    type Response = u64;
    type Error = Failed;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Answer {
        Answer { answer: ready(Ok(1)), _more: [0; 2] }
    }
}

impl Future for Answer {
    type Output = Result<u64, Failed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer).poll(cx)
    }
}

#[test]
fn the_future_of_the_idle_stack_is_small() {
    assert_eq!(size_of::<Answer>(), 32);
    let off = runtime().block_on(Migration::at(Stage::Off, WAITS, Number::new(), Number::new()));
    let mut stack = ServiceBuilder::new()
        .layer(RouteLayer::new(off.routing))
        .layer(CanaryReadLayer::new())
        .layer(FallbackLayer::new())
        .layer(MismatchMetricsLayer::new(by_form(|answer: &u64| *answer)))
        .layer(DualWriteLayer::new(off.copier))
        .layer(TargetLayer::new(Wide))
        .service(Wide);
    let whole = size_of_val(&stack.call(PUT));
    assert!(whole <= 64, "{whole} bytes");
}
