//! Transactions that mark, and what must not run beside them: a change of the authority, another process.

use std::time::Duration;

use tokio::task::{JoinHandle, spawn};
use tokio::time::sleep;

use super::super::address::Address;
use super::super::execute::Server;
use super::inside::{offered, with_table, written};
use super::lock::end_the_holder;
use super::proxy::Proxy;
use super::{Place, begun, key, on_each_server, runtime, scopes};
use crate::journal::error::JournalError;
use crate::journal::handle::Journal;
use crate::journal::inside::{Inside, MarksInside, TransactionMark};
use crate::journal::model::{AuditEntry, Command, Reason, Refusal, Reply};
use crate::journal::running::RunningMark;
use crate::journal::writer::Backend;
use crate::protocol::CommitRequest;
use crate::stage::Stage;

on_each_server! {
    a_change_of_the_authority_waits_for_a_transaction_and_sees_its_mark,
    what_is_committed_while_a_change_waits_is_seen_by_it_whatever_it_read_before,
    a_transaction_that_comes_after_a_change_of_the_authority_cannot_mark,
    a_move_that_leaves_the_authority_where_it_is_waits_for_no_transaction,
    a_new_process_waits_for_transactions_of_the_old_one_and_adopts_their_marks,
    a_process_that_was_replaced_cannot_mark,
    transactions_block_neither_each_other_nor_the_journal,
}

/// A move as it is committed by a forced one: from the first epoch, whatever is legal.
fn commit(from: u64, to: Stage, needs_no_marks: bool) -> Command {
    Command::Commit {
        from,
        request: CommitRequest { to, needs_no_marks, marks_everything: false },
        everything: 7,
        session: 1,
        audit: AuditEntry { at: 0, who: String::new(), what: String::new(), why: String::new() },
    }
}

/// Begins what has to wait for a transaction that is open, and comes back when it waits.
async fn begin_waiting<P: Place>(
    place: &P,
    work: impl Future<Output = Reply> + Send + 'static,
) -> JoinHandle<Reply> {
    let work = spawn(work);
    while place.ask(P::WAITING).await == [0] {
        assert!(!work.is_finished(), "it did not wait");
    }
    assert!(!work.is_finished(), "it did not wait");
    work
}

async fn call(journal: Journal, command: Command) -> Reply {
    journal.call(command).await.unwrap()
}

fn a_change_of_the_authority_waits_for_a_transaction_and_sees_its_mark<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        with_table(&place).await;
        for (item, kept) in [(1, false), (2, true)] {
            let (mut running, transaction) = written::<P>(&place.url(), &journal, item).await;
            let switch = commit(1, Stage::RampDown, true);
            let switch = begin_waiting(&place, call(journal.clone(), switch)).await;
            if kept {
                transaction.commit().await.unwrap();
                assert_eq!(switch.await.unwrap(), Reply::Refused(Refusal::MarksLeft(1)));
                running.committed();
                journal.unmark(&running);
            } else {
                transaction.rollback().await.unwrap();
                assert_eq!(switch.await.unwrap(), Reply::Committed(2));
                let back = commit(2, Stage::Live, true);
                assert_eq!(journal.call(back).await.unwrap(), Reply::Committed(3));
                place.ask("UPDATE crossfade_state SET epoch = 1, authority_epoch = 1").await;
                place.ask("UPDATE crossfade_epoch SET authority_epoch = 1").await;
            }
        }
    });
}

/// In one batch: a view of the tables that is older than the wait would hide the mark.
fn what_is_committed_while_a_change_waits_is_seen_by_it_whatever_it_read_before<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let mut server: Server<P::Engine> =
            Server::open(Address::parse(&place.url()).unwrap()).await.unwrap();
        let open = Command::Open { now: 5, late_bound: 0, continues_unrecorded: false };
        server.execute(&[&open]).await.unwrap();
        let mark = mark_of(1, 5).await;
        let mut transaction = P::begin(&place.url()).await;
        P::Db::mark(&mut transaction, "crossfade_", &mark).await.unwrap();
        let switch = begin_waiting(&place, async move {
            let switch = commit(1, Stage::RampDown, true);
            server.execute(&[&Command::Status, &switch]).await.unwrap().remove(1)
        });
        let switch = switch.await;
        transaction.commit().await.unwrap();
        assert_eq!(switch.await.unwrap(), Reply::Refused(Refusal::MarksLeft(1)));
    });
}

/// A mark of this session, which was opened at this time.
async fn mark_of(session: u64, opened: i64) -> TransactionMark {
    let scopes = key(1).into();
    let inside =
        Inside { journal: Journal::memory(), session, opened, epoch: 1, first: 1, scopes, created: 0 };
    inside.offered_to(async { TransactionMark::offered() }).await
}

