//! How many instructions a request through the stack takes, counted by callgrind: exact, and the same on every run.
//!
//! `cargo bench -p bench-layers --bench instructions` (needs valgrind and gungraun-runner; `./tests/run` installs
//! both, and is what runs it). A row above its limit fails.
//! Subtract the row of the bare store: what is left is the stack's own.

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot start may panic")]

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bench_layers::{
    Failed, IfStage, Migration, Number, Request, Store, half_of_the_keys, write_read_replace,
};
use crossfade::route::Stage;
use gungraun::prelude::*;
use gungraun::{Callgrind, EventKind};
use tokio::runtime::Runtime;
use tower::timeout::Timeout;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceExt};

const PUT: Request = Request::Put(7);
/// The caller waits for the copy, and nothing is shadowed.
const WAITS: &str = "writes = { wait = \"until_copied\" }\nshadow = { sample = \"0%\" }";

/// One request, ready to be made.
type Call = Box<dyn FnMut() -> u64>;

/// A future of stores that answer at once is ready at once.
fn answer<T>(future: impl Future<Output = Result<u64, T>>) -> u64 {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(number)) => number,
        Poll::Ready(Err(_)) => panic!("the store failed"),
        Poll::Pending => panic!("the store was not ready"),
    }
}

/// Made once before, so that what is set up at the first call is not counted. On a runtime: bounds on time are armed there.
fn warm(mut call: impl FnMut() -> u64 + 'static) -> Call {
    let runtime: &'static Runtime = Box::leak(Box::new(runtime()));
    // For good: each case runs in a process of its own.
    std::mem::forget(runtime.enter());
    call();
    Box::new(call)
}

fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime")
}

fn borrowed(mut service: impl Store, request: Request) -> Call {
    warm(move || answer(service.call(black_box(request))))
}

fn cloned(service: impl Store, request: Request) -> Call {
    warm(move || answer(service.clone().call(black_box(request))))
}

fn at(stage: Stage, config: &str) -> Migration<Number> {
    runtime().block_on(Migration::at(stage, config, Number::new(), Number::new()))
}

fn stack(stage: Stage, request: Request) -> Call {
    borrowed(at(stage, WAITS).stack(), request)
}

fn cloned_stack(stage: Stage, request: Request) -> Call {
    cloned(at(stage, WAITS).stack(), request)
}

/// Half of the keys are in the cohort, and the one that is read is inside or outside.
fn canary(inside: bool) -> Call {
    let config = format!("{WAITS}\n{}", half_of_the_keys(inside));
    borrowed(at(Stage::Canary, &config).stack(), Request::Get)
}

/// The documented form for a struct field: the service boxed, and cloned for each request.
fn boxed(request: Request) -> Call {
    let stack = BoxCloneSyncService::new(at(Stage::Off, WAITS).stack());
    warm(move || answer(stack.clone().call(black_box(request))))
}

/// What the idle stack is to be cheaper than.
fn timeout(request: Request) -> Call {
    let store = Number::new().map_err(|Failed| BoxError::from("failed"));
    let timeout = Timeout::new(store, Duration::from_secs(60));
    warm(move || answer(timeout.clone().call(black_box(request))))
}

fn by_hand() -> Call {
    let (legacy, target) = (Number::new(), Number::new());
    warm(move || answer(write_read_replace(legacy, target, black_box(PUT))))
}

/// A few more than were counted; a hundredth more for what is copied, as the compiler lays the crate out anew with each change of it. The call of a boxed closure and its end are 130 in every row.
fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(Callgrind::default().hard_limits([(EventKind::Ir, instructions)]));
    config
}

#[library_benchmark]
#[bench::bare_read(borrowed(Number::new(), Request::Get))]
#[bench::bare_write(borrowed(Number::new(), PUT))]
#[bench::if_stage_read(borrowed(IfStage::new(), Request::Get))]
#[bench::off_read(args = (stack(Stage::Off, Request::Get)), config = at_most(335))]
#[bench::off_read_cloned(args = (cloned_stack(Stage::Off, Request::Get)), config = at_most(346))]
#[bench::off_write(args = (stack(Stage::Off, PUT)), config = at_most(373))]
#[bench::off_write_cloned(args = (cloned_stack(Stage::Off, PUT)), config = at_most(381))]
#[bench::off_read_boxed_and_cloned(boxed(Request::Get))]
#[bench::off_write_boxed_and_cloned(boxed(PUT))]
#[bench::tower_timeout_read_cloned(timeout(Request::Get))]
#[bench::tower_timeout_write_cloned(timeout(PUT))]
#[bench::complete_read(args = (stack(Stage::Complete, Request::Get)), config = at_most(335))]
#[bench::complete_read_cloned(args = (cloned_stack(Stage::Complete, Request::Get)), config = at_most(346))]
#[bench::complete_write(args = (stack(Stage::Complete, PUT)), config = at_most(373))]
#[bench::complete_write_cloned(args = (cloned_stack(Stage::Complete, PUT)), config = at_most(381))]
#[bench::dual_write_read(args = (stack(Stage::DualWrite, Request::Get)), config = at_most(484))]
#[bench::canary_read_in_the_cohort(args = (canary(true)), config = at_most(2_250))]
#[bench::canary_read_outside_of_the_cohort(args = (canary(false)), config = at_most(1_385))]
#[bench::by_hand_write(by_hand())]
#[bench::dual_write_write(args = (stack(Stage::DualWrite, PUT)), config = at_most(5_970))]
fn request(mut call: Call) -> u64 {
    call()
}

library_benchmark_group!(name = requests, benchmarks = request);
main!(library_benchmark_groups = requests);
