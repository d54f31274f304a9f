//! A file that another program has locked, and one that cannot be written at all: named, nothing half done, and over
//! when it is over.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use tokio::time::sleep;

use super::super::file::Sqlite;
use super::journal::begun;
use super::{all_marks, runtime, unsynced};
use crate::data::{Key, Scope, Scopes};
use crate::journal::error::JournalError;
use crate::journal::handle::Journal;
use crate::journal::limits::Limits;
use crate::journal::model::{Command, Reason, Reply};
use crate::journal::writer::{Backend, Writer};

fn key(item: i64) -> Scopes {
    Scope::from(Key::new(&1, &item)).into()
}

#[test]
fn removals_that_a_locked_file_refused_are_made_when_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    runtime().block_on(async {
        let journal = begun(&path, Limits::default()).await;
        let removed = journal.mark(key(1), 1).await.unwrap();
        let left = journal.mark(key(2), 1).await.unwrap();
        let other = locked(&path);
        let refused = journal.mark(key(3), 1).await.unwrap_err();
        assert!(matches!(refused, JournalError::Locked { .. }), "{refused}");
        journal.unmark(&removed);
        journal.leave(&left, None, 0, Reason::CopyFailed);
        sleep(Duration::from_millis(1_500)).await;
        other.execute_batch("ROLLBACK").unwrap();

        journal.mark(key(3), 1).await.unwrap();
        let marks = journal.status().await.unwrap().marks;
        assert_eq!((marks.running, marks.left), (1, 1));
        assert_eq!(journal.marks(), 2);
    });
}

/// Another program in the middle of a write.
fn locked(path: &Path) -> Connection {
    let other = Connection::open(path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
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
        self.file.close();
    }
}

async fn refusing(path: &Path) -> (Journal, Arc<AtomicI64>) {
    let full = Arc::new(AtomicI64::new(0));
    let (path, shared) = (path.to_owned(), Arc::clone(&full));
    let writer =
        Writer::start(move || async move { Ok(Refusing { file: unsynced(&path).await, full: shared }) });
    let journal = Journal::durable(writer.await.unwrap(), Limits::default(), "test").await.unwrap();
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
