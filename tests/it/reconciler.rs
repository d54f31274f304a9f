//! How much the reconciler does at once, and how it leaves a secondary alone that keeps failing.

use std::time::Duration;

use crossfade::data::{Key, Scope};
use crossfade::reconcile::Reconciler;
use crossfade::route::Stage;
use crossfade::test_util::{Call, Fault};
use tokio::time::{Instant, sleep};

use crate::support::World;

/// So many marks, and no reconciler.
async fn with_marks(marks: i64) -> World {
    let mut world = World::at(Stage::DualWrite, "").await;
    world.reconciler.take().unwrap().stop().await;
    for item in 0..marks {
        world.journal.mark_for_repair(Scope::from(Key::new(&1_i64, &item))).await.unwrap();
    }
    world
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_cannot_be_repaired_is_tried_less_and_less_often() {
    let world = with_marks(1).await;
    world.target.script().always(Call::Replace, Fault::Reject);
    let _reconciler = Reconciler::new(world.copier).spawn();
    sleep(Duration::from_secs(20)).await;
    // At once, and after pauses of 50 ms, 100 ms, and so on.
    let tries = world.target.calls(Call::Replace);
    assert!((8..=9).contains(&tries), "{tries}");
}

#[tokio::test(start_paused = true)]
async fn one_repair_at_a_time_probes_a_secondary_that_keeps_failing_and_not_often() {
    let world = with_marks(300).await;
    world.target.script().always(Call::Replace, Fault::Reject);
    for item in 0..16 {
        world.put(2, item, 1).await;
    }
    let before = world.target.calls(Call::Replace);
    let _reconciler = Reconciler::new(world.copier).spawn();
    sleep(Duration::from_secs(10)).await;
    let probes = world.target.calls(Call::Replace) - before;
    assert!((5..=20).contains(&probes), "{probes}");
    world.target.script().clear();
    world.settle().await;
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn no_more_scopes_are_repaired_at_once_than_asked_for() {
    let world = with_marks(30).await;
    world.target.script().always(Call::Replace, Fault::Delay(Duration::from_millis(100)));
    let start = Instant::now();
    let _reconciler = Reconciler::new(world.copier).concurrency(3).spawn();
    world.settle().await;
    let took = start.elapsed().as_millis();
    assert!((1_000..1_100).contains(&took), "{took} ms for 30 in threes");
}

#[tokio::test(start_paused = true)]
async fn no_more_repairs_begin_in_a_second_than_asked_for() {
    let world = with_marks(30).await;
    let start = Instant::now();
    let _reconciler = Reconciler::new(world.copier).per_second_max(10).spawn();
    world.settle().await;
    let took = start.elapsed().as_millis();
    assert!((2_900..3_200).contains(&took), "{took} ms for 30 at 10 a second");
}

#[tokio::test(start_paused = true)]
async fn a_reconciler_that_is_stopped_lets_its_repairs_end() {
    let world = with_marks(1).await;
    world.target.script().next(Call::Replace, Fault::Delay(Duration::from_millis(50)));
    let reconciler = Reconciler::new(world.copier).spawn();
    sleep(Duration::from_millis(1)).await;
    let start = Instant::now();
    reconciler.stop().await;
    assert_eq!((start.elapsed(), world.journal.marks()), (Duration::from_millis(49), 0));
}

#[tokio::test(start_paused = true)]
async fn a_reconciler_that_is_paused_repairs_nothing_until_it_is_resumed() {
    let world = with_marks(0).await;
    let reconciler = Reconciler::new(world.copier).spawn();
    reconciler.pause();
    world.journal.mark_for_repair(Scope::from(Key::new(&1_i64, &1_i64))).await.unwrap();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(world.journal.marks(), 1);
    reconciler.resume();
    world.settle().await;
}
