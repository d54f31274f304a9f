//! Marks made inside of transactions: with their write or not at all, and in the right tables or none.

use std::time::Duration;

use sqlx::Transaction;

use super::proxy::{Cut, Proxy};
use super::{Place, begun, key, on_each_server, runtime, scopes};
use crate::journal::error::JournalError;
use crate::journal::handle::Journal;
use crate::journal::inside::TransactionMark;
use crate::journal::model::{Command, Reason, Refusal};
use crate::journal::running::RunningMark;

on_each_server! {
    a_transaction_that_is_rolled_back_leaves_neither_mark_nor_write,
    after_a_kill_of_the_server_there_is_no_mark_without_its_write,
    a_commit_whose_answer_is_lost_leaves_both_and_one_that_never_arrived_neither,
    what_is_marked_inside_is_taken_out_or_left_as_any_mark,
    a_mark_that_nobody_took_out_is_adopted_after_the_late_bound,
    many_keys_are_marked_at_once_and_again_after_a_rollback,
    a_transaction_in_another_database_is_refused_and_told_what_to_check,
    journals_of_one_database_do_not_know_each_others_transactions,
}

/// What one write is to mark, with its mark in memory.
pub(super) async fn offered(journal: &Journal, item: u64) -> (RunningMark, TransactionMark) {
    let (running, inside) = journal.offer_inside(key(item).into(), 1);
    (running, inside.offered_to(async { TransactionMark::offered() }).await)
}

/// A table of the service beside the journal's.
pub(super) async fn with_table<P: Place>(place: &P) {
    place.ask("CREATE TABLE written (item BIGINT PRIMARY KEY)").await;
}

/// Writes one row and marks it, and leaves the transaction open.
pub(super) async fn written<P: Place>(
    url: &str,
    journal: &Journal,
    item: u64,
) -> (RunningMark, Transaction<'static, P::Db>) {
    let (running, mark) = offered(journal, item).await;
    let mut transaction = P::begin(url).await;
    P::run(&mut transaction, &format!("INSERT INTO written VALUES ({item})")).await.unwrap();
    let _marked = journal.made_in(&mut transaction, &mark).await.unwrap();
    (running, transaction)
}

/// The rows of the service, and the marks beside them.
async fn both<P: Place>(place: &P) -> (Vec<i64>, Vec<i64>) {
    let marked = "SELECT id % 1000000 FROM crossfade_mark_inside ORDER BY id";
    (place.ask("SELECT item FROM written ORDER BY item").await, place.ask(marked).await)
}

fn a_transaction_that_is_rolled_back_leaves_neither_mark_nor_write<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        with_table(&place).await;
        let (running, transaction) = written::<P>(&place.url(), &journal, 1).await;
        assert!(journal.is_dirty(&[key(1)]), "before it is committed");
        transaction.rollback().await.unwrap();
        journal.unmark(&running);
        assert_eq!(both(&place).await, (vec![], vec![]));
        assert_eq!((journal.marks(), journal.status().await.unwrap().marks.total()), (0, 0));
    });
}

fn after_a_kill_of_the_server_there_is_no_mark_without_its_write<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        with_table(&place).await;
        let (_running, committed) = written::<P>(&place.url(), &journal, 1).await;
        committed.commit().await.unwrap();
        let (_running, open) = written::<P>(&place.url(), &journal, 2).await;
        tokio::task::block_in_place(|| place.control().kill()).unwrap();
        tokio::task::block_in_place(|| place.control().restart()).unwrap();
        drop(open);
        assert_eq!(both(&place).await, (vec![1], vec![first_row(&journal)]));
    });
}

fn a_commit_whose_answer_is_lost_leaves_both_and_one_that_never_arrived_neither<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let proxy = Proxy::before(place.control().address()).await;
        let journal = begun(&place.url()).await;
        with_table(&place).await;
        for (item, cut) in [(1, Cut::Answer), (2, Cut::Commit)] {
            let (_running, transaction) = written::<P>(&P::url_at(proxy.address), &journal, item).await;
            proxy.cut(cut);
            assert!(transaction.commit().await.is_err());
        }
        assert_eq!(proxy.cuts(), 2);
        // A commit that did reach the server may be made a moment after its connection is gone.
        while both(&place).await.0.is_empty() {}
        assert_eq!(both(&place).await, (vec![1], vec![first_row(&journal)]));
    });
}

/// The row that the first mark of the session has, as `both` shows it.
fn first_row(journal: &Journal) -> i64 {
    (((journal.session() << 40) + 1) % 1_000_000).cast_signed()
}

