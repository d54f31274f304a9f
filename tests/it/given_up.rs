//! Calls that never end: whatever waits for one gives up at its limit, and the mark stays.

use std::time::Duration;

use crossfade::data::{Group, Scope};
use crossfade::dual_write::DualWriteLayer;
use crossfade::fill::Fill;
use crossfade::reconcile::Reconciler;
use crossfade::route::{RouteLayer, Stage};
use crossfade::store::TargetLayer;
use crossfade::test_util::{Call, Fault, Number, Request, classify_outcome};
use tokio::time::{Instant, sleep};
use tower::{ServiceBuilder, ServiceExt};

use crate::support::World;

const UNTIL_COPIED: &str = "writes = { wait = \"until_copied\" }";
/// The deadline for one key in these tests.
const DEADLINE: Duration = Duration::from_secs(2);

#[tokio::test(start_paused = true)]
async fn the_copy_of_a_key_is_given_up_at_its_deadline() {
    for stage in [Stage::DualWrite, Stage::RampDown] {
        let world = World::at(stage, UNTIL_COPIED).await;
        let (authority, secondary) = match stage {
            Stage::DualWrite => (world.legacy.script(), world.target.script()),
            _ => (world.target.script(), world.legacy.script()),
        };
        for (script, call) in [(authority, Call::RecordRead), (secondary, Call::Replace)] {
            script.next(call, Fault::Hang);
            let start = Instant::now();
            world.put(1, 1, 1).await;
            assert_eq!((start.elapsed(), world.journal.marks()), (DEADLINE, 1), "{stage}, {call}");
            world.settle().await;
            world.assert_converged();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn copies_that_take_too_long_open_the_breaker_as_those_that_fail_do() {
    let mut world = World::at(Stage::DualWrite, UNTIL_COPIED).await;
    world.reconciler.take().unwrap().stop().await;
    world.target.script().always(Call::Replace, Fault::Hang);
    for item in 0..20 {
        world.put(1, item, 1).await;
    }
    assert_eq!(world.routing.stats().copies_not_tried, 4, "all but the first 16");
}

#[tokio::test(start_paused = true)]
async fn the_copy_of_a_group_without_its_caller_is_given_up_after_a_minute() {
    let mut world = World::at(Stage::DualWrite, "").await;
    world.reconciler.take().unwrap().stop().await;
    // Nobody says which key a create has written, so its group is copied.
    let stack = ServiceBuilder::new()
        .layer(RouteLayer::new(world.routing))
        .layer(DualWriteLayer::new(world.copier.concurrency(4)).classified_by(classify_outcome))
        .layer(TargetLayer::new(world.target.clone()))
        .service(world.legacy.clone());
    for item in 0..200 {
        world.legacy.seed((1, 1_000 + item), Number::new(1, "one of many"));
    }
    world.target.script().always(Call::Replace, Fault::Delay(DEADLINE - Duration::from_millis(100)));
    let start = Instant::now();
    stack.oneshot(Request::Create { group: 1, record: Number::new(1, "new") }).await.unwrap();
    world.routing.drain().await;
    assert_eq!(start.elapsed().as_secs(), 60);
    assert_eq!((world.routing.stats().writes_given_up, world.journal.marks()), (1, 1));
    world.target.script().clear();
    world.reconcile();
    world.settle().await;
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn a_page_is_given_up_at_the_deadline_of_a_key_and_read_again() {
    let world = World::at(Stage::DualWrite, "").await;
    world.legacy.seed((1, 1), Number::new(1, "by somebody else"));
    for script in [world.legacy.script(), world.target.script()] {
        script.next(Call::Page, Fault::Hang);
    }
    let start = Instant::now();
    Fill::new(world.copier).run().await.unwrap();
    assert!(start.elapsed() >= DEADLINE * 2 && start.elapsed() < DEADLINE * 3, "{:?}", start.elapsed());
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_never_ready_holds_up_nothing_that_is_meant_for_the_other() {
    for stage in [Stage::Off, Stage::DualWrite, Stage::Shadow, Stage::RampDown, Stage::Complete] {
        let world = World::at(stage, UNTIL_COPIED).await;
        if stage < Stage::RampDown {
            world.target.stall();
        } else {
            world.legacy.stall();
        }
        let start = Instant::now();
        world.put(1, 1, 1).await;
        assert_eq!((world.get(1, 1).await, start.elapsed()), (Some(1), Duration::ZERO), "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_repair_is_given_up_after_half_of_its_lease() {
    let mut world = World::at(Stage::DualWrite, "").await;
    world.reconciler.take().unwrap().stop().await;
    for item in 0..200 {
        world.legacy.seed((1, item), Number::new(1, "by somebody else"));
    }
    world.target.script().always(Call::Replace, Fault::Delay(DEADLINE - Duration::from_millis(100)));
    world.journal.mark_for_repair(Scope::from(Group::new(&1))).await.unwrap();
    let _reconciler = Reconciler::new(world.copier.concurrency(4)).lease(Duration::from_secs(20)).spawn();
    sleep(Duration::from_millis(9_900)).await;
    assert_eq!(world.journal.marks(), 1);
    world.target.script().clear();
    sleep(Duration::from_millis(300)).await;
    assert_eq!(world.journal.marks(), 0, "done again");
    world.assert_converged();
}
