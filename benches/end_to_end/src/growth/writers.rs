//! Clients that write at once.

use std::time::Duration;

use anyhow::Result;
use bench_report::{Output, Section, Table};
use crossfade::route::Stage;

use super::sections::{line, plot};
use crate::invoices::Request;
use crate::load::{clients, closed};
use crate::memory::InMemory;
use crate::migrated::{Migrated, WAITS};
use crate::servers::Folder;

const KEYS: i64 = 100_000;

pub(super) async fn section(folder: &Folder, output: &Output) -> Result<Section> {
    let (legacy, target) = (InMemory::suspending(), InMemory::suspending());
    let services = (legacy.service(), target.service());
    let stage = (Stage::DualWrite, WAITS);
    let stack = Migrated::at(stage, &folder.journal(), (legacy, services.0), (target, services.1)).await?;
    let lasts = output.or_quick(Duration::from_millis(700), Duration::from_millis(250));
    let mut table = Table::new("", &["clients", "writes/s", "p50 ms", "p99 ms"]);
    let mut points = Vec::new();
    for number in (0..10).map(|power| 1_usize << power) {
        let next = || Request::put(fastrand::i64(0..KEYS));
        let seen = closed(clients(&stack.service, number, next), lasts).await;
        stack.settled().await?;
        let [p50, p99] = [0.5, 0.99].map(|share| seen.quantile(share).into());
        table.row([(number as f64).into(), seen.rate().into(), p50, p99]);
        points.push((number as f64, seen.rate()));
    }
    stack.close().await?;
    let lines = vec![line("dual_write", points)];
    let plots = vec![plot(
        "clients.svg",
        "Writes in dual_write, journal in SQLite",
        ("clients", "writes a second"),
        lines,
    )];
    let section = Section::new("Growth: clients").note(
        "Writes in `dual_write`, each waiting for its copy, over stores in memory that suspend each call once; the journal is a SQLite \
         file, durable, and writes that wait at once share a commit. Above \
         100 clients both cores are busy, so more clients wait longer and no more is done; what a client keeps no longer fits into the caches of the cores.",
    );
    Ok(Section { tables: vec![table], plots, ..section })
}
