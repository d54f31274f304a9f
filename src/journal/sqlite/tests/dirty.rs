//! What is dirty in memory is what has a row - less what stands for writes that follow - whatever is done with the
//! journal and whoever goes away.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use tokio_test::task;

use super::journal::{LATE_BOUND, begun, key, rows};
use super::runtime;
use crate::data::{Group, Scope, Scopes};
use crate::journal::claiming::{Claim, ClaimRequest};
use crate::journal::handle::Journal;
use crate::journal::limits::Limits;
use crate::journal::lingering::MarkBy;
use crate::journal::model::{AuditEntry, Command, MarkId, Reason};
use crate::journal::running::RunningMark;
use crate::protocol::CommitRequest;
use crate::stage::Stage;

/// What a user of the journal does; the numbers choose scopes, and which of the marks that stand.
#[derive(Clone, Copy, Debug)]
enum Act {
    Mark(u8, u8),
    MarkOrShare(u8, u8),
    UnmarkLater(u8, bool),
    Flush,
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
        4 => (n(), n()).prop_map(|(a, b)| Act::MarkOrShare(a, b)),
        6 => (n(), any::<bool>()).prop_map(|(which, soon)| Act::UnmarkLater(which, soon)),
        1 => Just(Act::Flush),
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
            Act::MarkOrShare(a, b) => {
                let by = if b % 2 == 0 { MarkBy::Group } else { MarkBy::Key };
                let second = (b % 8 < 2).then(|| scope(b / 8));
                let scopes: Scopes = [scope(a)].into_iter().chain(second).collect();
                let epoch = 1 + u64::from(b / 8 % 2);
                self.running.push(journal.mark_or_share(scopes, by, epoch).await.unwrap());
            }
            Act::UnmarkLater(which, soon) => {
                if let Some(mark) = picked(&mut self.running, which) {
                    let linger = if soon { Duration::ZERO } else { Duration::from_secs(60) };
                    prop_assert!(journal.unmark_later(&mark, linger));
                }
            }
            Act::Flush => journal.flush_standing(),
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
            0 => self.journal.bury(claim, &scope, ids, 0),
            1 => self.journal.give_back(claim, &scope, ids, 0, how % 8 == 1),
            _ => self.journal.clear(claim, &scope, ids),
        }
    }

    /// What of these rows memory counts: nothing of those that stand, and what a running write has named.
    fn counted(&self, rows: Vec<(MarkId, Scope)>) -> Vec<(MarkId, Scope)> {
        let standing = self.journal.0.standing.ids();
        let named: BTreeMap<MarkId, &Scope> = self
            .running
            .iter()
            .filter_map(|mark| Some((mark.first, mark.named.as_ref()?.iter().next()?)))
            .collect();
        rows.into_iter()
            .filter(|(row, _)| !standing.contains(row))
            .map(|(row, scope)| (row, named.get(&row).map_or(scope, |named| (*named).clone())))
            .collect()
    }

    async fn compare(&self) -> Result<(), TestCaseError> {
        let rows = self.counted(rows(&self.journal).await);
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
    let request = CommitRequest { to: Stage::DualWrite, needs_no_marks: false, marks_everything: false };
    let audit = AuditEntry { at: 0, who: String::new(), what: String::new(), why: String::new() };
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
