//! No layer calls a service that has not said that it is ready, whatever the stage and the request.

use std::task::{Context, Poll};
use std::time::Duration;

use crossfade::canary_read::CanaryReadLayer;
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::mismatch_metrics::{MismatchMetricsLayer, by};
use crossfade::route::{RouteLayer, Stage};
use crossfade::store::TargetLayer;
use crossfade::test_util::{Call, Fault, Number, ReadinessProbe, Request, Response, classify_outcome};
use tokio::time::sleep;
use tower::layer::layer_fn;
use tower::{Service, ServiceBuilder, ServiceExt};

use crate::support::{Ids, Stack, World, asked, put, written};

const CONFIG: &str = r#"
    cohort = { weight = "100%" }
    lookups = { find_by_text = { target = true } }
"#;

/// Ready only when it is asked for the second time, each clone for itself.
#[derive(Debug)]
struct Hesitant<S> {
    inner: S,
    asked: bool,
}

impl<S> Hesitant<S> {
    const fn new(inner: S) -> Self {
        Self { inner, asked: false }
    }
}

impl<S: Clone> Clone for Hesitant<S> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone())
    }
}

impl<S: Service<Req>, Req> Service<Req> for Hesitant<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if std::mem::replace(&mut self.asked, true) {
            return self.inner.poll_ready(cx);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn call(&mut self, request: Req) -> S::Future {
        self.asked = false;
        self.inner.call(request)
    }
}

/// A service that hesitates, under a probe.
fn probed<S>(inner: S) -> ReadinessProbe<Hesitant<S>> {
    ReadinessProbe::new(Hesitant::new(inner))
}

/// The whole stack, with a probe under each layer.
fn stack(world: &World) -> Stack {
    let same = |a: &Response, b: &Response| a.answer == b.answer;
    Stack::new(
        ServiceBuilder::new()
            .layer(RouteLayer::new(world.routing))
            .layer(layer_fn(probed))
            .layer(CanaryReadLayer::new())
            .layer(layer_fn(probed))
            .layer(FallbackLayer::new().missing(Response::is_missing))
            .layer(layer_fn(probed))
            .layer(MismatchMetricsLayer::new(by(same)))
            .layer(layer_fn(probed))
            .layer(DualWriteLayer::new(world.copier).classified_by(classify_outcome).written(written))
            .layer(layer_fn(probed))
            .layer(TargetLayer::new(probed(world.target.clone())))
            .service(probed(world.legacy.clone())),
    )
}

/// A request of each kind; what they need is there.
fn requests() -> Vec<Request> {
    let (group, item, record) = (1, 1, || Number::new(1, "text"));
    vec![
        put(group, item, 1),
        Request::Get { group, item },
        Request::Get { group, item: 404 },
        Request::List { group },
        Request::FindByText("text".into()),
        Request::Increment { group, item, by: 1 },
        Request::PutIf { group, item, expected: 2, record: record() },
        Request::PutMany(vec![((1, 2), record()), ((2, 3), record())]),
        Request::Create { group, record: record() },
        Request::Delete { group, item },
    ]
}

/// A probe that panics in a task of its own is seen by what the task leaves undone.
async fn assert_tasks_ended(world: &World) {
    world.settle().await;
    sleep(Duration::from_secs(10)).await;
    let stats = world.routing.stats();
    let looked = stats.comparisons_matched
        + stats.comparisons_error_one_side
        + stats.mismatches_confirmed()
        + stats.mismatches_transient
        + stats.shadows_timed_out;
    assert_eq!(looked, stats.shadows, "{stats:?}");
    assert_eq!((stats.unaccounted_writes(), stats.writes_given_up), (0, 0), "{stats:?}");
}

async fn world(stage: Stage) -> World {
    let world = World::at(stage, CONFIG).await;
    let ids = world.journal.ids("numbers");
    world.target.take_ids_from(ids.clone());
    world.routing.hand_over_ids(ids, Ids(world.legacy.clone()));
    world.target.raise_ids_above(100);
    world.legacy.raise_ids_above(100);
    world
}

