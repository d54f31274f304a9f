//! The end of a migration: in order, nothing is cut off; otherwise the next start finds what may differ.

use std::time::Duration;

use crossfade::Refused;
use crossfade::copy::Copier;
use crossfade::data::Scope;
use crossfade::fill::Fill;
use crossfade::reconcile::Reconciler;
use crossfade::route::Stage;
use crossfade::test_util::{Call, Fault, Request, StoreError};
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

use crate::support::{World, put};

const MS: Duration = Duration::from_millis(1);
const CONTINUE: &str = "writes = { journal_unavailable = \"continue\" }";

fn is_closed(error: &StoreError) -> bool {
    matches!(error, StoreError::Refused(Refused::Closed))
}

#[tokio::test(start_paused = true)]
async fn a_closed_migration_refuses_reads_and_writes() {
    for stage in [Stage::Off, Stage::DualWrite, Stage::Live, Stage::RampDown, Stage::Complete] {
        let mut world = World::at(stage, "").await;
        world.reconciler.take().unwrap().stop().await;
        world.routing.close().await.unwrap();
        for request in [Request::Get { group: 1, item: 1 }, put(1, 1, 1)] {
            let refused = world.call(request).await.unwrap_err();
            assert!(is_closed(&refused), "{stage}: {refused}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_writes_and_their_copies_and_lets_no_other_begin() {
    let mut world = World::at(Stage::DualWrite, "writes = { wait = \"0s\" }").await;
    world.reconciler.take().unwrap().stop().await;
    world.legacy.script().next(Call::RequestWrite, Fault::Delay(MS * 30));
    world.target.script().next(Call::Replace, Fault::Delay(MS * 20));
    let write = tokio::spawn(world.stack.clone().oneshot(put(1, 1, 1)));
    sleep(MS).await;
    let (start, routing) = (Instant::now(), world.routing);
    let closing = tokio::spawn(async move { routing.close().await });
    sleep(MS).await;
    let refused = world.call(put(1, 2, 2)).await.unwrap_err();
    assert!(is_closed(&refused), "{refused}");
    closing.await.unwrap().unwrap();
    assert_eq!(start.elapsed(), MS * 49);
    write.await.unwrap().unwrap();
    assert_eq!(world.journal.marks(), 0);
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn a_fill_ends_with_the_migration() {
    let world = World::at(Stage::DualWrite, "").await;
    for item in 0..50 {
        world.put(1, item, 1).await;
    }
    world.target.script().always(Call::Replace, Fault::Delay(MS * 10));
    let fill = tokio::spawn(Fill::new(world.copier.page_size(1)).run());
    sleep(MS * 400).await;
    world.routing.close().await.unwrap();
    assert!(timeout(MS * 100, fill).await.unwrap().unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn an_orderly_end_keeps_the_certificate_and_an_unclean_one_that_may_have_unrecorded_writes_voids_it() {
    for orderly in [true, false] {
        let mut world = World::new(CONTINUE).await;
        world.walk_to(Stage::Shadow).await;
        assert!(world.routing.status().await.unwrap().certificate.is_some());
        if orderly {
            world.routing.close().await.unwrap();
        }
        world.routing = world.start_again(CONTINUE).await;
        assert_eq!(world.routing.status().await.unwrap().certificate.is_some(), orderly);
        assert_eq!(world.journal.marks(), u64::from(!orderly), "everything is dirty after the unclean end");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_repair_of_everything_had_claimed_at_the_end_is_repaired_by_the_next_process() {
    let mut world = World::at(Stage::Live, "").await;
    world.legacy.script().next(Call::RequestWrite, Fault::Delay(MS * 100));
    let _slow = tokio::spawn(world.stack.clone().oneshot(put(1, 1, 1)));
    sleep(MS).await;
    world.journal.mark_for_repair(Scope::Everything).await.unwrap();
    sleep(MS * 50).await;
    // It waits for the write, as the repair does.
    world.routing.close().await.unwrap();
    world.reconciler.take().unwrap().stop().await;
    assert_eq!(world.journal.marks(), 1);

    world.routing = world.start_again("").await;
    let copier = Copier::new(world.routing, world.legacy.clone(), world.target.clone());
    let _reconciler = Reconciler::new(copier).spawn();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(world.journal.marks(), 0, "nobody has to wait for the end of the lease");
    world.assert_converged();
}
