//! What is gained where writes share marks that still stand.

use std::time::Duration;

use anyhow::{Result, ensure};
use bench_report::{Cell, Output, Section, Table, median};
use crossfade::route::Stage;

use super::invoices::Request;
use super::load::{Seen, clients, closed, order};
use super::memory::InMemory;
use super::migrated::Migrated;
use super::servers::Places;

/// Of 100 customers: each is written again and again.
const KEYS: i64 = 1_000;
const WRITERS: [usize; 2] = [1, 64];
/// What the config says of marks.
const WAYS: [(&str, &str); 3] = [
    ("a mark for each write", ""),
    ("linger 1 s, by key", ", linger = \"1s\""),
    ("linger 1 s, by group", ", linger = \"1s\", mark = \"group\""),
];

/// One way, and what was seen of it.
struct Way {
    name: &'static str,
    migrated: Migrated<InMemory, InMemory>,
    rates: Vec<f64>,
    seen: Seen,
    left: u64,
}

pub(crate) async fn section(places: &Places, output: &Output) -> Result<Section> {
    let folder = places.folder()?;
    let (rounds, lasts) = output.or_quick((3, Duration::from_secs(2)), (1, Duration::from_millis(500)));
    let columns =
        ["", "writers", "writes/s", "p50 ms", "p99 ms", "marks made, of writes", "marks left by a crash"];
    let mut table = Table::new("", &columns);
    for writers in WRITERS {
        let mut ways = Vec::new();
        for (name, marks) in WAYS {
            ways.push(Way::new(name, marks, &folder.journal()).await?);
        }
        for at in (0..rounds).flat_map(|round| order(WAYS.len(), round)) {
            ways[at].round(writers, lasts).await;
        }
        for way in ways {
            table.row(way.row(writers)?);
            way.migrated.close().await?;
        }
    }
    let section = Section::new("Fewer marks").note(
        "The same with `writes.linger`: a mark that still stands is shared by writes that follow, of its key or of its group. What it \
         costs is more to repair after a crash: also what was written within that time, or its whole groups. The last column has the rows of marks that stand \
         when the last write was answered, all of which would be repaired if the process ended there; more than one may name the same key \
         or the same group of ten keys, and is repaired with it. A write that still runs then adds its own. All ways in turn.",
    );
    Ok(Section { tables: vec![table], ..section })
}

impl Way {
    async fn new(name: &'static str, marks: &str, journal: &str) -> Result<Self> {
        let config = format!("writes = {{ wait = \"until_copied\"{marks} }}\nshadow = {{ sample = \"0%\" }}");
        let (legacy, target) = (InMemory::default(), InMemory::default());
        let services = (legacy.service(), target.service());
        let at = (Stage::DualWrite, config.as_str());
        let migrated = Migrated::at(at, journal, (legacy, services.0), (target, services.1)).await?;
        Ok(Self { name, migrated, rates: Vec::new(), seen: Seen::new(), left: 0 })
    }

    async fn round(&mut self, writers: usize, lasts: Duration) {
        let next = || Request::put(fastrand::i64(0..KEYS));
        let round = closed(clients(&self.migrated.service, writers, next), lasts).await;
        self.left = self.migrated.routing.journal().mark_rows();
        self.rates.push(round.rate());
        self.seen.add(&round);
    }

    fn row(&self, writers: usize) -> Result<[Cell; 7]> {
        let Self { name, migrated, rates, seen, left } = self;
        ensure!(seen.failed == 0, "{} writes failed: {name}", seen.failed);
        let stats = migrated.routing.stats();
        let made = stats.marks as f64 / (stats.marks + stats.marks_shared).max(1) as f64;
        let [p50, p99] = [0.5, 0.99].map(|share| Cell::from(seen.quantile(share)));
        let (writers, left) = (writers as f64, *left as f64);
        Ok([(*name).into(), writers.into(), median(rates).into(), p50, p99, made.into(), left.into()])
    }
}
