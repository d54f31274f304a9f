//! `journal_unavailable = "continue"`.

use std::time::Duration;

use crossfade::fill::Fill;
use crossfade::journal::JournalError;
use crossfade::route::{Stage, Store, SwapError};
use crossfade::test_util::{Call, Request};
use tokio::time::sleep;

use super::{CONTINUES, as_after_a_kill, until_full, with_stores, world};
use crate::support::{World, asked, put};

async fn answers(world: &World, group: i64) -> (Store, u64) {
    let answer = world.call(Request::Get { group, item: 1 }).await.unwrap();
    (answer.from, answer.record().unwrap().version)
}

async fn is_certified(world: &World) -> bool {
    world.routing.status().await.unwrap().certificate.is_some()
}

/// Fills and repairs until nothing is dirty.
async fn make_good(world: &mut World) {
    world.reconcile();
    Fill::new(world.copier).run().await.unwrap();
    world.settle().await;
    world.assert_converged();
    assert!(is_certified(world).await);
}

#[tokio::test]
async fn writes_go_on_unrecorded_and_a_new_fill_makes_it_good() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(folder.path(), CONTINUES).await;
    world.walk_to(Stage::Shadow).await;
    world.put(1, 1, 1).await;
    world.put(2, 1, 1).await;
    world.routing.move_to(Stage::Canary, asked()).await.unwrap().drained().await;
    assert_eq!(answers(&world, 2).await, (Store::Target, 1));
    until_full(&world).await;

    assert_eq!(answers(&world, 2).await, (Store::Legacy, 1), "everything is dirty at once");
    let before = world.routing.stats();
    world.put(1, 1, 2).await;
    assert_eq!(answers(&world, 1).await, (Store::Legacy, 2));
    let counted = world.routing.stats().since(&before);
    assert_eq!((counted.writes_applied, counted.unrecorded_marks), (1, 1));
    assert_eq!((counted.writes_unrecorded, counted.writes_refused), (1, 0));
    while is_certified(&world).await {
        sleep(Duration::from_millis(5)).await;
    }
    world.routing.move_to(Stage::Shadow, asked()).await.unwrap().drained().await;
    let refused = world.routing.move_to(Stage::Canary, asked()).await.unwrap_err();
    assert!(matches!(refused, SwapError::NoCertificate { to: Stage::Canary }), "{refused}");

    world.target.script().clear();
    make_good(&mut world).await;
    world.routing.move_to(Stage::Canary, asked()).await.unwrap().drained().await;
    assert_eq!(answers(&world, 1).await, (Store::Target, 2));
    world.routing.close().await.unwrap();
}

/// How many marks stand when the journal has been told of everything: what is dirty in memory has its row.
async fn told(world: &World) -> u64 {
    loop {
        sleep(Duration::from_millis(50)).await;
        let rows = world.routing.status().await.unwrap().marks.total();
        if rows == world.journal.marks() {
            return rows;
        }
    }
}

#[tokio::test]
async fn unrecorded_writes_do_not_pile_up_in_a_full_journal() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path(), CONTINUES).await;
    world.walk_to(Stage::DualWrite).await;
    until_full(&world).await;
    let marks = told(&world).await;
    for version in 0..200 {
        world.put(1, 1, version).await;
    }
    assert_eq!(told(&world).await, marks, "one mark on everything stands for all of them");
    world.routing.close().await.unwrap();
}

#[tokio::test]
async fn an_unclean_end_voids_the_certificate_and_marks_everything() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [before, after] = [folders[0].path(), folders[1].path()];
    let killed = world(before, CONTINUES).await;
    killed.walk_to(Stage::Canary).await;
    killed.put(1, 1, 1).await;
    assert!(is_certified(&killed).await);
    as_after_a_kill(before, after);

    let mut world = with_stores(after, killed.legacy.clone(), killed.target.clone(), CONTINUES).await;
    assert_eq!(world.routing.stage(), Stage::Canary);
    assert!(!is_certified(&world).await, "nobody knows what it could not record");
    assert_eq!(answers(&world, 1).await, (Store::Legacy, 1));
    let refused = world.routing.move_to(Stage::Live, asked()).await.unwrap_err();
    assert!(matches!(refused, SwapError::NoCertificate { to: Stage::Live }), "{refused}");
    make_good(&mut world).await;
    assert_eq!(answers(&world, 1).await, (Store::Target, 1));
    world.routing.close().await.unwrap();
}

#[tokio::test]
async fn an_end_in_order_keeps_the_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let first = world(folder.path(), CONTINUES).await;
    first.walk_to(Stage::Canary).await;
    first.put(1, 1, 1).await;
    first.routing.close().await.unwrap();
    let world = with_stores(folder.path(), first.legacy.clone(), first.target.clone(), CONTINUES).await;
    assert!(is_certified(&world).await);
    assert_eq!(answers(&world, 1).await, (Store::Target, 1));
    world.routing.close().await.unwrap();
}

/// The journal is closed under the world by another handle.
#[tokio::test]
async fn a_closed_journal_refuses_writes_also_where_they_would_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path(), CONTINUES).await;
    world.walk_to(Stage::DualWrite).await;
    world.journal.forget_session();
    let other = crossfade::route::RoutingHandle::open(&world.journal, world.routing.config()).await.unwrap();
    other.close().await.unwrap();
    let refused = super::refusal(world.call(put(1, 1, 1)).await);
    assert!(matches!(refused, JournalError::Closed), "{refused}");
    assert_eq!(world.legacy.calls(Call::RequestWrite), 0);
}
