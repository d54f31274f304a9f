//! When a row goes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::sleep;

use super::{MINUTE, SECOND, key, mark, opened, rows, write};
use crate::journal::Journal;
use crate::journal::lingering::MarkBy;

#[tokio::test(start_paused = true)]
async fn a_row_goes_when_its_time_has_passed_also_when_nobody_writes_any_more() {
    let journal = opened().await;
    write(&journal, key(1, 1), SECOND).await;
    sleep(SECOND / 2).await;
    write(&journal, key(1, 2), SECOND).await;
    sleep(SECOND / 2 - Duration::from_millis(1)).await;
    assert_eq!(rows(&journal).await.len(), 2);
    sleep(Duration::from_millis(2)).await;
    assert_eq!(rows(&journal).await, [key(1, 2)]);
    sleep(SECOND / 2).await;
    assert_eq!((rows(&journal).await, journal.0.standing.rows()), (vec![], 0));
    // And those of later traffic, too.
    write(&journal, key(1, 3), SECOND).await;
    assert_eq!(rows(&journal).await.len(), 1);
    sleep(SECOND * 2).await;
    assert_eq!(rows(&journal).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_taken_over_again_and_again_goes_in_its_time() {
    let journal = opened().await;
    assert!(!write(&journal, key(1, 1), SECOND).await);
    for _ in 0..9 {
        sleep(SECOND / 10).await;
        assert!(write(&journal, key(1, 1), SECOND).await);
    }
    let mark = mark(&journal, key(1, 1), MarkBy::Key).await;
    assert!(mark.is_shared());
    sleep(SECOND).await;
    assert_eq!(rows(&journal).await.len(), 1, "its write runs");
    assert!(journal.unmark_later(&mark, SECOND));
    assert_eq!((rows(&journal).await, journal.0.standing.rows()), (vec![], 0), "its time was over");
    assert!(!write(&journal, key(1, 1), SECOND).await);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_due_and_was_not_taken_out_yet_is_not_taken_over() {
    let journal = opened().await;
    write(&journal, key(1, 1), Duration::from_millis(10)).await;
    sleep(Duration::from_millis(10)).await;
    assert_eq!(journal.0.standing.rows(), 1);
    assert!(!write(&journal, key(1, 1), SECOND).await);
}

#[tokio::test(start_paused = true)]
async fn the_row_that_goes_last_is_taken_over_first() {
    let journal = opened().await;
    let long = mark(&journal, key(1, 1), MarkBy::Key).await;
    let short = mark(&journal, key(1, 1), MarkBy::Key).await;
    assert!(journal.unmark_later(&long, MINUTE));
    sleep(SECOND / 10).await;
    assert!(journal.unmark_later(&short, SECOND));
    let taken = mark(&journal, key(1, 1), MarkBy::Key).await;
    assert_eq!(taken.first, long.first);
    assert!(journal.unmark_later(&taken, MINUTE));
    sleep(SECOND * 2).await;
    assert_eq!(rows(&journal).await.len(), 1, "the other one has gone, although it came later");
    assert_eq!(mark(&journal, key(1, 1), MarkBy::Key).await.first, long.first);
}

#[tokio::test]
async fn without_a_time_or_a_runtime_a_row_goes_at_once() {
    let journal = opened().await;
    write(&journal, key(1, 1), Duration::ZERO).await;
    assert_eq!(rows(&journal).await, []);
    let mark = mark(&journal, key(1, 1), MarkBy::Key).await;
    let elsewhere = journal.clone();
    assert!(std::thread::spawn(move || elsewhere.unmark_later(&mark, MINUTE)).join().unwrap());
    assert_eq!((rows(&journal).await, journal.marks()), (vec![], 0));
}

#[test]
fn a_runtime_that_ends_takes_out_what_stands() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let journal = Journal::memory();
    for _ in 0..2 {
        let ends = runtime();
        ends.block_on(async {
            journal.open_session(Duration::ZERO, false).await.unwrap();
            write(&journal, key(1, 1), MINUTE).await;
            assert_eq!(rows(&journal).await.len(), 1);
        });
        drop(ends);
        assert_eq!(runtime().block_on(rows(&journal)), []);
        journal.0.session_open.store(false, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_flush_takes_out_what_stands_and_nothing_else() {
    let journal = opened().await;
    for item in [1, 2, 3] {
        write(&journal, key(1, item), MINUTE).await;
    }
    let running = mark(&journal, key(1, 4), MarkBy::Key).await;
    write(&journal, key(1, 5), MINUTE).await;
    journal.flush_standing();
    assert_eq!(rows(&journal).await, [key(1, 4)], "what runs between them stays");
    journal.unmark(&running);
    assert_eq!((rows(&journal).await, journal.marks()), (vec![], 0));
}
