//! A caller that goes away skips neither the copy nor the bookkeeping.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crossfade::route::Stage;
use crossfade::test_util::{Call, Fault};
use tokio::time::{Instant, timeout};
use tower::ServiceExt;

use crate::support::{LATE_BOUND, World, put};

/// Polls the write of a slow world this often, a step of time between two polls, and drops it.
async fn write_and_go_away(world: &World, polls: usize) -> bool {
    let mut write = pin!(world.stack.clone().oneshot(put(1, 1, 2)));
    for _ in 0..polls {
        if let Poll::Ready(answer) = write.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            answer.unwrap();
            return true;
        }
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
    false
}

fn slow(world: &World) {
    for script in [world.legacy.script(), world.target.script()] {
        for call in [Call::RequestWrite, Call::RecordRead, Call::Replace] {
            script.always(call, Fault::Delay(Duration::from_millis(10)));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_dropped_at_any_poll_leaves_both_stores_equal() {
    for stage in [Stage::DualWrite, Stage::RampDown] {
        for polls in 0..24 {
            let world = World::at(stage, "[writes]\nwait = \"until_copied\"").await;
            world.put(1, 1, 1).await;
            slow(&world);
            let answered = write_and_go_away(&world, polls).await;
            world.settle().await;
            world.assert_converged();
            let version = world.legacy.get((1, 1)).unwrap().version;
            assert_eq!(
                version,
                if polls == 0 { 1 } else { 2 },
                "dropped after {polls} polls, answered: {answered}"
            );
        }
    }
}

#[test]
fn a_runtime_that_ends_under_a_write_leaves_it_marked_or_copied() {
    for stage in [Stage::DualWrite, Stage::RampDown] {
        for polls in 0..24 {
            let runtime = || {
                tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .start_paused(true)
                    .build()
                    .unwrap()
            };
            let first = runtime();
            let world = first.block_on(async {
                let world = World::at(stage, "[writes]\nwait = \"until_copied\"").await;
                world.put(1, 1, 1).await;
                slow(&world);
                let mut write = Box::pin(world.stack.clone().oneshot(put(1, 1, 2)));
                for _ in 0..polls {
                    if write.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(4)).await;
                }
                // Dropped after the runtime: whatever the drop hands to it is gone.
                std::mem::forget(tokio::spawn(async move { write.await.map(drop) }));
                world
            });
            drop(first);
            let differs = !world.legacy.same_as(&world.target).is_empty();
            assert!(
                !differs || world.journal.marks() > 0,
                "{stage} after {polls} polls: they differ with no mark"
            );
            assert_eq!(world.routing.stats().unaccounted_writes(), 0, "{stage} after {polls} polls");
            world.legacy.script().clear();
            world.target.script().clear();
            runtime().block_on(async {
                let _reconciler = crossfade::reconcile::Reconciler::new(world.copier).spawn();
                world.settle().await;
                world.assert_converged();
            });
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_times_out_between_the_stores_finds_its_write_on_both() {
    let world = World::at(Stage::DualWrite, "[writes]\nwait = \"until_copied\"").await;
    world.target.script().always(Call::Replace, Fault::Delay(Duration::from_secs(1)));
    let write = world.stack.clone().oneshot(put(1, 1, 2));
    tokio::time::timeout(Duration::from_millis(100), write).await.unwrap_err();
    assert_eq!(world.target.get((1, 1)), None);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.target.get((1, 1)).unwrap().version, 2);
    assert_eq!(world.journal.marks(), 0);
    assert_eq!(world.routing.stats().writes_rescued, 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_hangs_without_its_caller_holds_a_drain_no_longer_than_the_late_bound() {
    for fault in [Fault::Hang, Fault::HangApplied, Fault::HangLate(LATE_BOUND / 2)] {
        let world = World::at(Stage::Live, "").await;
        world.legacy.script().next(Call::RequestWrite, fault);
        let hung = world.stack.clone().oneshot(put(1, 1, 1));
        assert!(timeout(Duration::from_millis(10), hung).await.is_err());
        let start = Instant::now();
        world.routing.drain().await;
        assert_eq!(start.elapsed().as_millis(), LATE_BOUND.as_millis(), "{fault:?}");
        assert_eq!((world.routing.stats().writes_given_up, world.journal.marks()), (1, 1));
        world.settle().await;
        world.assert_converged();
    }
}
