//! The journal as the rest of the crate uses it, on a file: what survives a restart.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::super::file::Sqlite;
use super::{all_marks, runtime, unsynced, unsynced_within};
use crate::data::{Group, Key, Scope};
use crate::journal::error::JournalError;
use crate::journal::handle::Journal;
use crate::journal::limits::Limits;
use crate::journal::model::{Command, MarkId, MarkState, Reason, Reply};
use crate::journal::writer::Writer;

pub(super) const LATE_BOUND: Duration = Duration::from_secs(30);

pub(super) fn key(group: u64, item: u64) -> Scope {
    Key::new(&group, &item).into()
}

async fn open(path: &Path, limits: Limits) -> Journal {
    Journal::open_with(&format!("sqlite:{}", path.display()), limits).await.unwrap()
}

/// A journal with an open session.
pub(super) async fn begun(path: &Path, limits: Limits) -> Journal {
    let path = path.to_owned();
    let open = move || async move { Ok::<Sqlite, JournalError>(unsynced_within(&path, &limits).await) };
    let writer = Writer::start(open);
    let journal = Journal::durable(writer.await.unwrap(), limits, "test").await.unwrap();
    journal.open_session(LATE_BOUND, false).await.unwrap();
    journal
}

/// Every row and its scope.
pub(super) async fn rows(journal: &Journal) -> Vec<(MarkId, Scope)> {
    // A mark whose caller has gone away is removed by a command that follows it.
    journal.status().await.unwrap();
    match journal.call(Command::ListScopes).await.unwrap() {
        Reply::Scopes(scopes) => scopes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn marks_survive_a_restart_and_are_dirty_before_a_session_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    runtime().block_on(async {
        let journal = begun(&path, Limits::default()).await;
        journal.mark_for_repair(key(1, 1)).await.unwrap();
        journal.mark_for_repair(Group::new(&2).into()).await.unwrap();
        journal.close().await.unwrap();

        let journal = open(&path, Limits::default()).await;
        assert_eq!(journal.marks(), 2);
        assert!(journal.is_dirty(&[key(1, 1)]) && journal.is_dirty(&[key(2, 9)]));
        assert!(!journal.is_dirty(&[key(1, 2)]));
        let opened = journal.open_session(LATE_BOUND, false).await.unwrap();
        assert!(!opened.after_crash);
        assert_eq!(journal.marks(), 2, "nothing is counted twice");
        journal.close().await.unwrap();
    });
}

#[test]
fn marks_made_without_a_session_have_rows_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    runtime().block_on(async {
        for item in 1..4 {
            let journal = open(&path, Limits::default()).await;
            journal.mark_for_repair(key(1, item)).await.unwrap();
            assert_eq!(journal.marks(), item);
            assert_eq!(journal.status().await.unwrap().marks.left, item);
            journal.close().await.unwrap();
        }
    });
}

/// The files as a power cut would leave them.
fn cut_power(path: &Path, copy: &Path) {
    for end in ["", "-wal"] {
        let file = |path: &Path| format!("{}{end}", path.display());
        fs::copy(file(path), file(copy)).unwrap();
    }
}

#[test]
fn marks_of_writes_that_ran_at_an_unclean_end_wait_the_late_bound() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("j.db"), folder.path().join("after.db"));
    runtime().block_on(async {
        let journal = begun(&path, Limits::default()).await;
        let _running = journal.mark(key(1, 1).into(), 1).await.unwrap();
        cut_power(&path, &copy);
        let journal = open(&copy, Limits::default()).await;
        assert!(journal.is_dirty(&[key(1, 1)]));
        let before = journal.now();
        assert!(journal.open_session(LATE_BOUND, false).await.unwrap().after_crash);
        journal.close().await.unwrap();

        let marks = all_marks(&mut unsynced(&copy).await).await;
        let [(_, mark)] = marks.as_slice() else { panic!("{marks:?}") };
        assert_eq!((mark.state, mark.reason), (MarkState::Left, Reason::Crash));
        assert!(mark.not_before >= before + 30_000_000, "{mark:?}");
    });
}

#[test]
fn the_unclean_end_of_a_session_that_continued_unrecorded_makes_everything_dirty() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("j.db"), folder.path().join("after.db"));
    runtime().block_on(async {
        let journal = open(&path, Limits::default()).await;
        journal.open_session(LATE_BOUND, true).await.unwrap();
        cut_power(&path, &copy);
        let journal = open(&copy, Limits::default()).await;
        assert!(!journal.everything_is_dirty());
        assert!(journal.open_session(LATE_BOUND, false).await.unwrap().voided);
        assert!(journal.everything_is_dirty());
        assert_eq!(journal.marks(), journal.status().await.unwrap().marks.total());
    });
}

#[test]
fn a_full_journal_widens_marks_to_groups_and_then_to_everything() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let journal = begun(&folder.path().join("j.db"), Limits::default().marks_max(3)).await;
        let mut marked = Vec::new();
        for item in 0..8 {
            marked.push(journal.mark(key(item, 1).into(), 1).await.unwrap());
        }
        let groups = (3..6).map(|group| Scope::from(Group::new(&group)));
        let expected: Vec<Scope> = (0..3)
            .map(|group| key(group, 1))
            .chain(groups)
            .chain([Scope::Everything, Scope::Everything])
            .collect();
        let stored: Vec<Scope> = rows(&journal).await.into_iter().map(|(_, scope)| scope).collect();
        assert_eq!(stored, expected);
        assert!(journal.is_dirty(&[key(99, 1)]));
        marked.iter().for_each(|mark| journal.unmark(mark));
        assert_eq!((journal.marks(), rows(&journal).await), (0, Vec::new()));
    });
}
