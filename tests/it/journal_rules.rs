//! What the journal refuses, and what a claim may touch, as far as the search of the protocol does not show it.

use crossfade::data::{Key, Scope};
use crossfade::journal::{
    AuditEntry, Command, FillProgress, JournalState, Mark, MarkId, MarkState, Reason, Refusal, Reply,
};
use crossfade::protocol::CommitRequest;
use crossfade::route::Stage;

fn key() -> Scope {
    Key::new(&1, &1).into()
}

fn opened() -> JournalState {
    let mut journal = JournalState::default();
    journal.apply(&Command::Open { now: 0, late_bound: 10, continues_unrecorded: false });
    journal
}

fn in_dual_write() -> JournalState {
    let mut journal = opened();
    assert_eq!(journal.apply(&commit(1, Stage::DualWrite)), Reply::Committed(2));
    journal
}

fn commit(from: u64, to: Stage) -> Command {
    let request = CommitRequest { to, needs_no_marks: false, marks_everything: to == Stage::Off };
    let audit = AuditEntry { at: 0, who: String::new(), what: String::new(), why: String::new() };
    Command::Commit { from, request, everything: 99, session: 1, audit }
}

fn mark(session: u64, first: MarkId) -> Command {
    Command::Mark { session, epoch: 1, first, scopes: key().into(), now: 0 }
}

fn leave(first: MarkId) -> Command {
    Command::Leave { first, rows: 1, narrowed: None, not_before: 0, reason: Reason::CopyFailed }
}

fn claim(session: u64, claim: u64) -> Command {
    Command::Claim {
        session,
        epoch: 1,
        claim,
        now: 1,
        lease_until: 100,
        late_bound: 10,
        limit: 1,
        everything: false,
    }
}

fn claimed(reply: Reply) -> Vec<MarkId> {
    match reply {
        Reply::Claimed(marks) => marks.into_iter().map(|mark| mark.id).collect(),
        other => panic!("{other:?}"),
    }
}

fn state_of(journal: &JournalState, row: MarkId) -> Option<MarkState> {
    journal.marks().get(&row).map(|mark: &Mark| mark.state)
}

#[test]
fn a_session_that_ended_records_nothing_and_claims_nothing() {
    let mut journal = in_dual_write();
    let ended = Reply::Refused(Refusal::SessionEnded);
    assert_eq!(journal.apply(&mark(2, 1)), ended, "not begun yet");
    journal.apply(&Command::Open { now: 0, late_bound: 10, continues_unrecorded: false });
    assert_eq!(journal.apply(&mark(1, 1)), ended, "another one has begun");
    assert_eq!(journal.apply(&claim(1, 1)), ended);
    journal.apply(&Command::Close { session: 2 });
    assert_eq!(journal.apply(&mark(2, 1)), ended, "it was closed");
    assert!(journal.marks().is_empty());
}

#[test]
fn a_mark_that_was_left_is_not_removed_by_its_write() {
    let mut journal = in_dual_write();
    journal.apply(&mark(1, 1));
    journal.apply(&leave(1));
    assert_eq!(journal.apply(&Command::Unmark { first: 1, rows: 1 }), Reply::Removed(0));
    assert_eq!(state_of(&journal, 1), Some(MarkState::Left));
}

#[test]
fn nothing_is_claimed_in_a_stage_that_copies_nothing() {
    let mut journal = opened();
    journal.apply(&mark(1, 1));
    journal.apply(&leave(1));
    assert!(claimed(journal.apply(&claim(1, 1))).is_empty(), "in off");
    journal.apply(&commit(1, Stage::DualWrite));
    assert_eq!(claimed(journal.apply(&claim(1, 2))), [1]);
}

#[test]
fn a_claim_touches_only_what_it_holds() {
    let mut journal = in_dual_write();
    for row in [1, 2] {
        journal.apply(&mark(1, row));
        journal.apply(&leave(row));
        assert_eq!(claimed(journal.apply(&claim(1, row))), [row]);
    }
    let (theirs, ids) = (1, vec![2]);
    journal.apply(&Command::Clear { claim: theirs, ids: ids.clone() });
    journal.apply(&Command::GiveBack { claim: theirs, ids: ids.clone(), not_before: 0, failed: true });
    journal.apply(&Command::Bury { claim: theirs, ids, not_before: 0 });
    assert_eq!(state_of(&journal, 2), Some(MarkState::Claimed { claim: 2, lease_until: 100 }));
    assert_eq!(journal.apply(&Command::Clear { claim: 1, ids: vec![1, 2] }), Reply::Removed(1));
}

#[test]
fn a_move_that_began_in_an_older_epoch_commits_nothing() {
    let mut journal = in_dual_write();
    assert_eq!(journal.apply(&commit(1, Stage::Shadow)), Reply::Refused(Refusal::EpochMoved));
    assert_eq!(journal.status().stage, Stage::DualWrite);
}

#[test]
fn a_fill_that_began_before_something_went_unrecorded_is_worth_nothing() {
    let mut journal = in_dual_write();
    let progress = FillProgress { voids: journal.status().voids, ..FillProgress::default() };
    journal.apply(&Command::Void { session: 1, everything: 5, not_before: 0, now: 0 });
    let refused = Reply::Refused(Refusal::Unrecorded);
    assert_eq!(journal.apply(&Command::SaveFill { progress: progress.clone() }), refused);
    assert_eq!(journal.apply(&Command::Certify { now: 0, progress }), refused);
    assert_eq!(journal.status().certificate, None);
}

#[test]
fn a_dead_letter_refuses_the_certificate_until_it_is_tried_again() {
    let mut journal = in_dual_write();
    journal.apply(&mark(1, 1));
    journal.apply(&leave(1));
    journal.apply(&claim(1, 1));
    journal.apply(&Command::Bury { claim: 1, ids: vec![1], not_before: 7 });
    let certify = Command::Certify { now: 0, progress: FillProgress::default() };
    assert_eq!(journal.apply(&certify), Reply::Refused(Refusal::DeadLetters(1)));
    journal.apply(&Command::RetryDead { scope: key(), now: 1 });
    assert_eq!(state_of(&journal, 1), Some(MarkState::Left));
    assert_eq!(journal.marks()[&1].not_before, 7, "its last copy may land until then");
    assert_eq!(journal.apply(&certify), Reply::Done);
}
