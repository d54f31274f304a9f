//! Copies, repairs and pages that meet newer writes, in every order: the newest one wins.

use std::time::Duration;

use crossfade::data::{Group, Key, Scope};
use crossfade::fill::Fill;
use crossfade::route::Stage;
use crossfade::test_util::{Call, Fault, Number, Request, Script};
use tokio::time::sleep;
use tower::ServiceExt;

use crate::support::{LATE_BOUND, World, asked, put};

const MS: Duration = Duration::from_millis(1);
/// Lands just in time.
const LATE: Fault = Fault::LateWrite(Duration::from_millis(250));

fn authority(world: &World) -> &Script {
    if world.routing.stage() == Stage::RampDown { world.target.script() } else { world.legacy.script() }
}

fn secondary(world: &World) -> &Script {
    if world.routing.stage() == Stage::RampDown { world.legacy.script() } else { world.target.script() }
}

/// Nothing is marked, nothing lands any more, and both stores have this version.
async fn assert_rests_with(world: &World, version: u64) {
    world.settle().await;
    sleep(LATE_BOUND).await;
    world.assert_converged();
    assert_eq!(world.legacy.get((1, 1)).unwrap().version, version, "{}", world.routing.stage());
}

fn key() -> Scope {
    Key::new(&1_i64, &1_i64).into()
}

fn group() -> Scope {
    Group::new(&1_i64).into()
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_read_before_a_newer_write_and_lands_after_it_does_not_win() {
    for stage in [Stage::DualWrite, Stage::RampDown] {
        let world = World::at(stage, "").await;
        authority(&world).next(Call::RecordRead, Fault::SlowAnswer(MS * 40));
        let older = tokio::spawn(world.stack.clone().oneshot(put(1, 1, 1)));
        sleep(MS * 10).await;
        world.put(1, 1, 2).await;
        older.await.unwrap().unwrap();
        assert_rests_with(&world, 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_was_read_before_newer_writes_does_not_win() {
    let world = World::at(Stage::DualWrite, "").await;
    for item in 1..=3 {
        world.put(1, item, 1).await;
    }
    world.legacy.script().next(Call::Page, Fault::SlowAnswer(MS * 50));
    let fill = tokio::spawn(Fill::new(world.copier).run());
    sleep(LATE_BOUND + MS * 10).await;
    world.put(1, 1, 2).await;
    world.call(Request::Delete { group: 1, item: 2 }).await.unwrap();
    fill.await.unwrap().unwrap();
    assert_rests_with(&world, 2).await;
}

/// Legacy keeps no stamps: what lands late there overwrites what is newer, so it is copied once more.
#[tokio::test(start_paused = true)]
async fn where_no_stamps_are_kept_a_copy_that_may_land_late_is_waited_for() {
    for late in [LATE, Fault::HangLate(Duration::from_millis(2_250))] {
        let world = World::at(Stage::RampDown, "").await;
        secondary(&world).next(Call::Replace, late);
        world.put(1, 1, 1).await;
        sleep(MS * 10).await;
        world.put(1, 1, 2).await;
        assert_rests_with(&world, 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn where_no_stamps_are_kept_a_repair_that_may_land_late_is_waited_for() {
    for marked in [key(), group()] {
        let world = World::at(Stage::RampDown, "").await;
        world.put(1, 1, 1).await;
        secondary(&world).next(Call::Replace, LATE);
        world.journal.mark_for_repair(marked).await.unwrap();
        sleep(MS * 10).await;
        world.put(1, 1, 2).await;
        assert_rests_with(&world, 2).await;
    }
}

/// The breaker ends the walk, so the key that may land late has no mark of its own.
#[tokio::test(start_paused = true)]
async fn where_no_stamps_are_kept_a_walk_that_was_ended_is_done_again_after_the_late_bound() {
    let mut world = World::at(Stage::RampDown, "").await;
    world.reconciler.take().unwrap().stop().await;
    world.put(1, 1, 1).await;
    secondary(&world).always(Call::Replace, Fault::Reject);
    for item in 0..16 {
        world.put(2, item, 1).await;
    }
    secondary(&world).clear().next_on(Call::Replace, (1, 1), LATE);
    world.journal.mark_for_repair(group()).await.unwrap();
    world.reconcile();
    sleep(MS * 10).await;
    world.put(1, 1, 2).await;
    assert_rests_with(&world, 2).await;
}

#[tokio::test(start_paused = true)]
async fn where_no_stamps_are_kept_a_page_of_a_repair_follows_newer_writes() {
    let world = World::at(Stage::RampDown, "").await;
    world.put(1, 1, 1).await;
    secondary(&world).next(Call::Replace, Fault::Delay(MS * 50));
    world.journal.mark_for_repair(group()).await.unwrap();
    sleep(MS * 10).await;
    world.put(1, 1, 2).await;
    assert_rests_with(&world, 2).await;
}

/// The deleted record was read by a copy before the delete of `off` landed, and is written after the walk.
#[tokio::test(start_paused = true)]
async fn a_copy_that_missed_a_late_delete_of_off_is_over_before_the_pages_begin() {
    let world = World::new("").await;
    world.legacy.script().next(Call::RequestWrite, Fault::LateWrite(MS * 280));
    world.call(Request::Delete { group: 1, item: 1 }).await.unwrap_err();
    world.routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;
    let fill = tokio::spawn(Fill::new(world.copier).run());
    sleep(MS).await;
    world.legacy.script().next(Call::RecordRead, Fault::SlowAnswer(MS * 800));
    world.put(1, 1, 1).await;
    fill.await.unwrap().unwrap();
    world.settle().await;
    assert_eq!(world.legacy.get((1, 1)), None);
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn a_key_that_only_the_target_has_goes_though_legacy_did_not_answer_about_it() {
    let world = World::at(Stage::DualWrite, "").await;
    world.target.seed((1, 1), Number::new(1, "left over from a trial"));
    world.legacy.script().next_on(Call::RecordRead, (1, 1), Fault::Reject);
    Fill::new(world.copier).run().await.unwrap();
    world.settle().await;
    world.assert_converged();
}
