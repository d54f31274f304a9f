//! The server is killed, or stands still, while batches run.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Place, begun, key, on_each_server, runtime, scopes};
use crate::data::Scope;
use crate::journal::error::JournalError;
use crate::journal::handle::Journal;
use crate::journal::model::Reason;

on_each_server! {
    after_a_kill_every_acknowledged_mark_is_there_and_none_of_a_failed_batch,
    a_server_that_stands_still_fails_marks_in_time_and_takes_them_again,
    a_restart_of_the_server_between_two_marks_is_not_noticed,
}

const WRITERS: u64 = 8;

/// Marks that were told, by what was told.
#[derive(Default)]
struct Told {
    recorded: HashSet<Scope>,
    failed: HashSet<Scope>,
}

/// Each marks keys of its own, half of them as a write does, until it is told to end.
async fn mark(journal: Journal, writer: u64, end: Arc<AtomicBool>) -> Told {
    let mut told = Told::default();
    for number in 0.. {
        if end.load(Ordering::SeqCst) {
            break;
        }
        let scope = key(writer + number * WRITERS);
        let marked = if number % 2 == 0 {
            journal.mark_left(scope.clone(), 0, Reason::Asked).await
        } else {
            journal.mark(scope.clone().into(), 1).await.map(drop)
        };
        match marked {
            Ok(()) => drop(told.recorded.insert(scope)),
            Err(_) => {
                told.failed.insert(scope);
                sleep(Duration::from_millis(2)).await;
            }
        }
    }
    told
}

async fn killed_under_writers<P: Place>(place: &P, journal: &Journal, after: Duration) -> Told {
    let end = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> =
        (0..WRITERS).map(|writer| tokio::spawn(mark(journal.clone(), writer, Arc::clone(&end)))).collect();
    sleep(after).await;
    tokio::task::block_in_place(|| place.control().kill()).unwrap();
    sleep(Duration::from_millis(200)).await;
    tokio::task::block_in_place(|| place.control().restart()).unwrap();
    sleep(Duration::from_millis(500)).await;
    end.store(true, Ordering::SeqCst);
    let mut all = Told::default();
    for writer in writers {
        let Told { recorded, failed } = writer.await.unwrap();
        all.recorded.extend(recorded);
        all.failed.extend(failed);
    }
    all
}

fn after_a_kill_every_acknowledged_mark_is_there_and_none_of_a_failed_batch<P: Place>() {
    let place = P::start();
    let runtime = runtime();
    for round in 0..5 {
        // Another session of the same journal: what the earlier ones marked is cleared away.
        runtime.block_on(async {
            let journal = begun(&place.url()).await;
            let before: HashSet<Scope> = scopes(&journal).await.into_iter().collect();
            place.ask("DELETE FROM crossfade_mark").await;
            let after = Duration::from_millis(300 + 37 * round);
            let told = killed_under_writers(&place, &journal, after).await;
            // What is undone is undone before this is asked twice.
            scopes(&journal).await;
            sleep(Duration::from_millis(500)).await;
            let there: HashSet<Scope> = scopes(&journal).await.into_iter().collect();
            assert!(told.recorded.len() > 10, "{} marks", told.recorded.len());
            let lost: Vec<_> = told.recorded.difference(&there).collect();
            assert!(lost.is_empty(), "lost: {lost:?}");
            let unasked: Vec<_> = there.intersection(&told.failed).collect();
            assert!(unasked.is_empty(), "recorded and told as failed: {unasked:?}");
            let left = place.ask("SELECT count(*) FROM crossfade_mark").await[0];
            let marks = left + place.ask(P::RUNNING).await[0];
            assert_eq!(
                journal.marks(),
                marks.cast_unsigned() + before.len() as u64,
                "memory counts as the tables do"
            );
            journal.close().await.unwrap();
        });
    }
}

fn a_server_that_stands_still_fails_marks_in_time_and_takes_them_again<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        journal.mark_left(key(1), 0, Reason::Asked).await.unwrap();
        tokio::task::block_in_place(|| place.control().pause()).unwrap();
        let started = Instant::now();
        let error = journal.mark_left(key(2), 0, Reason::Asked).await.unwrap_err();
        assert!(matches!(error, JournalError::Unreachable { .. }), "{error}");
        assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
        assert!(journal.is_dirty(&[key(1)]), "reads are answered meanwhile");
        tokio::task::block_in_place(|| place.control().resume()).unwrap();
        assert_eq!(scopes(&journal).await, [key(1)]);
        journal.mark_left(key(3), 0, Reason::Asked).await.unwrap();
        assert_eq!(scopes(&journal).await, [key(1), key(3)]);
    });
}

fn a_restart_of_the_server_between_two_marks_is_not_noticed<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        let first = journal.mark(key(1).into(), 1).await.unwrap();
        tokio::task::block_in_place(|| place.control().restart()).unwrap();
        let _second = journal.mark(key(2).into(), 1).await.unwrap();
        journal.unmark(&first);
        assert_eq!(scopes(&journal).await, [key(2)]);
    });
}
