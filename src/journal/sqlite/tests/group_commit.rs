//! One writer: what waits together is one commit, and nobody pays for another's failure.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::super::file::Sqlite;
use super::{runtime, unsynced};
use crate::journal::error::JournalError;
use crate::journal::model::{Command, Reply};
use crate::journal::writer::{Backend, QUEUE_COMMANDS_MAX, ReplyTo, Writer};

/// Counts commits; the first waits until the gate opens.
struct Gated {
    file: Sqlite,
    gate: Option<mpsc::Receiver<()>>,
    commits: Arc<AtomicUsize>,
}

impl Backend for Gated {
    async fn execute(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, JournalError> {
        if let Some(gate) = self.gate.take() {
            // The thread has a runtime of its own, nothing else waits on it.
            gate.recv().unwrap();
        }
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.file.execute(batch).await
    }

    async fn close(self) {
        self.file.close();
    }
}

async fn gated(path: &Path) -> (Writer, mpsc::Sender<()>, Arc<AtomicUsize>) {
    let (open, gate) = mpsc::channel();
    let commits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&commits);
    let path = path.to_owned();
    let writer = Writer::start(move || async move {
        Ok(Gated { file: unsynced(&path).await, gate: Some(gate), commits: counted })
    });
    (writer.await.unwrap(), open, commits)
}

fn take(count: u64) -> Command {
    Command::TakeIds { sequence: "invoices".into(), count }
}

#[test]
fn callers_that_wait_together_share_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let (writer, open, commits) = gated(&folder.path().join("j.db")).await;
        let writer = Arc::new(writer);
        let callers: Vec<_> = (0..256)
            .map(|_| {
                let writer = Arc::clone(&writer);
                tokio::spawn(async move { writer.call(take(1)).await.unwrap() })
            })
            .collect();
        tokio::task::yield_now().await;
        open.send(()).unwrap();
        let mut ids = Vec::new();
        for caller in callers {
            match caller.await.unwrap() {
                Reply::Ids(id) => ids.push(id),
                other => panic!("{other:?}"),
            }
        }
        ids.sort_unstable();
        assert_eq!(ids, (1..=256).collect::<Vec<_>>());
        assert!(commits.load(Ordering::SeqCst) <= 4, "{commits:?} commits");
    });
}

#[test]
fn a_command_is_done_after_the_applications_runtime_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, open, _) = runtime().block_on(gated(&folder.path().join("j.db")));
    open.send(()).unwrap();
    let (done, is_done) = mpsc::channel();
    let tell = ReplyTo::Callback(Box::new(move |reply| done.send(reply).unwrap()));
    writer.try_send(take(1), tell).unwrap();
    assert_eq!(is_done.recv().unwrap().unwrap(), Reply::Ids(1));
}

#[test]
fn a_full_queue_refuses_and_says_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let (writer, open, _) = gated(&folder.path().join("j.db")).await;
        let refused = (0..QUEUE_COMMANDS_MAX + 2 * crate::journal::BATCH_COMMANDS_MAX)
            .find_map(|_| writer.try_send(Command::Status, ReplyTo::Callback(Box::new(drop))).err());
        assert!(matches!(refused, Some(JournalError::Busy { limit: QUEUE_COMMANDS_MAX })), "{refused:?}");
        let (told, is_told) = mpsc::channel();
        let tell = ReplyTo::Callback(Box::new(move |reply| told.send(reply).unwrap()));
        assert!(writer.try_send(Command::Status, tell).is_err());
        assert!(
            matches!(is_told.recv().unwrap(), Err(JournalError::Busy { .. })),
            "the callback hears it, too"
        );
        open.send(()).unwrap();
        writer.close().await;
    });
}

#[test]
fn close_does_what_is_queued_and_then_refuses() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let path = folder.path().join("j.db");
        let (writer, open, _) = gated(&path).await;
        for _ in 0..5_000 {
            writer.try_send(take(1), ReplyTo::Callback(Box::new(|reply| drop(reply.unwrap())))).unwrap();
        }
        open.send(()).unwrap();
        writer.close().await;
        assert!(matches!(writer.call(take(1)).await, Err(JournalError::Closed)));
        let mut file = unsynced(&path).await;
        assert_eq!(file.execute(&[&take(0)]).await.unwrap(), [Reply::Ids(5_001)]);
    });
}

#[test]
fn a_command_that_fails_does_not_fail_those_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let (writer, open, commits) = gated(&folder.path().join("j.db")).await;
        let end = Command::RaiseIds { sequence: "ended".into(), above: u64::MAX };
        let beyond = Command::TakeIds { sequence: "ended".into(), count: 1 };
        let calls = async { tokio::join!(writer.call(end), writer.call(beyond), writer.call(take(3))) };
        let opened = async { open.send(()) };
        let ((end, beyond, beside), _) = tokio::join!(calls, opened);
        assert_eq!(end.unwrap(), Reply::Done);
        assert!(beyond.is_err(), "a sequence has an end: {beyond:?}");
        assert_eq!(beside.unwrap(), Reply::Ids(1));
        assert!(commits.load(Ordering::SeqCst) >= 3);
        assert_eq!(writer.call(take(0)).await.unwrap(), Reply::Ids(4), "nothing was done twice");
    });
}
