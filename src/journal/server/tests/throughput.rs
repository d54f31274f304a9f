//! How fast marks become durable: run it by name, in a release build, on a quiet machine.
//!
//! `cargo test --release --features sqlite,mysql,postgres,test-util --lib throughput -- --ignored --nocapture`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::{OnMariaDb, OnPostgres, Place, key, runtime};
use crate::journal::handle::Journal;

const FOR: Duration = Duration::from_secs(3);

/// Each marks, waits until that is durable, and takes the mark away again, as a write does.
async fn measure(name: &str, url: &str, writers: u64) -> String {
    let journal = Journal::open(url).await.unwrap();
    let opened = journal.open_session(Duration::ZERO, false).await.unwrap();
    let (epoch, next) = (opened.status.epoch, Arc::new(AtomicU64::new(0)));
    let until = Instant::now() + FOR;
    let writers_run: Vec<_> = (0..writers)
        .map(|_| {
            let (journal, next) = (journal.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let mut took = Vec::new();
                while Instant::now() < until {
                    let started = Instant::now();
                    let scope = key(next.fetch_add(1, Ordering::Relaxed)).into();
                    let mark = journal.mark(scope, epoch).await.unwrap();
                    took.push(started.elapsed());
                    journal.unmark(&mark);
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for writer in writers_run {
        took.extend(writer.await.unwrap());
    }
    journal.close().await.unwrap();
    took.sort_unstable();
    let (count, at) = (took.len(), |share: usize| took[(took.len() * share / 1_000).min(took.len() - 1)]);
    let rate = count as f64 / FOR.as_secs_f64();
    format!("{name:<8} {writers:>3} writers: {rate:>9.0} marks/s, p50 {:?}, p99 {:?}", at(500), at(990))
}

#[test]
#[ignore = "a measurement"]
fn throughput() {
    let (mariadb, postgres) = (OnMariaDb::start(), OnPostgres::start());
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("j.db").display());
    let mut lines = Vec::new();
    for (name, url) in [("SQLite", sqlite), ("MariaDB", mariadb.url()), ("Postgres", postgres.url())] {
        for writers in [1, 256] {
            lines.push(runtime().block_on(measure(name, &url, writers)));
        }
    }
    eprintln!("{}", lines.join("\n"));
}
