//! A commit whose answer is lost: what became of it is found out.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::OUTCOME_WITHIN;
use super::proxy::{Cut, Proxy};
use super::{Place, begun, key, on_each_server, runtime, scopes};
use crate::journal::error::JournalError;
use crate::journal::model::{Command, Reason, Reply};

on_each_server! {
    a_commit_whose_answer_is_lost_is_found_out,
    a_commit_that_never_arrived_is_made_again,
    what_cannot_be_found_out_in_time_is_told_and_taken_back,
    what_cannot_be_found_out_in_time_and_was_not_made_is_not_there,
    who_counts_rows_is_told_only_what_is_so,
    a_server_that_goes_back_behind_its_commits_is_refused,
}

fn cut_once<P: Place>(cut: Cut) {
    let place = P::start();
    runtime().block_on(async {
        let proxy = Proxy::before(place.control().address()).await;
        let journal = begun(&P::url_at(proxy.address)).await;
        proxy.cut(cut);
        let mark = journal.mark(key(1).into(), 1).await.unwrap();
        assert_eq!(proxy.cuts(), 1);
        assert_eq!(scopes(&journal).await, [key(1)]);
        proxy.cut(cut);
        journal.unmark(&mark);
        assert_eq!((scopes(&journal).await, journal.marks()), (Vec::new(), 0));
        proxy.cut(cut);
        let ids = |reply| matches!(reply, Reply::Ids(1));
        let take = Command::TakeIds { sequence: "invoices".into(), count: 10 };
        assert!(ids(journal.call(take).await.unwrap()), "taken once");
        assert_eq!(place.ask("SELECT next FROM crossfade_sequence").await, [11]);
        assert_eq!(proxy.cuts(), 3);
    });
}

fn a_commit_whose_answer_is_lost_is_found_out<P: Place>() {
    cut_once::<P>(Cut::Answer);
}

fn a_commit_that_never_arrived_is_made_again<P: Place>() {
    cut_once::<P>(Cut::Commit);
}

fn cut_for_long<P: Place>(cut: Cut) {
    let place = P::start();
    runtime().block_on(async {
        let proxy = Proxy::before(place.control().address()).await;
        let journal = begun(&P::url_at(proxy.address)).await;
        let _stays = journal.mark(key(1).into(), 1).await.unwrap();
        proxy.cut(cut);
        let started = Instant::now();
        let error = journal.mark(key(2).into(), 1).await.unwrap_err();
        assert!(matches!(error, JournalError::OutcomeUnknown { .. }), "{error}");
        assert!(started.elapsed() < OUTCOME_WITHIN * 2, "{:?}", started.elapsed());
        let error = journal.mark(key(3).into(), 1).await.unwrap_err();
        assert!(matches!(error, JournalError::OutcomeUnknown { .. }), "nothing before it is known: {error}");
        assert!(started.elapsed() < OUTCOME_WITHIN * 2);
        proxy.closed(false);
        scopes(&journal).await;
        sleep(Duration::from_millis(500)).await;
        assert_eq!((scopes(&journal).await, journal.marks()), (vec![key(1)], 1));
    });
}

fn what_cannot_be_found_out_in_time_is_told_and_taken_back<P: Place>() {
    cut_for_long::<P>(Cut::AnswerAndServer);
}

fn what_cannot_be_found_out_in_time_and_was_not_made_is_not_there<P: Place>() {
    cut_for_long::<P>(Cut::CommitAndServer);
}

fn who_counts_rows_is_told_only_what_is_so<P: Place>() {
    for cut in [Cut::AnswerAndServer, Cut::CommitAndServer] {
        let place = P::start();
        runtime().block_on(async {
            let proxy = Proxy::before(place.control().address()).await;
            let journal = begun(&P::url_at(proxy.address)).await;
            proxy.cut(cut);
            let marking = {
                let journal = journal.clone();
                tokio::spawn(async move { journal.mark_left(key(1), 0, Reason::Asked).await })
            };
            sleep(OUTCOME_WITHIN + Duration::from_secs(2)).await;
            assert!(!marking.is_finished() && journal.is_dirty(&[key(1)]));
            proxy.closed(false);
            marking.await.unwrap().unwrap();
            assert_eq!((scopes(&journal).await, journal.marks()), (vec![key(1)], 1));
        });
    }
}

/// As after a restore of an older backup.
fn a_server_that_goes_back_behind_its_commits_is_refused<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        place.ask("UPDATE crossfade_state SET batch = batch - 1").await;
        for _ in 0..2 {
            let error = journal.mark(key(1).into(), 1).await.unwrap_err();
            assert!(matches!(error, JournalError::LostCommits { .. }), "{error}");
        }
    });
}
