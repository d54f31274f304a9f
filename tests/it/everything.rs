//! Marks on everything: who repairs them, when, and that nothing else takes them away.

use std::time::Duration;

use crossfade::copy::Copier;
use crossfade::data::{Scope, Scopes};
use crossfade::dual_write::DualWriteLayer;
use crossfade::fill::{Fill, FillError};
use crossfade::reconcile::{Reconciler, ReconcilerHandle};
use crossfade::route::{Operation, RouteLayer, RoutingHandle, Stage};
use crossfade::store::TargetLayer;
use crossfade::test_util::{Call, Fault, Number, Request, classify_outcome};
use tokio::time::{Instant, sleep};
use tower::{ServiceBuilder, ServiceExt};

use crate::support::{LATE_BOUND, World, asked, put};

const MS: Duration = Duration::from_millis(1);
/// Longer than any repair of these tests takes.
const LONG: Duration = Duration::from_secs(10);

async fn mark_everything(world: &World) {
    world.journal.mark_for_repair(Scope::Everything).await.unwrap();
}

/// The next process on the same journal and stores, with a reconciler.
async fn start_again(world: &World) -> ReconcilerHandle {
    let mut config = world.routing.config();
    config.stage = world.routing.stage();
    world.journal.forget_session();
    let routing = RoutingHandle::open(&world.journal, config).await.unwrap();
    Reconciler::new(Copier::new(routing, world.legacy.clone(), world.target.clone())).spawn()
}

#[tokio::test(start_paused = true)]
async fn a_write_of_everything_leaves_its_mark_to_a_repair_that_walks_both_stores() {
    let world = World::at(Stage::DualWrite, "").await;
    let import = |_: &Request| Some((Operation::write("import"), Scopes::from(Scope::Everything)));
    let stack = ServiceBuilder::new()
        .layer(RouteLayer::new(world.routing).classified_by(import))
        .layer(DualWriteLayer::new(world.copier).classified_by(classify_outcome))
        .layer(TargetLayer::new(world.target.clone()))
        .service(world.legacy.clone());
    world.target.seed((9, 9), Number::new(1, "deleted by the import"));
    world.legacy.seed((2, 2), Number::new(1, "written by the import"));
    sleep(LONG).await;
    stack.oneshot(put(1, 1, 1)).await.unwrap();
    assert_eq!(world.journal.marks(), 1, "the write itself copies nothing");
    world.settle().await;
    world.assert_converged();
    assert_eq!(world.target.records().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_repair_of_everything_begins_when_the_writes_that_ran_at_its_claim_have_ended() {
    let world = World::at(Stage::Live, "").await;
    world.legacy.script().next(Call::RequestWrite, Fault::Delay(MS * 100));
    let slow = tokio::spawn(world.stack.clone().oneshot(put(1, 1, 1)));
    sleep(MS).await;
    let pages = world.legacy.calls(Call::Page);
    mark_everything(&world).await;
    sleep(MS * 90).await;
    assert_eq!(world.legacy.calls(Call::Page), pages, "it waits");
    slow.await.unwrap().unwrap();
    world.settle().await;
    assert!(world.legacy.calls(Call::Page) > pages);
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn before_the_first_fill_is_complete_a_mark_on_everything_is_left_to_it() {
    let mut world = World::new("").await;
    world.reconcile();
    world.routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;
    mark_everything(&world).await;
    sleep(LONG).await;
    assert_eq!(world.journal.marks(), 1);
    let _reconciler = start_again(&world).await;
    sleep(LONG).await;
    assert_eq!(world.journal.marks(), 1, "nor does a restart change that");
}

#[tokio::test(start_paused = true)]
async fn after_off_a_mark_on_everything_is_left_to_the_next_fill_which_clears_it() {
    let world = World::at(Stage::Shadow, "").await;
    world.routing.move_to(Stage::Off, asked()).await.unwrap().drained().await;
    world.routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;
    sleep(LONG).await;
    assert_eq!(world.journal.marks(), 1);
    Fill::new(world.copier).run().await.unwrap();
    assert_eq!(world.journal.marks(), 0, "at once, not by another walk");
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_a_mark_on_everything_is_repaired_when_the_fill_was_complete() {
    let mut world = World::new("").await;
    world.walk_to(Stage::Shadow).await;
    world.legacy.seed((1, 1), Number::new(1, "by somebody else"));
    mark_everything(&world).await;
    let _reconciler = start_again(&world).await;
    sleep(LONG).await;
    assert_eq!(world.journal.marks(), 0);
    world.assert_converged();
    world.reconciler = None;
}

#[tokio::test(start_paused = true)]
async fn a_fill_that_is_stopped_gives_the_marks_on_everything_back() {
    let mut world = World::at(Stage::DualWrite, "").await;
    for item in 0..10 {
        world.put(1, item, 1).await;
    }
    world.reconciler.take().unwrap().stop().await;
    world.target.script().always(Call::Replace, Fault::Delay(MS));
    mark_everything(&world).await;
    let fill = Fill::new(world.copier.page_size(1));
    let (control, mut progress) = (fill.control(), fill.progress());
    let fill = tokio::spawn(fill.run());
    progress.wait_for(|progress| progress.pages >= 2).await.unwrap();
    control.stop();
    assert!(matches!(fill.await.unwrap(), Err(FillError::Stopped)));
    world.reconcile();
    sleep(LONG).await;
    assert_eq!(world.journal.marks(), 0, "nobody has to wait for the end of the lease");
}

#[tokio::test(start_paused = true)]
async fn a_fill_that_gets_no_certificate_gives_the_marks_on_everything_back() {
    let mut world = World::at(Stage::DualWrite, "").await;
    world.reconciler.take().unwrap().stop().await;
    world.target.script().always_on(Call::Replace, (1, 1), Fault::Reject);
    world.put(1, 1, 1).await;
    let reconciler = Reconciler::new(world.copier).attempts_max(1).spawn();
    sleep(LONG).await;
    reconciler.stop().await;
    assert_eq!(world.journal.dead_letters(9).await.unwrap().len(), 1);
    assert_eq!(world.routing.stats().dead_letters, 1);
    world.target.script().clear();
    mark_everything(&world).await;
    let refused = Fill::new(world.copier).run().await.unwrap_err();
    assert!(matches!(refused, FillError::NotCertified(_)), "{refused}");
    assert_eq!(world.journal.marks(), 2, "the dead letter, and everything");
}

#[tokio::test(start_paused = true)]
async fn a_fill_that_begins_where_nothing_is_copied_ends_before_it_waits() {
    for stage in [Stage::Off, Stage::RampDown, Stage::Complete] {
        let world = World::at(stage, "").await;
        let start = Instant::now();
        let refused = Fill::new(world.copier).run().await.unwrap_err();
        assert!(matches!(refused, FillError::Stage { stage: named } if named == stage), "{refused}");
        assert!(start.elapsed() < LATE_BOUND, "a drain now says nothing about later writes: {stage}");
    }
}
