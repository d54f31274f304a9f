//! Dead letters in a durable journal: listed, retried and cleared by another process than the one that made them.

use std::time::Duration;

use crossfade::data::{Key, Scope};
use crossfade::fill::{Fill, FillError};
use crossfade::journal::MarkState;
use crossfade::reconcile::Reconciler;
use crossfade::route::Stage;
use crossfade::test_util::{Call, Fault};

use super::{REJECTS, as_after_a_kill, with_stores, world};
use crate::support::World;

/// A world in `dual_write` in which repairs of two keys have failed for the last time.
async fn with_dead_letters(folder: &std::path::Path) -> World {
    let mut world = world(folder, REJECTS).await;
    world.walk_to(Stage::Shadow).await;
    world.reconciler = Some(Reconciler::new(world.copier).attempts_max(2).spawn());
    for item in [1, 2] {
        world.target.script().always_on(Call::Replace, (1, item), Fault::Reject);
        world.put(1, item, 1).await;
    }
    while world.journal.dead_letters(9).await.unwrap().len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.target.script().clear();
    world
}

async fn assert_retried_and_cleared(mut world: World) {
    let letters = world.journal.dead_letters(9).await.unwrap();
    let expected = [1, 2].map(|item| Scope::from(Key::new(&1_i64, &item)));
    assert_eq!(letters.iter().map(|letter| letter.scope.clone()).collect::<Vec<_>>(), expected);
    assert!(
        letters.iter().all(|letter| letter.state == MarkState::Dead && letter.attempts == 2),
        "{letters:?}"
    );
    assert_eq!(world.journal.dead_letters(1).await.unwrap(), letters[..1], "the oldest first");
    assert_eq!(world.journal.marks(), 2);
    world.reconcile();
    // A round ends when all that it claimed has been tried, so the second key is repaired in a round behind the first one's.
    for item in [3, 4] {
        world.journal.mark_for_repair(Key::new(&1_i64, &item).into()).await.unwrap();
        while world.journal.marks() > 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    assert_eq!(world.journal.dead_letters(9).await.unwrap(), letters, "none is tried by itself");
    let refused = Fill::new(world.copier).run().await.unwrap_err();
    assert!(matches!(refused, FillError::NotCertified(_)), "{refused}");

    world.journal.retry_dead_letters().await.unwrap();
    world.settle().await;
    assert!(world.journal.dead_letters(9).await.unwrap().is_empty());
    world.assert_converged();
    assert_eq!(world.target.records().len(), 2);
    Fill::new(world.copier).run().await.unwrap();
    world.routing.close().await.unwrap();
}

#[tokio::test]
async fn dead_letters_are_listed_and_retried_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = with_dead_letters(folder.path()).await;
    if let Some(reconciler) = first.reconciler.take() {
        reconciler.stop().await;
    }
    first.routing.close().await.unwrap();
    let again = with_stores(folder.path(), first.legacy.clone(), first.target.clone(), REJECTS).await;
    assert_retried_and_cleared(again).await;
}

#[tokio::test]
async fn dead_letters_are_listed_and_retried_after_a_kill() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let killed = with_dead_letters(folders[0].path()).await;
    as_after_a_kill(folders[0].path(), folders[1].path());
    let again = with_stores(folders[1].path(), killed.legacy.clone(), killed.target.clone(), REJECTS).await;
    assert_retried_and_cleared(again).await;
}
