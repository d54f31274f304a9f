//! A queue of the journal that is full.

use std::time::Duration;

use tokio::time::sleep;

use super::{MINUTE, key, mark, write};
use crate::journal::Journal;
use crate::journal::lingering::MarkBy;
use crate::journal::model::Command;
use crate::journal::running::RunningMark;

/// A journal whose writer does nothing until it is let go, its queue full.
async fn full() -> (Journal, std::sync::mpsc::Sender<()>) {
    let (go_on, may_go_on) = std::sync::mpsc::channel();
    let mut held = Some(may_go_on);
    let journal = crate::journal::scripted(move |command: &Command| {
        if matches!(command, Command::Unmark { rows: 0, .. })
            && let Some(may_go_on) = held.take()
        {
            // The writer's thread: nothing else waits on it.
            may_go_on.recv().unwrap();
        }
        crate::journal::Fate::Done
    })
    .await;
    journal.open_session(Duration::ZERO, false).await.unwrap();
    (journal, go_on)
}

fn fill_the_queue(journal: &Journal) {
    use crate::journal::{BATCH_COMMANDS_MAX, QUEUE_COMMANDS_MAX};

    let nothing = RunningMark::nothing();
    (0..QUEUE_COMMANDS_MAX + 2 * BATCH_COMMANDS_MAX).for_each(|_| journal.unmark(&nothing));
}

#[tokio::test]
async fn a_row_that_finds_the_queue_full_goes_later_and_is_not_taken_over() {
    let (journal, go_on) = full().await;
    write(&journal, key(1, 1), MINUTE).await;
    fill_the_queue(&journal);
    journal.flush_standing();
    assert_eq!(journal.0.standing.rows(), 1, "it is still to go");
    assert!(journal.0.standing.take(&key(1, 1).into(), 1, journal.now()).is_none());
    go_on.send(()).unwrap();
    while journal.0.standing.rows() > 0 {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(journal.status().await.unwrap().marks.total(), 0);
}

#[tokio::test]
async fn a_group_whose_row_could_not_be_taken_out_is_dirty_until_it_is() {
    let (journal, go_on) = full().await;
    let mark = mark(&journal, key(1, 1), MarkBy::Group).await;
    fill_the_queue(&journal);
    journal.unmark(&mark);
    assert!(journal.is_dirty(&[key(1, 2)]), "its row stands");
    assert_eq!(journal.marks(), 1);
    go_on.send(()).unwrap();
    while journal.marks() > 0 {
        journal.send_unsent();
        sleep(Duration::from_millis(1)).await;
    }
    assert!(!journal.is_dirty(&[key(1, 1)]));
    assert_eq!(journal.status().await.unwrap().marks.total(), 0);
}
