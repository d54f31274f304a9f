//! Every kind of write reaches both stores, and the secondary never fails or delays the caller.

use std::time::Duration;

use crossfade::data::{Key, Scope};
use crossfade::journal::{Journal, Limits};
use crossfade::route::{Stage, Store};
use crossfade::test_util::{Call, Fault, MemoryStore, Number, Request};
use tokio::time::Instant;

use crate::support::{World, config, put};

#[tokio::test(start_paused = true)]
async fn every_kind_of_write_is_the_same_on_both_stores() {
    for stage in [Stage::DualWrite, Stage::Canary, Stage::Live] {
        let world = World::at(stage, "").await;
        world.legacy.raise_ids_above(100);
        world.put(1, 1, 1).await;
        let created = world.call(Request::Create { group: 1, record: Number::new(5, "new") }).await.unwrap();
        let item = created.created().unwrap();
        world.call(Request::Increment { group: 1, item, by: 3 }).await.unwrap();
        let record = Number::new(9, "conditional");
        world.call(Request::PutIf { group: 1, item: 1, expected: 1, record }).await.unwrap();
        let many = (10..14).map(|item| ((2, item), Number::new(1, "many"))).collect();
        world.call(Request::PutMany(many)).await.unwrap();
        world.call(Request::Delete { group: 2, item: 12 }).await.unwrap();
        world.settle().await;
        world.assert_converged();
        assert_eq!(world.target.get((1, item)).unwrap().version, 8);
        assert_eq!(world.target.get((1, 1)).unwrap().version, 9);
        assert_eq!(world.target.get((2, 12)), None);
        assert_eq!(world.target.records().len(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn in_ramp_down_the_target_decides_and_legacy_receives() {
    let world = World::at(Stage::RampDown, "").await;
    world.target.take_ids_from(world.journal.ids("numbers"));
    world.put(1, 1, 1).await;
    world.call(Request::Increment { group: 1, item: 1, by: 1 }).await.unwrap();
    world.call(Request::Delete { group: 1, item: 1 }).await.unwrap();
    world.put(1, 2, 7).await;
    world.settle().await;
    world.assert_converged();
    assert_eq!(world.legacy.get((1, 2)).unwrap().version, 7);
    assert_eq!(world.legacy.calls(Call::RequestWrite), 0);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_write_that_lands_late_reaches_the_secondary() {
    let world = World::at(Stage::DualWrite, "").await;
    world.put(1, 1, 1).await;
    world.legacy.script().next(Call::RequestWrite, Fault::LateWrite(Duration::from_millis(250)));
    world.call(put(1, 1, 2)).await.unwrap_err();
    assert_eq!(world.journal.marks(), 1);
    world.settle().await;
    assert_eq!(world.legacy.get((1, 1)).unwrap().version, 2);
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn a_failing_secondary_never_fails_a_write() {
    for fault in [
        Fault::Reject,
        Fault::Break,
        Fault::LostAnswer,
        Fault::Hang,
        Fault::LateWrite(Duration::from_millis(100)),
    ] {
        for (stage, call) in [(Stage::DualWrite, Call::Replace), (Stage::RampDown, Call::Replace)] {
            let world = World::at(stage, "").await;
            let script = if stage == Stage::RampDown { world.legacy.script() } else { world.target.script() };
            script.always(call, fault);
            for version in 1..5 {
                world.put(1, 1, version).await;
            }
            script.clear();
            world.settle().await;
            world.assert_converged();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hung_secondary_delays_a_write_exactly_as_long_as_the_config_says() {
    for (wait, expected) in [("0s", 0), ("50ms", 50), ("20ms", 20)] {
        let world = World::at(Stage::DualWrite, &format!("[writes]\nwait = \"{wait}\"")).await;
        world.target.script().always(Call::Replace, Fault::Hang);
        let start = Instant::now();
        world.put(1, 1, 1).await;
        assert_eq!(start.elapsed(), Duration::from_millis(expected), "wait = {wait}");
        world.target.script().clear();
        world.settle().await;
        world.assert_converged();
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_waits_until_copied_is_on_both_stores_when_it_is_answered() {
    let world = World::at(Stage::DualWrite, "[writes]\nwait = \"until_copied\"").await;
    world.target.script().always(Call::Replace, Fault::Delay(Duration::from_secs(1)));
    world.put(1, 1, 1).await;
    assert_eq!(world.target.get((1, 1)).unwrap().version, 1);
    assert_eq!(world.journal.marks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_secondary_that_keeps_failing_is_left_to_the_reconciler_and_taken_up_again() {
    let world = World::at(Stage::DualWrite, "[writes]\nwait = \"until_copied\"").await;
    world.target.script().always(Call::Replace, Fault::Reject);
    for item in 0..100 {
        world.put(1, item, 1).await;
    }
    let stats = world.routing.stats();
    assert!(stats.copies_not_tried >= 80, "{stats:?}");
    world.target.script().clear();
    world.settle().await;
    world.assert_converged();
    let before = world.routing.stats().copies_not_tried;
    world.put(1, 1, 2).await;
    assert_eq!(world.routing.stats().copies_not_tried, before, "the breaker is closed again");
}

#[tokio::test(start_paused = true)]
async fn copies_that_find_no_room_stay_marks() {
    let world = World::at(Stage::DualWrite, "[writes]\nwait = \"0s\"").await;
    world.target.script().always(Call::Replace, Fault::Hang);
    for item in 0..1_100 {
        world.put(item, item, 1).await;
    }
    assert!(world.routing.stats().copies_without_room >= 76, "{:?}", world.routing.stats());
    world.target.script().clear();
    world.settle().await;
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn marks_that_widen_are_counted() {
    let journal = Journal::open_with("memory:", Limits::default().marks_max(10)).await.unwrap();
    let (legacy, target) = (MemoryStore::legacy(), MemoryStore::target());
    let world = World::with(journal, legacy, target, config("")).await;
    world.walk_to(Stage::DualWrite).await;
    world.target.script().always(Call::Replace, Fault::Reject);
    for item in 0..10 {
        world.put(1, item, 1).await;
    }
    assert_eq!(world.routing.stats().marks_widened, 0);
    let before = world.routing.stats();
    world
        .call(Request::PutMany((20..23).map(|item| ((2, item), Number::new(1, "many"))).collect()))
        .await
        .unwrap();
    world.put(3, 1, 1).await;
    assert_eq!(world.routing.stats().since(&before).marks_widened, 4);
    assert_eq!(world.journal.marks(), 12, "a group each");
}

#[tokio::test(start_paused = true)]
async fn concurrent_writers_of_one_key_converge() {
    for stage in [Stage::DualWrite, Stage::RampDown] {
        let world = World::at(stage, "[writes]\nwait = \"1ms\"").await;
        for store in [&world.legacy.script(), &world.target.script()] {
            store.always(Call::Replace, Fault::Delay(Duration::from_millis(3)));
        }
        let writers: Vec<_> = (0..20)
            .map(|version| {
                let stack = world.stack.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(version % 7)).await;
                    tower::ServiceExt::oneshot(stack, put(1, 1, version)).await.unwrap();
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        world.settle().await;
        world.assert_converged();
    }
}

#[tokio::test(start_paused = true)]
async fn a_mark_of_an_outside_writer_is_repaired() {
    let world = World::at(Stage::DualWrite, "").await;
    world.legacy.seed((1, 1), Number::new(4, "by somebody else"));
    world.journal.mark_for_repair(Scope::from(Key::new(&1_i64, &1_i64))).await.unwrap();
    world.settle().await;
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_stays_dirty_and_blocks_the_switch_until_it_is_retried() {
    let mut world = World::new("").await;
    world.walk_to(Stage::Live).await;
    let few = crossfade::reconcile::Reconciler::new(world.copier).attempts_max(2);
    world.reconciler = Some(few.spawn());
    world.target.script().always(Call::Replace, Fault::Reject);
    world.put(1, 1, 1).await;
    while world.journal.dead_letters(10).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.target.script().clear();
    assert_eq!(world.get(1, 1).await, Some(1), "a dirty key is read from the authority");
    let blocked = world.routing.move_to(Stage::RampDown, crate::support::asked()).await.unwrap_err();
    assert!(blocked.to_string().contains("dead letter"), "{blocked}");
    world.journal.retry_dead_letters().await.unwrap();
    world.settle().await;
    world.assert_converged();
    world.routing.move_to(Stage::RampDown, crate::support::asked()).await.unwrap().drained().await;
    assert_eq!(world.routing.stage().authority(), Store::Target);
}

#[tokio::test(start_paused = true)]
async fn with_no_wait_a_write_is_answered_before_its_copy_begins() {
    for (stage, authority) in [(Stage::DualWrite, Store::Legacy), (Stage::RampDown, Store::Target)] {
        let world = World::at(stage, "writes = { wait = \"0s\" }").await;
        world.put(1, 1, 1).await;
        let reads = if authority == Store::Legacy {
            world.legacy.calls(Call::RecordRead)
        } else {
            world.target.calls(Call::RecordRead)
        };
        assert_eq!(reads, 0, "{stage}");
        world.settle().await;
        world.assert_converged();
    }
}
