//! What becomes of rows that stand when their session ends.

use std::sync::atomic::Ordering;

use super::{MINUTE, SECOND, key, mark, opened, rows, write};
use crate::journal::error::JournalError;
use crate::journal::lingering::MarkBy;
use crate::journal::model::{Command, Refusal};

#[tokio::test]
async fn a_close_takes_out_what_stands_and_lets_nothing_stand_any_more() {
    let journal = opened().await;
    write(&journal, key(1, 1), MINUTE).await;
    let running = mark(&journal, key(1, 2), MarkBy::Key).await;
    journal.close().await.unwrap();
    assert_eq!(rows(&journal).await, [key(1, 2)]);
    assert!(journal.unmark_later(&running, MINUTE));
    assert_eq!((rows(&journal).await, journal.marks()), (vec![], 0));
}

#[tokio::test]
async fn whoever_learns_that_the_session_has_ended_shares_no_mark_any_more() {
    let journal = opened().await;
    write(&journal, key(1, 1), MINUTE).await;
    // Another process.
    journal.call(Command::Open { now: 0, late_bound: 0, continues_unrecorded: false }).await.unwrap();
    for scope in [key(1, 2), key(1, 1)] {
        let refused = journal.mark_or_share(scope.into(), MarkBy::Key, 1).await.unwrap_err();
        assert!(matches!(refused, JournalError::Refused(Refusal::SessionEnded)), "{refused}");
    }
    assert_eq!(journal.marks(), 0);
}

#[tokio::test]
async fn a_crash_while_a_row_stands_makes_its_key_dirty() {
    let journal = opened().await;
    write(&journal, key(1, 1), MINUTE).await;
    assert!(!journal.is_dirty(&[key(1, 1)]));
    journal.0.session_open.store(false, Ordering::SeqCst);
    let opened = journal.open_session(SECOND, false).await.unwrap();
    assert_eq!((opened.after_crash, opened.status.marks.left), (true, 1));
    assert!(journal.is_dirty(&[key(1, 1)]));
    assert_eq!((journal.marks(), journal.0.standing.rows()), (1, 0));
    assert!(!write(&journal, key(1, 1), MINUTE).await, "a row of the ended session is nobody's");
}

#[tokio::test]
async fn a_write_that_ends_under_another_session_leaves_what_that_has_adopted() {
    let journal = opened().await;
    let running = mark(&journal, key(1, 1), MarkBy::Key).await;
    journal.0.session_open.store(false, Ordering::SeqCst);
    journal.open_session(SECOND, false).await.unwrap();
    assert!(journal.unmark_later(&running, MINUTE));
    assert_eq!((journal.0.standing.rows(), journal.status().await.unwrap().marks.left), (0, 1));
}

#[cfg(any(feature = "mysql", feature = "postgres"))]
#[tokio::test]
async fn what_a_transaction_has_marked_inside_itself_does_not_stand() {
    let journal = opened().await;
    let (mut mark, _inside) = journal.offer_inside(key(1, 1).into(), 1);
    mark.committed();
    assert!(journal.unmark_later(&mark, MINUTE));
    assert_eq!((journal.0.standing.rows(), journal.marks()), (0, 0));
}
