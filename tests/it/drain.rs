//! What a drain waits for: whatever was planned before it, until the last copy of it has ended.

use std::time::Duration;

use crossfade::data::{Key, Scope};
use crossfade::fill::Fill;
use crossfade::route::Stage;
use crossfade::test_util::{Call, Fault, Number};
use tokio::time::{Instant, sleep};
use tower::{Service, ServiceExt};

use crate::support::{World, put};

const MS: Duration = Duration::from_millis(1);

async fn drained_after(world: &World) -> Duration {
    let start = Instant::now();
    world.routing.drain().await;
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_the_copy_of_a_write_that_was_answered() {
    for stage in [Stage::DualWrite, Stage::RampDown] {
        let world = World::at(stage, "writes = { wait = \"0s\" }").await;
        let secondary = if stage == Stage::DualWrite { world.target.script() } else { world.legacy.script() };
        secondary.next(Call::Replace, Fault::Delay(MS * 50));
        world.put(1, 1, 1).await;
        assert_eq!(drained_after(&world).await, MS * 50, "{stage}");
        world.assert_converged();
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_a_repair() {
    let world = World::at(Stage::DualWrite, "").await;
    world.legacy.seed((1, 1), Number::new(1, "by somebody else"));
    world.target.script().next(Call::Replace, Fault::Delay(MS * 50));
    world.journal.mark_for_repair(Scope::from(Key::new(&1_i64, &1_i64))).await.unwrap();
    sleep(MS).await;
    assert_eq!(drained_after(&world).await, MS * 49);
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_a_page_of_the_fill_and_not_for_its_pause_before_it_is_done_again() {
    let mut world = World::at(Stage::DualWrite, "").await;
    world.reconciler.take().unwrap().stop().await;
    world.legacy.seed((1, 1), Number::new(1, "old"));
    let filling = || tokio::spawn(Fill::new(world.copier).run());
    // The late bound, then the page.
    world.target.script().next(Call::Replace, Fault::Delay(MS * 50));
    let fill = filling();
    sleep(MS * 310).await;
    assert_eq!(drained_after(&world).await, MS * 40);
    fill.await.unwrap().unwrap();

    world.legacy.script().times(8, Call::Page, Fault::Reject);
    let fill = filling();
    sleep(MS * 301).await;
    while world.routing.stats().fill_retries < 6 {
        assert_eq!(drained_after(&world).await, Duration::ZERO, "{:?}", world.routing.stats().fill_retries);
        sleep(MS).await;
    }
    fill.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_never_polled_is_never_made_and_holds_up_nothing() {
    for stage in [Stage::Off, Stage::DualWrite, Stage::RampDown] {
        let mut world = World::at(stage, "").await;
        let write = world.stack.ready().await.unwrap().call(put(1, 1, 1));
        drop(write);
        sleep(MS * 10).await;
        assert_eq!(drained_after(&world).await, Duration::ZERO, "{stage}");
        let calls = [&world.legacy.calls(Call::RequestWrite), &world.target.calls(Call::RequestWrite)];
        assert_eq!((calls, world.journal.marks()), ([&0, &0], 0), "{stage}");
    }
}
