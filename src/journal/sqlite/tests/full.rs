//! A file at its limit: new marks are refused by name, repairs go on, and what they make room for is taken again.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::journal::{begun, rows};
use super::runtime;
use crate::data::{Key, Scope, Scopes};
use crate::journal::claiming::{Claim, ClaimRequest};
use crate::journal::error::JournalError;
use crate::journal::handle::Journal;
use crate::journal::limits::Limits;
use crate::journal::model::{AuditEntry, Command, Reason};
use crate::journal::running::RunningMark;
use crate::protocol::CommitRequest;
use crate::route::Stage;

const LIMIT_BYTES: u64 = 2 * 1_024 * 1_024;

async fn limited(path: &Path) -> Journal {
    let journal = begun(path, Limits::default().file_bytes_max(LIMIT_BYTES)).await;
    a_stage_that_copies(&journal).await;
    journal
}

pub(super) async fn a_stage_that_copies(journal: &Journal) {
    let request = CommitRequest { to: Stage::DualWrite, needs_no_marks: false, marks_everything: false };
    let audit = AuditEntry { at: 0, who: String::new(), what: String::new(), why: String::new() };
    let session = journal.session();
    journal.done(Command::Commit { from: 1, request, everything: 0, session, audit }).await.unwrap();
}

/// Some keys with long names, so that few rows fill a page. Their order is not that of their rows.
pub(super) fn keys(write: u64) -> Scopes {
    let group = "a group with a long name ".repeat(12);
    (0..40)
        .map(|item| Scope::from(Key::new(&group, &(write * 40 + item).wrapping_mul(0x9e37_79b9))))
        .collect()
}

/// Marks writes until one is refused; gives those that run.
pub(super) async fn fill_up(journal: &Journal) -> Vec<RunningMark> {
    let mut running = Vec::new();
    while running.len() < 2_000 {
        match journal.mark(keys(running.len() as u64), 2).await {
            Ok(mark) => running.push(mark),
            Err(JournalError::Full { .. }) => return running,
            Err(other) => panic!("{other}"),
        }
    }
    panic!("no mark was refused");
}

async fn claim(journal: &Journal) -> Claim {
    let (lease, late_bound) = (Duration::from_secs(9), Duration::ZERO);
    let request = ClaimRequest { epoch: 2, lease, late_bound, limit: 256, everything: false };
    journal.claim(request).await.unwrap()
}

/// Claims and clears until no mark is left, as repairs do.
pub(super) async fn repair_all(journal: &Journal) {
    let repaired = async {
        while journal.marks() > 0 {
            let Claim { claim, marks } = claim(journal).await;
            if marks.is_empty() {
                sleep(Duration::from_millis(5)).await;
            }
            marks.iter().for_each(|mark| journal.clear(claim, &mark.scope, vec![mark.id]));
        }
    };
    let all = timeout(Duration::from_secs(60), repaired).await;
    assert!(all.is_ok(), "{} marks stay", journal.marks());
}

pub(super) fn leave_all(journal: &Journal, running: &[RunningMark]) {
    running.iter().for_each(|mark| journal.leave(mark, None, 0, Reason::CopyFailed));
}

#[test]
fn a_file_at_its_limit_refuses_marks_by_name_and_takes_them_again_after_repairs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    runtime().block_on(async {
        let journal = limited(&path).await;
        let running = fill_up(&journal).await;
        let marked = running.len() as u64 * 40;
        assert!(marked > 1_000, "{marked}");
        assert_eq!(journal.marks(), marked, "a refused mark leaves nothing dirty");
        assert!(!journal.is_dirty(keys(running.len() as u64).as_slice()));
        let refused = journal.mark_for_repair(keys(9_999).as_slice()[0].clone()).await;
        assert!(matches!(refused, Err(JournalError::Full { .. })), "{refused:?}");

        // All of them need more room than there is, so some wait for the repair of others.
        leave_all(&journal, &running);
        let marks = journal.status().await.unwrap().marks;
        assert!(marks.left > 0 && marks.running > 0, "{marks:?}");
        repair_all(&journal).await;
        assert!(rows(&journal).await.is_empty());
        assert_eq!(fill_up(&journal).await.len(), running.len(), "all the room is there again");
        assert!(fs::metadata(&path).unwrap().len() <= LIMIT_BYTES);
    });
}

#[test]
fn a_file_at_its_limit_takes_the_writes_that_came_before_out_of_it() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let journal = limited(&folder.path().join("j.db")).await;
        let running = fill_up(&journal).await;
        running.iter().for_each(|mark| journal.unmark(mark));
        assert!(rows(&journal).await.is_empty());
        journal.mark(keys(1), 2).await.unwrap();
    });
}

#[test]
fn a_file_at_its_limit_still_commits_stages_voids_the_certificate_and_ends_its_session() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let journal = limited(&folder.path().join("j.db")).await;
        let running = fill_up(&journal).await;
        journal.dirty_everything();
        journal.void(0).await.unwrap();
        let request = CommitRequest { to: Stage::Off, needs_no_marks: false, marks_everything: true };
        let audit = AuditEntry { at: 0, who: String::new(), what: String::new(), why: String::new() };
        let (everything, session) = (journal.next_row(), journal.session());
        journal.done(Command::Commit { from: 2, request, everything, session, audit }).await.unwrap();
        let status = journal.status().await.unwrap();
        assert_eq!((status.stage, status.voids), (Stage::Off, 2));
        assert_eq!(status.marks.total(), running.len() as u64 * 40 + 2);
        journal.close().await.unwrap();
    });
}

#[test]
fn marks_that_a_full_file_could_not_leave_before_it_was_closed_are_repaired_after_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    runtime().block_on(async {
        let journal = limited(&path).await;
        let running = fill_up(&journal).await;
        leave_all(&journal, &running);
        assert!(journal.status().await.unwrap().marks.running > 0);
        journal.close().await.unwrap();

        let (url, limits) =
            (format!("sqlite:{}", path.display()), Limits::default().file_bytes_max(LIMIT_BYTES));
        let journal = Journal::open_with(&url, limits).await.unwrap();
        assert!(!journal.open_session(Duration::ZERO, false).await.unwrap().after_crash);
        assert_eq!(journal.marks(), running.len() as u64 * 40);
        let refused = journal.mark(keys(9_999), 2).await;
        assert!(matches!(refused, Err(JournalError::Full { .. })), "{refused:?}");
        repair_all(&journal).await;
        journal.mark(keys(1), 2).await.unwrap();
        journal.close().await.unwrap();
    });
}
