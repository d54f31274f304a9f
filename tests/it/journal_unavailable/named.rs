//! A locked and a damaged journal, each by its name; and a change of the authority that neither can confirm.

use std::path::Path;
use std::time::Duration;

use crossfade::journal::JournalError;
use crossfade::route::{RoutingHandle, Stage, Store};
use crossfade::test_util::{Call, Request};
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::{CONTINUES, REJECTS, journal, refusal, world};
use crate::support::{asked, put};

/// Another program that has the file open.
async fn other_program(folder: &Path) -> SqliteConnection {
    let url = format!("sqlite:{}", folder.join("journal.db").display());
    SqliteConnection::connect(&url).await.unwrap()
}

async fn run(program: &mut SqliteConnection, sql: &'static str) {
    sqlx::query(sql).execute(program).await.unwrap();
}

#[tokio::test]
async fn a_locked_journal_refuses_writes_by_name_until_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(folder.path(), REJECTS).await;
    world.reconcile();
    world.walk_to(Stage::Canary).await;
    world.put(1, 1, 1).await;
    let mut other = other_program(folder.path()).await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    let refused = refusal(world.call(put(1, 1, 2)).await);
    assert!(matches!(refused, JournalError::Locked { .. }), "{refused}");
    assert_eq!(world.get(1, 1).await, Some(1), "reads go on");
    run(&mut other, "ROLLBACK").await;
    world.put(1, 1, 3).await;
    world.settle().await;
    world.assert_converged();
    world.routing.close().await.unwrap();
}

#[tokio::test]
async fn a_damaged_journal_refuses_writes_and_the_next_start_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path(), REJECTS).await;
    world.walk_to(Stage::Canary).await;
    world.put(1, 1, 1).await;
    let mut other = other_program(folder.path()).await;
    run(&mut other, "UPDATE crossfade_state SET stage = 'sideways'").await;
    let refused = refusal(world.call(put(1, 1, 2)).await);
    assert!(matches!(refused, JournalError::Corrupt { .. }), "{refused}");
    assert_eq!(world.call(Request::Get { group: 1, item: 1 }).await.unwrap().from, Store::Target);
    let unconfirmed = world.routing.close().await.unwrap_err();
    assert!(matches!(unconfirmed, JournalError::Corrupt { .. }), "{unconfirmed}");
    drop(other);
    let refused = journal(folder.path()).await.unwrap_err();
    assert!(matches!(refused, JournalError::Corrupt { .. }), "{refused}");
}

/// Nobody knows then whether the target decides.
#[tokio::test]
async fn a_journal_that_is_closed_under_an_unknown_commit_lets_no_write_reach_either_store() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(folder.path(), CONTINUES).await;
    world.reconcile();
    world.walk_to(Stage::Live).await;
    world.put(1, 1, 1).await;
    world.settle().await;
    world.journal.forget_session();
    let other_handle = RoutingHandle::open(&world.journal, world.routing.config()).await.unwrap();
    let mut other = other_program(folder.path()).await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    let routing = world.routing;
    let moved = tokio::spawn(async move { routing.move_to(Stage::RampDown, asked()).await.map(drop) });
    // The commit has had its time to find the file locked, a second of SQLite's; from then on the mover asks what became
    // of it, which nothing shows.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    other_handle.close().await.unwrap_err();
    moved.await.unwrap().unwrap_err();
    let refused = refusal(world.call(put(1, 1, 2)).await);
    assert!(matches!(refused, JournalError::Closed), "{refused}");
    let writes = [world.legacy.calls(Call::RequestWrite), world.target.calls(Call::RequestWrite)];
    assert_eq!(writes, [1, 0]);
}
