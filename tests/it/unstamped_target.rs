//! A target that keeps no stamps: whichever copy lands last stays, so a key is read from legacy while any copy of it
//! is in the air.

use std::time::Duration;

use crossfade::data::{Group, Key, Scope};
use crossfade::fill::Fill;
use crossfade::journal::Journal;
use crossfade::route::{Stage, Store};
use crossfade::test_util::{Call, Fault, MemoryStore, Number, Plain, Request};
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

use crate::support::{World, asked, config, put};

/// How long a copy is in the air: below the late bound of 300 ms.
const FLIGHT: Duration = Duration::from_millis(200);

/// A world in `live` whose target keeps no stamps, with records `1/1` to `1/20` of version 1 on both stores.
async fn live(toml: &str) -> World<Plain> {
    let target = MemoryStore::<Plain>::new(Store::Target);
    let mut world = World::with(Journal::memory(), MemoryStore::legacy(), target, config(toml)).await;
    for item in 1..=20 {
        world.legacy.seed((1, item), Number::new(1, "old"));
    }
    world.reconcile();
    world.walk_to(Stage::Live).await;
    world
}

/// The next copy of `1/1` has read version 1 and is about to land when this comes back.
async fn copy_in_the_air(world: &World<Plain>, begin: impl AsyncFnOnce(&World<Plain>)) {
    let before = world.target.faults(Call::Replace);
    world.target.script().next_on(Call::Replace, (1, 1), Fault::Delay(FLIGHT));
    begin(world).await;
    while world.target.faults(Call::Replace) == before {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Writes version 2, which is copied at once, and reads until long after every copy has landed.
async fn assert_no_read_is_older_than_the_next_write(world: &World<Plain>) {
    let start = Instant::now();
    world.put(1, 1, 2).await;
    assert_eq!(start.elapsed(), Duration::ZERO, "its own copy has ended");
    assert_eq!(world.target.get((1, 1)).unwrap().version, 2);
    assert_eq!(from(world, 1).await, Store::Legacy, "a copy is in the air");
    while start.elapsed() < FLIGHT * 5 {
        assert_eq!(world.get(1, 1).await, Some(2), "after {:?}", start.elapsed());
        sleep(Duration::from_millis(5)).await;
    }
    world.settle().await;
    assert_eq!(world.target.get((1, 1)).unwrap().version, 2);
    assert_eq!(from(world, 1).await, Store::Target, "no copy is in the air any more");
}

async fn from(world: &World<Plain>, item: i64) -> Store {
    world.call(Request::Get { group: 1, item }).await.unwrap().from
}

#[tokio::test(start_paused = true)]
async fn a_key_is_read_from_legacy_while_a_copy_of_a_fill_is_in_the_air() {
    let world = live("").await;
    copy_in_the_air(&world, async |world| drop(tokio::spawn(Fill::new(world.copier).run()))).await;
    assert_eq!(from(&world, 20).await, Store::Target, "other keys are not kept from it");
    assert_no_read_is_older_than_the_next_write(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_key_is_read_from_legacy_while_a_copy_of_a_repair_is_in_the_air() {
    for scope in [Scope::from(Key::new(&1, &1)), Group::new(&1).into(), Scope::Everything] {
        let world = live("").await;
        copy_in_the_air(&world, async |world| world.journal.mark_for_repair(scope).await.unwrap()).await;
        assert_no_read_is_older_than_the_next_write(&world).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_read_from_legacy_while_a_copy_of_a_write_whose_caller_left_is_in_the_air() {
    let world = live("").await;
    copy_in_the_air(&world, async |world| {
        let write = world.stack.clone().oneshot(put(1, 1, 1));
        timeout(Duration::from_millis(10), write).await.unwrap_err();
    })
    .await;
    assert_eq!(world.routing.stats().writes_rescued, 1);
    assert_no_read_is_older_than_the_next_write(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_fill_that_is_dropped_leaves_a_mark_on_what_it_had_in_the_air() {
    let world = live("").await;
    world.target.script().next_on(Call::Replace, (1, 1), Fault::HangLate(FLIGHT));
    let fill = tokio::spawn(Fill::new(world.copier).run());
    while world.target.late_writes() == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    fill.abort();
    fill.await.unwrap_err();
    assert_no_read_is_older_than_the_next_write(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_given_up_while_the_target_fails_leaves_a_mark_on_what_it_had_in_the_air() {
    let world = live("").await;
    // One part, key by key: the sixteenth failure in a row opens the breaker, which ends the page.
    world.target.script().times(15, Call::Replace, Fault::Reject);
    world.target.script().next_on(Call::Replace, (1, 16), Fault::LateWrite(FLIGHT));
    let fill = tokio::spawn(Fill::new(world.copier.concurrency(1)).run());
    while world.target.late_writes() == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    world.put(1, 16, 2).await;
    for _ in 0..200 {
        assert_eq!(world.get(1, 16).await, Some(2));
        sleep(Duration::from_millis(5)).await;
    }
    fill.await.unwrap().unwrap();
    world.settle().await;
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn a_fill_under_faults_ends_equal_and_leaves_no_mark() {
    let world = live("").await;
    let rates = crossfade::test_util::Rates {
        reject: 0.05,
        lost_answer: 0.05,
        late_write: 0.05,
        late_max: FLIGHT,
        ..Default::default()
    };
    world.target.seed((1, 77), Number::new(1, "left over"));
    world.target.script().random_for(Call::Replace, 5, rates);
    let fill = tokio::spawn(Fill::new(world.copier.page_size(4)).run());
    for round in 2..40_u64 {
        let item = i64::try_from(round % 20 + 1).unwrap();
        world.put(1, item, round).await;
        assert_eq!(world.get(1, item).await, Some(round));
        sleep(Duration::from_millis(20)).await;
    }
    fill.await.unwrap().unwrap();
    world.settle().await;
    world.assert_converged();
    world.routing.move_to(Stage::RampDown, asked()).await.unwrap().drained().await;
}
