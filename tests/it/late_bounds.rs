//! Whatever may still land is waited for, as long as the late bound of the store that it may land in.

use std::time::Duration;

use crossfade::copy::Copier;
use crossfade::fill::Fill;
use crossfade::journal::Journal;
use crossfade::reconcile::Reconciler;
use crossfade::route::{RoutingHandle, Stage, Store};
use crossfade::test_util::{Call, Fault, MemoryStore};
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

use crate::support::{World, asked, config, put};

const LONG: Duration = Duration::from_secs(2);
/// Lands just in time.
const LATE: Fault = Fault::LateWrite(Duration::from_millis(1_900));

/// A world whose late bound is 2 s in this store and 10 ms in the other.
async fn slow(store: Store) -> World {
    let mut config = config("");
    let short = Duration::from_millis(10);
    (config.late_bound.legacy, config.late_bound.target) = match store {
        Store::Legacy => (LONG, short),
        Store::Target => (short, LONG),
    };
    World::with(Journal::memory(), MemoryStore::legacy(), MemoryStore::target(), config).await
}

/// A world in which the store with the long bound decides.
async fn slow_authority(store: Store) -> World {
    let mut world = slow(store).await;
    world.reconcile();
    world.walk_to(if store == Store::Legacy { Stage::Live } else { Stage::RampDown }).await;
    world
}

fn fail_next_write(world: &World, store: Store, fault: Fault) {
    let script = if store == Store::Legacy { world.legacy.script() } else { world.target.script() };
    script.next(Call::RequestWrite, fault);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_write_waits_the_late_bound_of_its_authority() {
    for store in [Store::Legacy, Store::Target] {
        let world = slow_authority(store).await;
        world.put(1, 1, 1).await;
        fail_next_write(&world, store, LATE);
        world.call(put(1, 1, 2)).await.unwrap_err();
        world.settle().await;
        assert_eq!(world.legacy.get((1, 1)).unwrap().version, 2, "{store}");
        world.assert_converged();
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_without_its_caller_is_waited_for_as_long_as_the_late_bound_of_its_authority() {
    for store in [Store::Legacy, Store::Target] {
        let world = slow_authority(store).await;
        fail_next_write(&world, store, Fault::Hang);
        let hung = world.stack.clone().oneshot(put(1, 1, 1));
        timeout(Duration::from_millis(10), hung).await.unwrap_err();
        let start = Instant::now();
        world.routing.drain().await;
        assert_eq!(start.elapsed().as_millis(), LONG.as_millis(), "{store}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fill_waits_the_late_bound_of_legacy() {
    let world = slow(Store::Legacy).await;
    fail_next_write(&world, Store::Legacy, LATE);
    world.call(put(1, 1, 1)).await.unwrap_err();
    world.routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;
    Fill::new(world.copier).run().await.unwrap();
    assert_eq!(world.target.get((1, 1)).unwrap().version, 1);
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn what_a_crash_cut_off_waits_the_longest_late_bound() {
    for store in [Store::Legacy, Store::Target] {
        let world = slow(store).await;
        world.walk_to(if store == Store::Legacy { Stage::Live } else { Stage::RampDown }).await;
        fail_next_write(&world, store, Fault::HangLate(Duration::from_millis(1_900)));
        // Neither answered nor dropped, as in a process that was killed.
        let _hung = tokio::spawn(world.stack.clone().oneshot(put(1, 1, 2)));
        sleep(Duration::from_millis(10)).await;

        let mut config = world.routing.config();
        config.stage = world.routing.stage();
        world.journal.forget_session();
        let next = RoutingHandle::open(&world.journal, config).await.unwrap();
        let copier = Copier::new(next, world.legacy.clone(), world.target.clone());
        let _reconciler = Reconciler::new(copier).spawn();
        world.settle().await;
        assert_eq!(world.legacy.get((1, 1)).unwrap().version, 2, "{store}");
        assert_eq!(world.legacy.same_as(&world.target), [], "{store}");
    }
}
