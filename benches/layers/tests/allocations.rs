//! How often a request through the stack allocates: exact, so a limit that is broken is a test that fails.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bench_layers::{Migration, Number, Request, Store};
use crossfade::route::Stage;
use tower::Service;

const PUT: Request = Request::Put(7);
/// The caller waits for the copy, and nothing is shadowed.
const WAITS: &str = "writes = { wait = \"until_copied\" }\nshadow = { sample = \"0%\" }";
const IN_THE_COHORT: &str = "shadow = { sample = \"0%\" }\n[cohort]\nweight = \"100%\"";

fn stack(stage: Stage, config: &str) -> impl Store + use<> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(Migration::at(stage, config, Number::new(), Number::new())).stack()
}

/// How often one more request allocates; the first may set things up.
fn allocations(mut service: impl Store, request: Request) -> u64 {
    // Bounds on time are armed on a runtime.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
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
            assert_eq!(allocations(stack(stage, WAITS), request), 0, "{request:?} in {stage}");
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

#[test]
fn the_future_of_the_idle_stack_is_small() {
    let mut service = stack(Stage::Off, WAITS);
    let whole = size_of_val(&service.call(PUT));
    assert!(whole <= 64, "{whole} bytes");
}
