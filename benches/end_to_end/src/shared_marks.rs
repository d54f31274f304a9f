//! What is gained where writes share marks that still stand.

use std::time::Duration;

use anyhow::{Result, ensure};
use bench_report::{Output, Section, Table, median};
use crossfade::route::Stage;

use super::invoices::Request;
use super::load::{clients, closed};
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

pub(crate) async fn section(places: &Places, output: &Output) -> Result<Section> {
    let folder = places.folder()?;
    let (rounds, lasts) = output.or_quick((3, Duration::from_secs(2)), (1, Duration::from_millis(500)));
    let columns =
        ["", "writers", "writes/s", "p50 ms", "p99 ms", "marks made, of writes", "marks left by a crash"];
    let mut table = Table::new("", &columns);
    for writers in WRITERS {
        for (name, marks) in WAYS {
            let config =
                format!("writes = {{ wait = \"until_copied\"{marks} }}\nshadow = {{ sample = \"0%\" }}");
            let (legacy, target) = (InMemory::default(), InMemory::default());
            let services = (legacy.service(), target.service());
            let stores = ((legacy, services.0), (target, services.1));
            let at = (Stage::DualWrite, config.as_str());
            let migrated = Migrated::at(at, &folder.journal(), stores.0, stores.1).await?;
            let next = || Request::put(fastrand::i64(0..KEYS));
            let (mut rates, mut seen, mut left) = (Vec::new(), super::load::Seen::new(), 0);
            for _ in 0..rounds {
                let round = closed(clients(&migrated.service, writers, next), lasts).await;
                left = migrated.routing.journal().mark_rows();
                rates.push(round.rate());
                seen.add(&round);
            }
            ensure!(seen.failed == 0, "{} writes failed: {name}", seen.failed);
            let stats = migrated.routing.stats();
            let made = stats.marks as f64 / (stats.marks + stats.marks_shared).max(1) as f64;
            let [p50, p99] = [0.5, 0.99].map(|share| seen.quantile(share).into());
            let (writers, rate, left) = (writers as f64, median(&rates), left as f64);
            table.row([name.into(), writers.into(), rate.into(), p50, p99, made.into(), left.into()]);
            migrated.close().await?;
        }
    }
    let section = Section::new("Fewer marks").note(
        "The same with `writes.linger`: a mark that still stands is shared by writes that follow, of its key or of its group. What it \
         costs is more to repair after a crash: also what was written within that time, or its whole groups. The last column has the rows of marks that stand \
         when the last write was answered, all of which would be repaired if the process ended there; more than one may name the same key \
         or the same group of ten keys, and is repaired with it. A write that still runs then adds its own.",
    );
    Ok(Section { tables: vec![table], ..section })
}