fn what_is_marked_inside_is_taken_out_or_left_as_any_mark<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        with_table(&place).await;
        let mut running = Vec::new();
        for item in 1..=3 {
            let (mut mark, transaction) = written::<P>(&place.url(), &journal, item).await;
            transaction.commit().await.unwrap();
            mark.committed();
            running.push(mark);
        }
        assert_eq!(journal.status().await.unwrap().marks.running, 3);
        journal.unmark(&running[0]);
        journal.leave(&running[1], None, 0, Reason::CopyFailed);
        let counts = journal.status().await.unwrap().marks;
        assert_eq!((counts.running, counts.left, journal.marks()), (1, 1, 2));
        assert_eq!(scopes(&journal).await, [key(2)]);
        journal.unmark(&running[2]);
        assert_eq!((journal.status().await.unwrap().marks.total(), journal.marks()), (1, 1));
    });
}

/// Its write was given up as unknown, its mark left, and the transaction committed after that.
fn a_mark_that_nobody_took_out_is_adopted_after_the_late_bound<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        with_table(&place).await;
        let (running, transaction) = written::<P>(&place.url(), &journal, 1).await;
        journal.leave(&running, None, journal.now(), Reason::UnknownWrite);
        assert_eq!(scopes(&journal).await, [key(1)], "nobody waits for the transaction");
        place.ask("DELETE FROM crossfade_mark").await; // its repair has come and gone
        journal.forget(&key(1).into());
        transaction.commit().await.unwrap();
        assert_eq!(journal.marks(), 0);
        journal.adopt_inside(Duration::from_secs(3_600)).await.unwrap();
        assert_eq!(journal.marks(), 0, "its write may run");
        journal.0.place.get().unwrap().looked.store(0, std::sync::atomic::Ordering::Relaxed);
        journal.adopt_inside(Duration::ZERO).await.unwrap();
        assert_eq!((scopes(&journal).await, journal.marks()), (vec![key(1)], 1));
        assert!(both(&place).await.1.is_empty());
    });
}

fn many_keys_are_marked_at_once_and_again_after_a_rollback<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        let (mut running, inside) = journal.offer_inside((0..200).map(key).collect(), 1);
        let mark = inside.offered_to(async { TransactionMark::offered() }).await;
        let mut transaction = P::begin(&place.url()).await;
        let _marked = journal.made_in(&mut transaction, &mark).await.unwrap();
        transaction.rollback().await.unwrap();
        let mut transaction = P::begin(&place.url()).await;
        let _marked = journal.made_in(&mut transaction, &mark).await.unwrap();
        let _again = journal.made_in(&mut transaction, &mark).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(journal.status().await.unwrap().marks.running, 200);
        running.committed();
        journal.unmark(&running);
        assert_eq!((journal.status().await.unwrap().marks.total(), journal.marks()), (0, 0));
    });
}

async fn refused<P: Place>(journal: &Journal, mark: &TransactionMark, url: &str) -> JournalError {
    let mut transaction = P::begin(url).await;
    journal.made_in(&mut transaction, mark).await.unwrap_err()
}

fn a_transaction_in_another_database_is_refused_and_told_what_to_check<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        let (_running, mark) = offered(&journal, 1).await;
        place.ask("CREATE DATABASE elsewhere").await;
        let (server, _) = place.url().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let error = refused::<P>(&journal, &mark, &format!("{server}/elsewhere")).await;
        assert!(matches!(error, JournalError::NotInTransaction { .. }), "{error}");
        assert!(error.to_string().contains("check that the journal's URL names the database"), "{error}");
        // Tables of the same names, with a session of the same number.
        begun(&format!("{server}/elsewhere")).await.close().await.unwrap();
        let other = begun(&format!("{server}/elsewhere")).await;
        let error = refused::<P>(&journal, &mark, &format!("{server}/elsewhere")).await;
        assert!(error.to_string().contains("another journal"), "{error}");
        assert_eq!(other.status().await.unwrap().marks.total(), 0);
    });
}

fn journals_of_one_database_do_not_know_each_others_transactions<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        let other = begun(&format!("{}?migration=invoices", place.url())).await;
        with_table(&place).await;
        let (_running, transaction) = written::<P>(&place.url(), &journal, 1).await;
        transaction.commit().await.unwrap();
        assert_eq!(journal.status().await.unwrap().marks.running, 1);
        assert_eq!(other.status().await.unwrap().marks.total(), 0);
        let (_running, mark) = offered(&other, 1).await;
        let error = refused::<P>(&journal, &mark, &place.url()).await;
        assert!(error.to_string().contains("invoices"), "{error}");
        let reply = other.call(Command::Close { session: other.session() }).await.unwrap();
        assert!(!matches!(reply, crate::journal::model::Reply::Refused(Refusal::MarksLeft(_))));
        let error = refused::<P>(&other, &mark, &place.url()).await;
        assert!(matches!(error, JournalError::NotInTransaction { .. }), "its session was closed: {error}");
    });
}
