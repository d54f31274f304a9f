//! A full disk and a file that another program has locked: named, nothing half done, and over when it is over.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use tokio::time::sleep;

use super::super::file::Sqlite;
use super::{all_marks, pragma, runtime, unsynced};
use crate::data::{Key, Scope, Scopes};
use crate::journal::error::JournalError;
use crate::journal::handle::Journal;
use crate::journal::limits::Limits;
use crate::journal::marking::RunningMark;
use crate::journal::model::{Command, Reason, Reply};
use crate::journal::writer::{Backend, Writer};

/// A file on a disk whose size is set from outside, in pages; 0 is as much as there is.
struct Small {
    file: Sqlite,
    pages: Arc<AtomicI64>,
}

const AS_MUCH_AS_THERE_IS: i64 = 0x3fff_ffff;

impl Backend for Small {
    async fn execute(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, JournalError> {
        let pages = self.pages.load(Ordering::SeqCst);
        pragma(&mut self.file, &format!("max_page_count = {pages}")).await;
        self.file.execute(batch).await
    }

    async fn close(self) {
        self.file.close().await;
    }
}

async fn small(path: &Path) -> (Journal, Arc<AtomicI64>) {
    let pages = Arc::new(AtomicI64::new(AS_MUCH_AS_THERE_IS));
    let (path, shared) = (path.to_owned(), Arc::clone(&pages));
    let writer =
        Writer::start(move || async move { Ok(Small { file: unsynced(&path).await, pages: shared }) });
    let journal = Journal::durable(writer.await.unwrap(), Limits::default()).await.unwrap();
    journal.open_session(Duration::ZERO, false).await.unwrap();
    (journal, pages)
}

fn key(item: i64) -> Scopes {
    Scope::from(Key::new(&"a group with a long name, so that rows are large".to_owned(), &item)).into()
}

/// Fills the disk with marks; gives those that it holds.
async fn fill_up(journal: &Journal) -> Vec<RunningMark> {
    let mut held = Vec::new();
    loop {
        match journal.mark(key(held.len() as i64), 1).await {
            Ok(mark) => held.push(mark),
            Err(JournalError::Full { .. }) => return held,
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_full_disk_refuses_marks_by_name_and_takes_them_again_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let (journal, pages) = small(&folder.path().join("j.db")).await;
        pages.store(40, Ordering::SeqCst);
        let held = fill_up(&journal).await;
        let rows = held.len() as u64;
        assert!(rows > 100, "{rows}");
        assert_eq!(journal.marks(), rows, "a refused mark leaves nothing dirty");
        assert!(matches!(journal.mark(key(-1), 1).await, Err(JournalError::Full { .. })));
        assert!(!journal.is_dirty(key(-1).as_slice()));
        // A left mark needs room in two indexes, so that this fails, too, for a while.
        held.iter().for_each(|mark| journal.leave(mark, None, 0, Reason::CopyFailed));
        assert_eq!(journal.status().await.unwrap().marks.running, rows);

        pages.store(AS_MUCH_AS_THERE_IS, Ordering::SeqCst);
        journal.mark(key(-1), 1).await.unwrap();
        let marks = journal.status().await.unwrap().marks;
        assert_eq!((marks.running, marks.left), (1, rows), "what failed was made up for");
        assert_eq!(journal.marks(), rows + 1);
    });
}

#[test]
fn removals_that_a_locked_file_refused_are_made_when_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    runtime().block_on(async {
        let (journal, _) = small(&path).await;
        let removed = journal.mark(key(1), 1).await.unwrap();
        let left = journal.mark(key(2), 1).await.unwrap();
        let mut other = locked(&path).await;
        let refused = journal.mark(key(3), 1).await.unwrap_err();
        assert!(matches!(refused, JournalError::Locked { .. }), "{refused}");
        journal.unmark(&removed);
        journal.leave(&left, None, 0, Reason::CopyFailed);
        sleep(Duration::from_millis(1_500)).await;
        sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();

        journal.mark(key(3), 1).await.unwrap();
        let marks = journal.status().await.unwrap().marks;
        assert_eq!((marks.running, marks.left), (1, 1));
        assert_eq!(journal.marks(), 2);
    });
}

/// Another program in the middle of a write.
async fn locked(path: &Path) -> SqliteConnection {
    let url = format!("sqlite:{}", path.display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    other
}

/// A disk so full that not even a removal can be written: each needs a page of the log first.
#[test]
fn removals_that_a_full_disk_refused_are_made_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let (journal, broken) = refusing(&folder.path().join("j.db")).await;
        let removed = journal.mark(key(1), 1).await.unwrap();
        let left = journal.mark(key(2), 1).await.unwrap();
        broken.store(1, Ordering::SeqCst);
        journal.unmark(&removed);
        journal.leave(&left, None, 0, Reason::CopyFailed);
        for item in 3..100 {
            assert!(matches!(journal.mark(key(item), 1).await, Err(JournalError::Full { .. })));
        }
        broken.store(0, Ordering::SeqCst);
        // No further call: the writer tries again by itself.
        sleep(Duration::from_millis(500)).await;
        let marks = journal.status().await.unwrap().marks;
        assert_eq!((marks.running, marks.left, marks.total()), (0, 1, 1));
        assert_eq!(journal.marks(), 1);
    });
}

/// Answers as a full disk does while it is told to.
struct Refusing {
    file: Sqlite,
    full: Arc<AtomicI64>,
}

impl Backend for Refusing {
    async fn execute(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, JournalError> {
        if self.full.load(Ordering::SeqCst) > 0 {
            return Err(JournalError::Full { path: self.file.path.clone() });
        }
        self.file.execute(batch).await
    }

    async fn close(self) {
        self.file.close().await;
    }
}

async fn refusing(path: &Path) -> (Journal, Arc<AtomicI64>) {
    let full = Arc::new(AtomicI64::new(0));
    let (path, shared) = (path.to_owned(), Arc::clone(&full));
    let writer =
        Writer::start(move || async move { Ok(Refusing { file: unsynced(&path).await, full: shared }) });
    let journal = Journal::durable(writer.await.unwrap(), Limits::default()).await.unwrap();
    journal.open_session(Duration::ZERO, false).await.unwrap();
    (journal, full)
}

#[test]
fn an_error_in_the_middle_of_a_batch_takes_all_of_it_back() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let mut file = unsynced(&folder.path().join("j.db")).await;
        let mark = Command::MarkLeft {
            session: 1,
            id: 1,
            scope: Scope::Everything,
            not_before: 0,
            reason: Reason::Asked,
            now: 0,
        };
        let end = Command::RaiseIds { sequence: "ended".into(), above: u64::MAX };
        let beyond = Command::TakeIds { sequence: "ended".into(), count: 1 };
        for _ in 0..3 {
            file.execute(&[&mark, &end, &beyond]).await.unwrap_err();
            assert_eq!(all_marks(&mut file).await, []);
        }
        assert_eq!(file.execute(&[&mark]).await.unwrap(), [Reply::Removed(0)]);
        assert_eq!(all_marks(&mut file).await.len(), 1);
    });
}