fn a_transaction_that_comes_after_a_change_of_the_authority_cannot_mark<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        let (_running, mark) = offered(&journal, 1).await;
        // It has read before: its view of the tables is an older one.
        let mut transaction = P::begin(&place.url()).await;
        P::run(&mut transaction, "SELECT count(*) FROM crossfade_epoch").await.unwrap();
        assert_eq!(journal.call(commit(1, Stage::RampDown, true)).await.unwrap(), Reply::Committed(2));
        let error = journal.made_in(&mut transaction, &mark).await.unwrap_err();
        assert!(matches!(error, JournalError::Refused(Refusal::EpochMoved)), "{error}");
    });
}

fn a_move_that_leaves_the_authority_where_it_is_waits_for_no_transaction<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        with_table(&place).await;
        let (_running, transaction) = written::<P>(&place.url(), &journal, 1).await;
        let moved = journal.call(commit(1, Stage::DualWrite, false)).await.unwrap();
        assert_eq!(moved, Reply::Committed(2));
        let (_running, later) = written::<P>(&place.url(), &journal, 2).await;
        later.commit().await.unwrap();
        transaction.commit().await.unwrap();
    });
}

fn a_new_process_waits_for_transactions_of_the_old_one_and_adopts_their_marks<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let proxy = Proxy::before(place.control().address()).await;
        let old = begun(&P::url_at(proxy.address)).await;
        with_table(&place).await;
        let (_running, transaction) = written::<P>(&place.url(), &old, 1).await;
        proxy.closed(true);
        end_the_holder(&place).await;
        let new = Journal::open(&place.url()).await.unwrap();
        let opened = begin_waiting(&place, {
            let new = new.clone();
            async move { Reply::Opened(Box::new(new.open_session(Duration::ZERO, false).await.unwrap())) }
        });
        let opened = opened.await;
        transaction.commit().await.unwrap();
        let Reply::Opened(opened) = opened.await.unwrap() else { panic!() };
        assert_eq!((opened.status.marks.left, opened.status.marks.running), (1, 0));
        assert!(new.is_dirty(&[key(1)]) && new.marks() == 1, "before anybody is served");
        assert_eq!(scopes(&new).await, [key(1)]);
    });
}

fn a_process_that_was_replaced_cannot_mark<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let proxy = Proxy::before(place.control().address()).await;
        let first = begun(&P::url_at(proxy.address)).await;
        let (_running, mark) = offered(&first, 1).await;
        proxy.closed(true);
        end_the_holder(&place).await;
        let second = begun(&place.url()).await;
        let mut transaction = P::begin(&place.url()).await;
        let error = first.made_in(&mut transaction, &mark).await.unwrap_err();
        assert!(error.to_string().contains("another process has taken over"), "{error}");
        transaction.commit().await.unwrap();
        assert_eq!(second.status().await.unwrap().marks.total(), 0);
    });
}

/// More rows than those of open transactions beside them.
async fn committed_mark_of_many<P: Place>(url: &str, journal: &Journal) -> RunningMark {
    let (mut running, inside) = journal.offer_inside((20..84).map(key).collect(), 1);
    let mark = inside.offered_to(async { TransactionMark::offered() }).await;
    let mut transaction = P::begin(url).await;
    let _marked = journal.made_in(&mut transaction, &mark).await.unwrap();
    transaction.commit().await.unwrap();
    running.committed();
    running
}

fn transactions_block_neither_each_other_nor_the_journal<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        with_table(&place).await;
        let mut open = Vec::new();
        for item in 0..8 {
            open.push(written::<P>(&place.url(), &journal, item).await);
        }
        let committed = committed_mark_of_many::<P>(&place.url(), &journal).await;
        // Each of these would fail after five seconds if it waited for one of the transactions.
        let before = journal.mark(key(90).into(), 1).await.unwrap();
        journal.mark_left(key(91), 0, Reason::Asked).await.unwrap();
        journal.unmark(&before);
        journal.unmark(&committed);
        journal.adopt_inside(Duration::ZERO).await.unwrap();
        let started = tokio::time::Instant::now();
        let counts = journal.status().await.unwrap().marks;
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
        assert_eq!((counts.running, counts.left), (0, 1));
        for (_, transaction) in open {
            transaction.commit().await.unwrap();
        }
        while journal.status().await.unwrap().marks.running != 8 {
            sleep(Duration::from_millis(1)).await;
        }
    });
}
