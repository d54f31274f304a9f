//! One process at a time; and a process that another has replaced.

use std::time::Duration;

use super::proxy::Proxy;
use super::{LATE_BOUND, Place, begun, key, on_each_server, runtime};
use crate::journal::error::JournalError;
use crate::journal::handle::Journal;
use crate::journal::model::{Command, Reason, Refusal};

on_each_server! {
    a_second_process_is_refused_by_name,
    migrations_of_one_database_do_not_know_each_other,
    a_process_that_was_replaced_records_nothing,
    a_connection_that_the_server_has_ended_is_made_again,
}

fn a_second_process_is_refused_by_name<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        let error = Journal::open(&place.url()).await.unwrap_err();
        let JournalError::InUseOn { connection, .. } = &error else { panic!("{error}") };
        assert!(
            *connection > 0 && error.to_string().contains(&place.control().address().to_string()),
            "{error}"
        );
        journal.close().await.unwrap();
        begun(&place.url()).await.close().await.unwrap();
    });
}

fn migrations_of_one_database_do_not_know_each_other<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        let other = begun(&format!("{}?migration=invoices", place.url())).await;
        journal.mark_left(key(1), 0, Reason::Asked).await.unwrap();
        assert_eq!(other.status().await.unwrap().marks.total(), 0);
        assert_eq!(place.ask("SELECT count(*) FROM crossfade_invoices_mark").await, [0]);
        assert_eq!(place.ask("SELECT count(*) FROM crossfade_mark").await, [1]);
    });
}

/// The first process cannot reach the server any more, and its connection ends there.
fn a_process_that_was_replaced_records_nothing<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let proxy = Proxy::before(place.control().address()).await;
        let first = begun(&P::url_at(proxy.address)).await;
        let running = first.mark(key(1).into(), 1).await.unwrap();
        proxy.closed(true);
        end_the_holder(&place).await;
        let second = begun(&place.url()).await;
        proxy.closed(false);

        let error = first.mark(key(2).into(), 1).await.unwrap_err();
        assert!(matches!(error, JournalError::InUseOn { .. }), "the second one has the lock: {error}");
        second.close().await.unwrap();
        let error = loop {
            match first.mark(key(3).into(), 1).await.unwrap_err() {
                JournalError::InUseOn { .. } | JournalError::Unreachable { .. } => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                error => break error,
            }
        };
        assert!(matches!(error, JournalError::Refused(Refusal::SessionEnded)), "{error}");
        first.unmark(&running);
        assert!(first.call(Command::TakeIds { sequence: "a".into(), count: 1 }).await.is_err());
        let third = Journal::open(&place.url()).await.unwrap();
        let opened = third.open_session(LATE_BOUND, false).await.unwrap();
        assert!(!opened.after_crash, "the second one was closed");
        assert_eq!(opened.status.marks.left, 1, "what the first one had running was left to the second");
    });
}

/// Ends the connection that has the lock.
pub(super) async fn end_the_holder<P: Place>(place: &P) {
    use super::super::engine::Engine;

    let holder = place.ask(P::Engine::HOLDER).await[0];
    let options = P::Engine::options(&place.url()).unwrap();
    let spelling = super::super::spelling::Spelling::new("crossfade_", P::Engine::NUMBERED);
    let mut engine = P::Engine::connect(&options, spelling).await.unwrap();
    engine.script(&P::Engine::kill(holder), |_| Ok(())).await.unwrap();
    while !place.ask(P::Engine::HOLDER).await.is_empty() {}
}

fn a_connection_that_the_server_has_ended_is_made_again<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        for item in 0..3 {
            end_the_holder(&place).await;
            journal.mark_left(key(item), 0, Reason::Asked).await.unwrap();
        }
        assert_eq!(journal.status().await.unwrap().marks.left, 3);
    });
}
