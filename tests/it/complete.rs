//! The move to `complete`: legacy is left equal to the target, or the move is refused by name.

use std::time::Duration;

use crossfade::reconcile::Reconciler;
use crossfade::route::{Asked, Stage, SwapError};
use crossfade::test_util::{Call, Fault};
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

use crate::support::{World, asked, put};

fn forced() -> Asked {
    Asked::by("ops", "legacy is lost").with_force()
}

async fn last_audit_line(world: &World) -> String {
    world.journal.audit_log(1).await.unwrap().remove(0).what
}

#[tokio::test(start_paused = true)]
async fn the_move_waits_for_copies_and_legacy_stays_as_the_target_was() {
    let world = World::at(Stage::RampDown, "[writes]\nwait = \"0s\"").await;
    world.legacy.script().always(Call::Replace, Fault::Delay(Duration::from_millis(100)));
    world.put(1, 1, 1).await;
    assert_eq!(world.legacy.get((1, 1)), None, "its copy runs");
    let (routing, start) = (world.routing, Instant::now());
    let moved = tokio::spawn(async move { routing.move_to(Stage::Complete, asked()).await.map(drop) });
    sleep(Duration::from_millis(1)).await;
    let held = tokio::spawn(world.stack.clone().oneshot(put(1, 2, 2)));
    moved.await.unwrap().unwrap();
    assert_eq!(start.elapsed().as_millis(), 100, "as long as the copy, and no longer");
    held.await.unwrap().unwrap();
    world.put(1, 1, 3).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(world.legacy.get((1, 1)).unwrap().version, 1);
    assert_eq!(world.legacy.get((1, 2)), None, "what was held is a write of `complete`");
    assert_eq!(world.target.get((1, 1)).unwrap().version, 3);
    assert_eq!(world.target.get((1, 2)).unwrap().version, 2);
    assert_eq!((world.journal.marks(), world.routing.stats().unaccounted_writes()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_write_is_on_legacy_before_the_move_is_made() {
    let world = World::at(Stage::RampDown, "").await;
    let late = Duration::from_millis(250);
    world.target.script().next(Call::RequestWrite, Fault::LateWrite(late));
    world.call(put(1, 1, 1)).await.unwrap_err();
    world.routing.move_to(Stage::Complete, asked()).await.unwrap().drained().await;
    assert_eq!(world.target.get((1, 1)).unwrap().version, 1);
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_does_not_go_refuses_the_move_and_the_old_stage_stays() {
    let world = World::at(Stage::RampDown, "[hold]\nmax = \"200ms\"").await;
    world.legacy.script().always(Call::Replace, Fault::Reject);
    world.put(1, 1, 1).await;
    let refused = world.routing.move_to(Stage::Complete, asked()).await.unwrap_err();
    assert!(matches!(refused, SwapError::HoldRanOut { to: Stage::Complete, .. }), "{refused}");
    assert!(refused.to_string().contains("1 marks are left"), "{refused}");
    assert_eq!(world.routing.stage(), Stage::RampDown);
    assert_eq!(world.routing.status().await.unwrap().stage, Stage::RampDown);
    world.put(1, 2, 2).await;
    world.legacy.script().clear();
    world.settle().await;
    world.routing.move_to(Stage::Complete, asked()).await.unwrap().drained().await;
    world.assert_converged();
    assert_eq!(last_audit_line(&world).await, "stage ramp_down -> complete");
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_refuses_the_move_at_once_and_forced_it_holds_nobody() {
    let mut world = World::new("").await;
    world.walk_to(Stage::RampDown).await;
    world.reconciler = Some(Reconciler::new(world.copier).attempts_max(1).spawn());
    world.legacy.script().always_on(Call::Replace, (1, 1), Fault::Reject);
    world.put(1, 1, 1).await;
    while world.journal.dead_letters(1).await.unwrap().is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    let start = Instant::now();
    let refused = world.routing.move_to(Stage::Complete, asked()).await.unwrap_err();
    assert!(matches!(refused, SwapError::DeadLetters { letters: 1, .. }), "{refused}");
    world.routing.move_to(Stage::Complete, forced()).await.unwrap().drained().await;
    assert_eq!(start.elapsed(), Duration::ZERO, "waiting would have been in vain");
    let line = last_audit_line(&world).await;
    assert!(line.contains("forced with 1 marks left"), "{line}");
    assert_eq!(world.journal.marks(), 1, "what legacy never got is still named");
}

#[tokio::test(start_paused = true)]
async fn forced_the_move_is_made_although_legacy_hangs_and_the_target_serves() {
    let world = World::at(Stage::RampDown, "[writes]\nwait = \"0s\"\n[hold]\nmax = \"200ms\"").await;
    world.legacy.script().always(Call::Replace, Fault::Hang);
    world.put(1, 1, 1).await;
    let start = Instant::now();
    let moved = world.routing.move_to(Stage::Complete, forced()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(200), "it had its time");
    world.put(1, 1, 2).await;
    assert_eq!(world.get(1, 1).await, Some(2));
    moved.drained().await;
    assert_eq!(world.routing.stats().unaccounted_writes(), 0);
    assert_eq!((world.journal.marks(), world.legacy.get((1, 1))), (1, None));
    let line = last_audit_line(&world).await;
    assert!(line.contains("forced with 1 marks left"), "{line}");
}

#[tokio::test(start_paused = true)]
async fn forced_it_leaves_legacy_equal_all_the_same_where_it_can() {
    let world = World::at(Stage::RampDown, "[writes]\nwait = \"0s\"").await;
    world.legacy.script().times(3, Call::Replace, Fault::Reject);
    world.put(1, 1, 1).await;
    world.routing.move_to(Stage::Complete, forced()).await.unwrap().drained().await;
    world.assert_converged();
    assert_eq!(world.journal.marks(), 0);
    let line = last_audit_line(&world).await;
    assert_eq!(line, "stage ramp_down -> complete", "nothing had to be forced");
}
