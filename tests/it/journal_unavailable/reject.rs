//! `journal_unavailable = "reject"`, the default.

use crossfade::journal::JournalError;
use crossfade::route::{Stage, Store};
use crossfade::test_util::{Call, Request};

use super::{LIMIT_BYTES, REJECTS, refusal, until_full, world};
use crate::support::{World, put};

/// Which store answered, and what.
async fn read(world: &World, group: i64) -> (Store, Option<u64>) {
    let answer = world.call(Request::Get { group, item: 1 }).await.unwrap();
    (answer.from, answer.record().map(|record| record.version))
}

#[tokio::test]
async fn writes_that_a_full_journal_cannot_record_are_refused_and_repairs_alone_let_them_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(folder.path(), REJECTS).await;
    world.walk_to(Stage::Canary).await;
    world.put(1, 1, 1).await;
    let last = until_full(&world).await;
    let (before, marks) = (world.routing.stats(), world.journal.marks());
    let writes = world.legacy.calls(Call::RequestWrite);

    let refused = refusal(world.call(put(1, 1, 2)).await);
    assert!(matches!(refused, JournalError::Full { .. }), "{refused}");
    let counted = world.routing.stats().since(&before);
    assert_eq!((counted.writes_refused, counted.unrecorded_marks, counted.writes_applied), (1, 1, 0));
    assert_eq!(world.legacy.calls(Call::RequestWrite), writes, "the authority was not called");
    assert_eq!(world.journal.marks(), marks);

    assert_eq!(read(&world, 1).await, (Store::Target, Some(1)), "clean and in the cohort");
    assert_eq!(read(&world, last).await, (Store::Legacy, Some(1)), "dirty");
    assert_eq!(read(&world, last + 1).await.1, None, "what was refused was not made");

    world.target.script().clear();
    world.reconcile();
    while world.call(put(1, 1, 3)).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    world.settle().await;
    world.assert_converged();
    assert_eq!(read(&world, last).await, (Store::Target, Some(1)));
    assert!(std::fs::metadata(folder.path().join("journal.db")).unwrap().len() <= LIMIT_BYTES);
    world.routing.close().await.unwrap();
}
