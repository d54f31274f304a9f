//! What a mark that stands is good for, and when it goes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::sleep;

use super::{MarkBy, STANDING_ROWS_MAX};
use crate::data::{Group, Key, Scope, Scopes};
use crate::journal::error::JournalError;
use crate::journal::model::{AuditEntry, Command, Refusal};
use crate::journal::running::RunningMark;
use crate::journal::{Journal, Limits, Reason, Reply};
use crate::protocol::CommitRequest;
use crate::stage::Stage;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn key(group: i64, item: i64) -> Scope {
    Key::new(&group, &item).into()
}

fn group(group: i64) -> Scope {
    Group::new(&group).into()
}

async fn opened() -> Journal {
    let journal = Journal::memory();
    journal.open_session(Duration::ZERO, false).await.unwrap();
    journal
}

async fn mark(journal: &Journal, scope: Scope, by: MarkBy) -> RunningMark {
    journal.mark_or_share(scope.into(), by, 1).await.unwrap()
}

/// A write of the key, which leaves its mark standing.
async fn write(journal: &Journal, scope: Scope, linger: Duration) -> bool {
    let mark = mark(journal, scope, MarkBy::Key).await;
    assert!(journal.unmark_later(&mark, linger));
    mark.is_shared()
}

async fn rows(journal: &Journal) -> Vec<Scope> {
    match journal.call(Command::ListScopes).await.unwrap() {
        Reply::Scopes(scopes) => scopes.into_iter().map(|(_, scope)| scope).collect(),
        other => panic!("{other:?}"),
    }
}

/// The next epoch, under the same authority.
async fn raise_epoch(journal: &Journal) {
    let request = CommitRequest { to: Stage::DualWrite, needs_no_marks: false, marks_everything: false };
    let audit = AuditEntry { at: 0, who: String::new(), what: String::new(), why: String::new() };
    let session = journal.session();
    journal.done(Command::Commit { from: 1, request, everything: 0, session, audit }).await.unwrap();
}

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

#[tokio::test]
async fn another_key_of_the_group_shares_a_row_that_names_the_group() {
    let journal = opened().await;
    let first = mark(&journal, key(1, 1), MarkBy::Group).await;
    assert_eq!(rows(&journal).await, [group(1)]);
    assert!(journal.is_dirty(&[key(1, 1)]) && journal.is_dirty(&[group(1)]));
    assert!(!journal.is_dirty(&[key(1, 2)]), "the key alone");
    assert!(journal.unmark_later(&first, MINUTE));

    let second = mark(&journal, key(1, 2), MarkBy::Group).await;
    assert!(second.is_shared());
    assert!(journal.is_dirty(&[key(1, 2)]) && !journal.is_dirty(&[key(1, 1)]));
    assert!(!mark(&journal, key(2, 1), MarkBy::Group).await.is_shared(), "another group");

    journal.0.session_open.store(false, Ordering::SeqCst);
    journal.open_session(SECOND, false).await.unwrap();
    assert_eq!(journal.status().await.unwrap().marks.left, 2);
}

#[tokio::test]
async fn after_a_crash_the_whole_group_is_dirty() {
    let journal = opened().await;
    let mark = mark(&journal, key(1, 1), MarkBy::Group).await;
    assert!(journal.unmark_later(&mark, MINUTE));
    journal.0.session_open.store(false, Ordering::SeqCst);
    journal.open_session(SECOND, false).await.unwrap();
    assert!(journal.is_dirty(&[key(1, 9)]) && !journal.is_dirty(&[key(2, 1)]));
}

#[tokio::test]
async fn a_mark_that_names_the_group_is_left_on_the_key() {
    let touched = Scopes::from(key(1, 1));
    for touched in [None, Some(&touched)] {
        let journal = opened().await;
        let mark = mark(&journal, key(1, 1), MarkBy::Group).await;
        journal.leave(&mark, touched, 0, Reason::UnknownWrite);
        assert_eq!(rows(&journal).await, [key(1, 1)]);
        assert!(journal.is_dirty(&[key(1, 1)]) && !journal.is_dirty(&[key(1, 2)]));
        assert_eq!(journal.marks(), 1);
    }
}

#[tokio::test]
async fn a_write_of_several_keys_is_marked_by_each_of_them() {
    let journal = opened().await;
    let both: Scopes = [key(1, 1), key(1, 2)].into_iter().collect();
    let _mark = journal.mark_or_share(both, MarkBy::Group, 1).await.unwrap();
    assert_eq!(rows(&journal).await, [key(1, 1), key(1, 2)]);
}

/// A text that no row can have, which is why the row names more.
#[tokio::test]
async fn a_mark_is_not_narrowed_to_what_cannot_be_stored() {
    let long: Scope = Key::new(&1, &"a".repeat(100)).into();
    for by in [MarkBy::Key, MarkBy::Group] {
        let limits = Limits { scope_bytes_max: 20, ..Limits::default() };
        let journal = Journal::open_with("memory:", limits).await.unwrap();
        journal.open_session(Duration::ZERO, false).await.unwrap();
        let mark = mark(&journal, long.clone(), by).await;
        journal.leave(&mark, Some(&long.clone().into()), 0, Reason::CopyFailed);
        assert_eq!((rows(&journal).await, journal.marks()), (vec![group(1)], 1));
    }
}

/// A journal whose writer does nothing until it is let go, its queue full.
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
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

#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
fn fill_the_queue(journal: &Journal) {
    use crate::journal::{BATCH_COMMANDS_MAX, QUEUE_COMMANDS_MAX};

    let nothing = RunningMark::nothing();
    (0..QUEUE_COMMANDS_MAX + 2 * BATCH_COMMANDS_MAX).for_each(|_| journal.unmark(&nothing));
}

#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
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

#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
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
