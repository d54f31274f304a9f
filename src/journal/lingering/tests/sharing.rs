//! Who takes a row over.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{MINUTE, key, mark, opened, raise_epoch, rows, write};
use crate::data::Scopes;
use crate::journal::lingering::{MarkBy, STANDING_ROWS_MAX};
use crate::journal::model::Reason;
use crate::journal::running::RunningMark;

#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
#[tokio::test]
async fn a_write_that_follows_asks_the_journal_for_nothing() {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;

    use tokio_test::task;

    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let journal = crate::journal::scripted(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        crate::journal::Fate::Done
    })
    .await;
    journal.open_session(Duration::ZERO, false).await.unwrap();
    assert!(!write(&journal, key(1, 1), MINUTE).await);
    let before = asked.load(Ordering::SeqCst);
    for _ in 0..10 {
        let mut marking = task::spawn(journal.mark_or_share(key(1, 1).into(), MarkBy::Key, 1));
        let mark = tokio_test::assert_ready!(marking.poll(), "nothing to wait for").unwrap();
        assert!(mark.is_shared() && journal.is_dirty(&[key(1, 1)]));
        assert!(journal.unmark_later(&mark, MINUTE));
        assert!(!journal.is_dirty(&[key(1, 1)]), "it was copied");
    }
    assert_eq!(asked.load(Ordering::SeqCst), before);
    assert_eq!((journal.status().await.unwrap().marks.running, journal.marks()), (1, 0));
}

#[tokio::test]
async fn a_row_of_another_epoch_is_not_taken_over() {
    let journal = opened().await;
    write(&journal, key(1, 1), MINUTE).await;
    raise_epoch(&journal).await;
    let newer = journal.mark_or_share(key(1, 1).into(), MarkBy::Key, 2).await.unwrap();
    assert!(!newer.is_shared());
    assert!(journal.unmark_later(&newer, MINUTE));
    let older = mark(&journal, key(1, 1), MarkBy::Key).await;
    assert!(older.is_shared() && older.first != newer.first);
}

#[tokio::test]
async fn no_two_writes_that_run_share_a_row() {
    let journal = opened().await;
    write(&journal, key(1, 1), MINUTE).await;
    let first = mark(&journal, key(1, 1), MarkBy::Key).await;
    let second = mark(&journal, key(1, 1), MarkBy::Key).await;
    assert!(first.is_shared() && !second.is_shared());
    assert!(journal.unmark_later(&second, MINUTE));
    assert!(journal.is_dirty(&[key(1, 1)]), "the first write runs");
    assert!(journal.unmark_later(&first, MINUTE));
    assert!(!journal.is_dirty(&[key(1, 1)]));
    // As many writes at once find a row each.
    let both = [mark(&journal, key(1, 1), MarkBy::Key).await, mark(&journal, key(1, 1), MarkBy::Key).await];
    assert!(both.iter().all(RunningMark::is_shared) && both[0].first != both[1].first);
}

#[tokio::test]
async fn only_the_same_scopes_share_a_row() {
    let journal = opened().await;
    let both: Scopes = [key(1, 1), key(1, 2)].into_iter().collect();
    let mark = journal.mark_or_share(both.clone(), MarkBy::Key, 1).await.unwrap();
    assert!(journal.unmark_later(&mark, MINUTE));
    assert!(!write(&journal, key(1, 1), MINUTE).await);
    let again = journal.mark_or_share(both, MarkBy::Key, 1).await.unwrap();
    assert!(again.is_shared() && again.first == mark.first);
    assert_eq!(journal.marks(), 2);
    journal.leave(&again, None, 0, Reason::CopyFailed);
    assert_eq!((journal.marks(), journal.status().await.unwrap().marks.left), (2, 2));
}

#[tokio::test]
async fn a_row_that_finds_no_room_goes_with_its_write() {
    let journal = opened().await;
    for item in 0..STANDING_ROWS_MAX as i64 {
        write(&journal, key(1, item), MINUTE).await;
    }
    let one_more = mark(&journal, key(2, 1), MarkBy::Key).await;
    assert!(!journal.unmark_later(&one_more, MINUTE), "whoever counts is told");
    assert_eq!((rows(&journal).await.len(), journal.marks()), (STANDING_ROWS_MAX, 0));
    assert!(write(&journal, key(1, 1), MINUTE).await, "there is room for what was taken over");
}
