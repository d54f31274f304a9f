//! The journal as the rest of the crate uses it, on a file: what survives, and what is dirty in memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use tokio_test::task;

use super::super::file::Sqlite;
use super::{all_marks, runtime, unsynced};
use crate::data::{Group, Key, Scope, Scopes};
use crate::journal::error::JournalError;
use crate::journal::handle::{Claim, ClaimRequest, Journal, RunningMark};
use crate::journal::limits::Limits;
use crate::journal::model::{Command, MarkId, MarkState, Reason, Reply};
use crate::journal::writer::Writer;

const LATE_BOUND: Duration = Duration::from_secs(30);

fn key(group: u64, item: u64) -> Scope {
    Key::new(&group, &item).into()
}

async fn open(path: &Path, limits: Limits) -> Journal {
    Journal::open_with(&format!("sqlite:{}", path.display()), limits).await.unwrap()
}

async fn begun(path: &Path, limits: Limits) -> Journal {
    let path = path.to_owned();
    let writer = Writer::start(move || async move { Ok::<Sqlite, JournalError>(unsynced(&path).await) });
    let journal = Journal::durable(writer.await.unwrap(), limits).await.unwrap();
    journal.open_session(LATE_BOUND, false).await.unwrap();
    journal
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

async fn rows(journal: &Journal) -> Vec<(MarkId, Scope)> {
    // A mark whose caller has gone away is removed by a command that follows it.
    journal.status().await.unwrap();
    match journal.call(Command::ListScopes).await.unwrap() {
        Reply::Scopes(scopes) => scopes,
        other => panic!("{other:?}"),
    }
}

/// What a user of the journal does; the numbers choose scopes, and which of the marks that stand.
#[derive(Clone, Copy, Debug)]
enum Act {
    Mark(u8, u8),
    MarkAndGoAway(u8),
    Unmark(u8),
    Leave(u8, u8),
    MarkLeft(u8),
    MarkLeftAndGoAway(u8),
    MarkLeftSoon(u8, u8),
    Claim(bool),
    End(u8, u8),
    RetryDead,
    Compare,
}

fn act() -> impl Strategy<Value = Act> {
    let n = any::<u8>;
    prop_oneof![
        4 => (n(), n()).prop_map(|(a, b)| Act::Mark(a, b)),
        1 => n().prop_map(Act::MarkAndGoAway),
        3 => n().prop_map(Act::Unmark),
        3 => (n(), n()).prop_map(|(a, b)| Act::Leave(a, b)),
        1 => n().prop_map(Act::MarkLeft),
        1 => n().prop_map(Act::MarkLeftAndGoAway),
        1 => (n(), n()).prop_map(|(a, b)| Act::MarkLeftSoon(a, b)),
        2 => any::<bool>().prop_map(Act::Claim),
        4 => (n(), n()).prop_map(|(a, b)| Act::End(a, b)),
        1 => Just(Act::RetryDead),
        1 => Just(Act::Compare),
    ]
}

fn scope(number: u8) -> Scope {
    match number % 9 {
        0 => Scope::Everything,
        n @ 1..=2 => Group::new(&u64::from(n)).into(),
        n => key(u64::from(n % 3), u64::from(n / 6)),
    }
}

fn every_scope() -> Vec<Scope> {
    (0..9).map(scope).chain([key(7, 7)]).collect()
}

/// A user of the journal: its running marks, and its claims by scope.
struct User {
    journal: Journal,
    running: Vec<RunningMark>,
    claimed: Vec<(u64, Scope, Vec<MarkId>)>,
}

impl User {
    async fn act(&mut self, act: Act) -> Result<(), TestCaseError> {
        let journal = &self.journal;
        match act {
            Act::Mark(a, b) => {
                let scopes: Scopes = [scope(a), scope(b)].into_iter().collect();
                self.running.push(journal.mark(scopes, 2).await.unwrap());
            }
            Act::MarkAndGoAway(a) => drop(task::spawn(journal.mark(scope(a).into(), 2)).poll()),
            Act::Unmark(which) => {
                if let Some(mark) = picked(&mut self.running, which) {
                    journal.unmark(&mark);
                }
            }
            Act::Leave(which, narrowed) => {
                if let Some(mark) = picked(&mut self.running, which) {
                    let touched = (narrowed % 3 == 0).then(|| Scopes::from(scope(narrowed / 3)));
                    journal.leave(&mark, touched.as_ref(), 0, Reason::CopyFailed);
                }
            }
            Act::MarkLeft(a) => journal.mark_left(scope(a), 0, Reason::Asked).await.unwrap(),
            Act::MarkLeftAndGoAway(a) => {
                drop(task::spawn(journal.mark_left(scope(a), 0, Reason::Asked)).poll());
            }
            Act::MarkLeftSoon(a, b) => {
                journal.mark_left_soon([scope(a), scope(b)].into_iter().collect(), Reason::Read, || ());
            }
            Act::Claim(everything) => self.claim(everything).await,
            Act::End(which, how) => self.end(which, how),
            Act::RetryDead => journal.retry_dead_letters().await.unwrap(),
            Act::Compare => self.compare().await?,
        }
        Ok(())
    }

    async fn claim(&mut self, everything: bool) {
        let (lease, late_bound) = (Duration::from_secs(9), Duration::ZERO);
        let request = ClaimRequest { epoch: 2, lease, late_bound, limit: 3, everything };
        let Claim { claim, marks } = self.journal.claim(request).await.unwrap();
        let mut by_scope: BTreeMap<Scope, Vec<MarkId>> = BTreeMap::new();
        for mark in marks {
            by_scope.entry(mark.scope).or_default().push(mark.id);
        }
        self.claimed.extend(by_scope.into_iter().map(|(scope, ids)| (claim, scope, ids)));
    }

    fn end(&mut self, which: u8, how: u8) {
        let Some((claim, scope, ids)) = picked(&mut self.claimed, which) else { return };
        match how % 4 {
            0 => self.journal.bury(claim, &scope, ids),
            1 => self.journal.give_back(claim, &scope, ids, 0, how % 8 == 1),
            _ => self.journal.clear(claim, &scope, ids),
        }
    }

    async fn compare(&self) -> Result<(), TestCaseError> {
        let rows = rows(&self.journal).await;
        prop_assert_eq!(self.journal.marks(), rows.len() as u64);
        for scope in every_scope() {
            let dirty = rows.iter().any(|(_, marked)| meet(marked, &scope));
            prop_assert_eq!(self.journal.is_dirty(std::slice::from_ref(&scope)), dirty, "{:?}", scope);
        }
        Ok(())
    }
}

fn picked<T>(all: &mut Vec<T>, which: u8) -> Option<T> {
    let at = usize::from(which).checked_rem(all.len())?;
    Some(all.swap_remove(at))
}

/// Whether a mark on one makes a read of the other dirty.
fn meet(marked: &Scope, read: &Scope) -> bool {
    match (marked, read) {
        (Scope::Everything, _) | (_, Scope::Everything) => true,
        (Scope::Key(marked), Scope::Key(read)) => marked == read,
        _ => marked.group() == read.group(),
    }
}

async fn a_stage_that_copies(journal: &Journal) {
    let request = crate::protocol::CommitRequest {
        to: crate::route::Stage::DualWrite,
        needs_no_marks: false,
        marks_everything: false,
    };
    let audit = crate::journal::model::AuditEntry {
        at: 0,
        who: String::new(),
        what: String::new(),
        why: String::new(),
    };
    let session = journal.session();
    journal.done(Command::Commit { from: 1, request, everything: 0, session, audit }).await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_dirty_in_memory_is_what_has_a_row(
        acts in prop::collection::vec(act(), 1..120),
        in_memory in prop::bool::weighted(0.2),
    ) {
        let folder = tempfile::tempdir().unwrap();
        runtime().block_on(async {
            let limits = Limits::default().marks_max(8);
            let journal = if in_memory {
                let journal = Journal::open_with("memory:", limits).await.unwrap();
                journal.open_session(LATE_BOUND, false).await.unwrap();
                journal
            } else {
                begun(&folder.path().join("j.db"), limits).await
            };
            a_stage_that_copies(&journal).await;
            let mut user = User { journal, running: Vec::new(), claimed: Vec::new() };
            for act in acts {
                user.act(act).await?;
            }
            user.compare().await
        })?;
    }
}