#[tokio::test(start_paused = true)]
async fn every_service_is_ready_when_it_is_called_by_clones_of_the_stack() {
    for stage in Stage::ALL {
        let world = world(stage).await;
        let stack = stack(&world);
        for request in requests() {
            stack.clone().oneshot(request).await.unwrap();
            world.settle().await;
        }
        assert_tasks_ended(&world).await;
    }
}

#[tokio::test(start_paused = true)]
async fn every_service_is_ready_when_one_stack_is_called_again_and_again() {
    for stage in Stage::ALL {
        let world = world(stage).await;
        let mut stack = stack(&world);
        for request in requests().into_iter().chain(requests()) {
            stack.ready().await.unwrap().call(request).await.unwrap();
        }
        // Calls that run at once, each made before the one before it has ended.
        let mut running = Vec::new();
        for request in requests() {
            running.push(tokio::spawn(stack.ready().await.unwrap().call(request)));
        }
        for call in running {
            // A conditional write may lose to the others; a probe would have panicked.
            drop(call.await.unwrap());
        }
        assert_tasks_ended(&world).await;
    }
}

#[tokio::test(start_paused = true)]
async fn legacy_is_ready_when_a_read_falls_back_to_it() {
    for stage in [Stage::Canary, Stage::Live] {
        let world = world(stage).await;
        let mut stack = stack(&world);
        world.target.script().always(Call::RequestRead, Fault::Reject);
        for _ in 0..2 {
            let get = Request::Get { group: 1, item: 1 };
            stack.ready().await.unwrap().call(get.clone()).await.unwrap();
            stack.clone().oneshot(get).await.unwrap();
        }
        assert_eq!(world.routing.stats().fallbacks_on_error, 4);
        assert_tasks_ended(&world).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_authority_is_ready_when_a_write_goes_on_without_its_caller() {
    for stage in [Stage::DualWrite, Stage::Shadow, Stage::Canary, Stage::Live, Stage::RampDown] {
        let world = world(stage).await;
        let mut stack = stack(&world);
        world.authority().script().next(Call::RequestWrite, Fault::Delay(Duration::from_millis(20)));
        let write = stack.ready().await.unwrap().call(put(1, 1, 1));
        tokio::time::timeout(Duration::from_millis(5), write).await.unwrap_err();
        stack.ready().await.unwrap().call(put(1, 2, 2)).await.unwrap();
        assert_tasks_ended(&world).await;
        assert_eq!(world.routing.stats().writes_rescued, 1);
        world.assert_converged();
    }
}

/// Held writes are planned anew in the stage that the move leads to, and each stage can be reached by a move that holds.
#[tokio::test(start_paused = true)]
async fn every_service_is_ready_when_held_writes_go_on_in_another_stage() {
    for to in Stage::ALL {
        let from = if to == Stage::RampDown { Stage::Live } else { Stage::RampDown };
        let world = world(from).await;
        let mut stack = stack(&world);
        world.authority().script().next(Call::RequestWrite, Fault::Delay(Duration::from_millis(40)));
        let mut writes = vec![tokio::spawn(stack.clone().oneshot(put(1, 1, 1)))];
        sleep(Duration::from_millis(1)).await;
        let routing = world.routing;
        let moved = tokio::spawn(async move { routing.move_to(to, asked()).await.map(drop) });
        sleep(Duration::from_millis(1)).await;
        for item in 2..5 {
            writes.push(tokio::spawn(stack.ready().await.unwrap().call(put(1, item, 2))));
            writes.push(tokio::spawn(stack.clone().oneshot(put(2, item, 2))));
        }
        let read = Request::Get { group: 1, item: 1 };
        stack.ready().await.unwrap().call(read).await.unwrap();
        sleep(Duration::from_millis(1)).await;
        assert!(writes.iter().all(|write| !write.is_finished()), "held on the way to {to}");
        moved.await.unwrap().unwrap();
        for write in writes {
            write.await.unwrap().unwrap();
        }
        if to != Stage::Off {
            // `off` marks everything, and no fill comes.
            assert_tasks_ended(&world).await;
        }
    }
}
