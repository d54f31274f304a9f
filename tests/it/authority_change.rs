//! What comes in the middle of a change of the authority.

use std::time::Duration;

use crossfade::data::{Key, RecordStore, Scope};
use crossfade::fill::{Fill, FillError};
use crossfade::journal::Journal;
use crossfade::route::Stage;
use crossfade::test_util::{Call, Fault, MemoryStore, Number};
use tokio::time::sleep;
use tower::ServiceExt;

use crate::support::{World, asked, config, put};

const MS: Duration = Duration::from_millis(1);

/// While the clock of the target is asked, its stamps so far are known and a repair could take a larger one.
#[tokio::test(start_paused = true)]
async fn a_mark_that_comes_while_the_clock_is_asked_is_repaired_under_the_old_authority() {
    let mut world = World::new("").await;
    world.target.clock_behind(MS * 50);
    world.reconcile();
    world.walk_to(Stage::Live).await;
    world.put(1, 1, 1).await;
    world.target.script().always(Call::Clock, Fault::Delay(MS * 100));
    let routing = world.routing;
    let moved = tokio::spawn(async move { routing.move_to(Stage::RampDown, asked()).await.map(drop) });
    sleep(MS * 90).await;
    world.legacy.seed((1, 1), Number::new(7, "by somebody else"));
    world.journal.mark_for_repair(Scope::from(Key::new(&1_i64, &1_i64))).await.unwrap();
    moved.await.unwrap().unwrap();

    assert_eq!(world.journal.marks(), 0);
    assert_eq!(world.target.get((1, 1)).unwrap().version, 7);
    world.target.script().clear();
    let (clock, copied) = (world.target.clock().await.unwrap(), world.target.stamp((1, 1)));
    assert!(clock > copied, "what the target writes from now on wins over every copy: {clock:?}, {copied:?}");
}

#[tokio::test(start_paused = true)]
async fn a_move_that_is_asked_for_during_a_change_of_the_authority_comes_after_it() {
    let world = World::at(Stage::Live, "").await;
    world.legacy.script().next(Call::RequestWrite, Fault::Delay(MS * 40));
    let _running = tokio::spawn(world.stack.clone().oneshot(put(1, 1, 1)));
    sleep(MS).await;
    let (first, second) = tokio::join!(
        world.routing.move_to(Stage::RampDown, asked()),
        world.routing.move_to(Stage::Canary, asked()),
    );
    first.unwrap().drained().await;
    second.unwrap().drained().await;
    let lines: Vec<String> = world.journal.audit_log(2).await.unwrap().into_iter().map(|l| l.what).collect();
    assert_eq!(lines, ["stage ramp_down -> canary", "stage live -> ramp_down"]);
}

#[tokio::test(start_paused = true)]
async fn stamps_that_were_raised_for_the_way_back_are_reserved_in_the_journal() {
    let world = World::at(Stage::Live, "").await;
    world.target.clock_ahead(Duration::from_secs(60));
    world.routing.move_to(Stage::RampDown, asked()).await.unwrap().drained().await;
    world.put(1, 1, 1).await;
    world.settle().await;
    world.routing.move_to(Stage::Live, asked()).await.unwrap().drained().await;
    let reserved = world.routing.status().await.unwrap().reserved_stamp;
    let written = world.target.stamp((1, 1)).unwrap();
    assert!(reserved >= written, "a crash now would let copies lose: {reserved}, {written}");
}

#[tokio::test(start_paused = true)]
async fn a_fill_copies_nothing_over_the_target_once_that_is_the_authority() {
    let world = World::at(Stage::Live, "").await;
    for item in 0..50 {
        world.put(1, item, 1).await;
    }
    world.target.script().always(Call::Replace, Fault::Delay(MS * 10));
    let fill = tokio::spawn(Fill::new(world.copier.page_size(1)).run());
    sleep(MS * 400).await;
    world.routing.move_to(Stage::RampDown, asked()).await.unwrap().drained().await;
    let copied = world.target.replaces().len();
    sleep(Duration::from_secs(5)).await;
    assert_eq!(world.target.replaces().len(), copied);
    let stopped = fill.await.unwrap();
    assert!(matches!(stopped, Err(FillError::Stage { stage: Stage::RampDown })), "{stopped:?}");
}

/// On threads of their own, callers meet every moment of a move.
#[test]
fn no_write_is_refused_while_the_authority_changes_there_and_back() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (legacy, target) = (MemoryStore::legacy(), MemoryStore::target());
        let mut config = config("");
        (config.late_bound.legacy, config.late_bound.target) = (MS, MS);
        let mut world = World::with(Journal::memory(), legacy, target, config).await;
        world.reconcile();
        world.walk_to(Stage::Live).await;
        let callers: Vec<_> = (0..2)
            .map(|caller| {
                let stack = world.stack.clone();
                tokio::spawn(async move {
                    for version in 0..4_000 {
                        stack
                            .clone()
                            .oneshot(put(caller, version % 5, version.unsigned_abs()))
                            .await
                            .unwrap();
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for _ in 0..20 {
            for stage in [Stage::RampDown, Stage::Live] {
                world.routing.move_to(stage, asked()).await.unwrap().drained().await;
            }
        }
        for caller in callers {
            caller.await.unwrap();
        }
        world.settle().await;
        world.assert_converged();
    });
}
