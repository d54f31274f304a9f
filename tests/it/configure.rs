//! Configs put in force while the stage moves.

use std::time::Duration;

use crossfade::route::{Asked, Stage};
use crossfade::test_util::{Call, Fault};
use tower::ServiceExt;

use crate::support::{World, asked, config, put};

/// Lets a move from `live` to `ramp_down` begin and hold writes for 40 ms.
async fn slow_move(world: &World) -> tokio::task::JoinHandle<()> {
    world.legacy.script().next(Call::RequestWrite, Fault::Delay(Duration::from_millis(40)));
    let write = tokio::spawn(world.stack.clone().oneshot(put(1, 1, 1)));
    tokio::time::sleep(Duration::from_millis(1)).await;
    let routing = world.routing;
    let moved = tokio::spawn(async move {
        routing.move_to(Stage::RampDown, asked()).await.unwrap().drained().await;
        write.await.unwrap().unwrap();
    });
    tokio::time::sleep(Duration::from_millis(1)).await;
    moved
}

#[tokio::test(start_paused = true)]
async fn a_config_put_in_force_while_the_stage_moves_undoes_nothing() {
    let world = World::at(Stage::Live, "").await;
    let moved = slow_move(&world).await;
    let half = config("stage = \"live\"\n[cohort]\nweight = \"50%\"");
    let _drained = world.routing.configure(half, asked()).await.unwrap();
    moved.await.unwrap();
    assert_eq!(world.routing.stage(), Stage::RampDown, "the stage that the config names is not gone back to");
    assert_eq!(world.routing.config().cohort.weight.to_string(), "50%");
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_moves_after_a_config_keeps_it() {
    let world = World::at(Stage::Live, "").await;
    let first = slow_move(&world).await;
    let routing = world.routing;
    let half = config("[cohort]\nweight = \"50%\"");
    let configured = tokio::spawn(async move { routing.configure(half, asked()).await.map(drop) });
    tokio::task::yield_now().await;
    let _drained = routing.move_to(Stage::Live, asked()).await.unwrap();
    configured.await.unwrap().unwrap();
    first.await.unwrap();
    assert_eq!((routing.stage(), &*routing.config().cohort.weight.to_string()), (Stage::Live, "50%"));
}

#[tokio::test(start_paused = true)]
async fn who_changed_which_setting_is_audited_without_its_value() {
    let world = World::at(Stage::Shadow, "").await;
    let allow = config("[cohort]\nallow = [\"smith\"]");
    let _drained = world.routing.configure(allow, Asked::by("anna", "a pilot customer")).await.unwrap();
    let line = world.journal.audit_log(1).await.unwrap().remove(0);
    assert_eq!((&*line.who, &*line.what, &*line.why), ("anna", "config: cohort.allow", "a pilot customer"));
}

#[tokio::test(start_paused = true)]
async fn a_swap_that_moves_no_stage_is_audited_too() {
    let world = World::at(Stage::Shadow, "").await;
    let allow = config("stage = \"shadow\"\n[cohort]\nallow = [\"smith\"]");
    let _drained = world.routing.swap_as(allow.clone(), Asked::by("anna", "a pilot customer")).await.unwrap();
    let line = world.journal.audit_log(1).await.unwrap().remove(0);
    assert_eq!((&*line.who, &*line.what, &*line.why), ("anna", "config: cohort.allow", "a pilot customer"));
    let _drained = world.routing.swap_as(allow, Asked::by("bert", "nothing new")).await.unwrap();
    assert_eq!(
        world.journal.audit_log(1).await.unwrap().remove(0).who,
        "anna",
        "what changes nothing says nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_counted() {
    let world = World::at(Stage::Shadow, "").await;
    let before = world.routing.stats();
    let _illegal = world.routing.move_to(Stage::RampDown, asked()).await.unwrap_err();
    let mut bad = world.routing.config();
    bad.hold.max = Duration::ZERO;
    let _bad = world.routing.configure(bad, asked()).await.unwrap_err();
    world.routing.configure(config(""), asked()).await.unwrap().drained().await;
    let counted = world.routing.stats().since(&before);
    assert_eq!((counted.swaps_refused, counted.swaps), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn held_writes_are_counted_while_they_wait() {
    let world = World::at(Stage::Live, "").await;
    let moved = slow_move(&world).await;
    let held = tokio::spawn(world.stack.clone().oneshot(put(1, 2, 2)));
    let gone = tokio::spawn(world.stack.clone().oneshot(put(1, 3, 3)));
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(world.routing.stats().writes_held, 2);
    gone.abort();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(world.routing.stats().writes_held, 1, "whoever went away waits no more");
    moved.await.unwrap();
    held.await.unwrap().unwrap();
    assert_eq!(world.routing.stats().writes_held, 0);
}
