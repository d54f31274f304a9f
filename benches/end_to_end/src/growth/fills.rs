//! Keys that a fill copies.

use anyhow::Result;
use bench_report::{Output, Section, Table};
use crossfade::fill::Fill;
use crossfade::route::Stage;
use tokio::time::Instant;

use super::sections::{line, plot, powers};
use crate::clock::resident_mb;
use crate::memory::InMemory;
use crate::migrated::Migrated;
use crate::servers::Folder;

const NOTHING_LANDS_LATE: &str = "late_bound = { legacy = \"1ms\", target = \"1ms\" }";

pub(super) async fn section(folder: &Folder, output: &Output) -> Result<Section> {
    let (mut table, mut points) = (Table::new("", &["keys", "keys/s", "resident MB"]), Vec::new());
    for keys in powers(3, output.or_quick(6, 5)) {
        let rate = filled(folder, keys).await?;
        table.row([(keys as f64).into(), rate.into(), resident_mb().into()]);
        points.push((keys as f64, rate));
    }
    let plots = vec![plot(
        "fill_keys.svg",
        "A fill between stores in memory",
        ("keys", "keys a second"),
        vec![line("fill", points)],
    )];
    let section = Section::new("Growth: keys of a fill").note(
        "Between two stores in memory, with its place saved in a SQLite journal after each page of 2,000. The memory is that of the \
         process, both stores in it.",
    );
    Ok(Section { tables: vec![table], plots, ..section })
}

async fn filled(folder: &Folder, keys: i64) -> Result<f64> {
    let (legacy, target) = (InMemory::seeded(keys), InMemory::default());
    let services = (legacy.service(), target.service());
    let stage = (Stage::DualWrite, NOTHING_LANDS_LATE);
    let migrated = Migrated::at(stage, &folder.journal(), (legacy, services.0), (target, services.1)).await?;
    let start = Instant::now();
    let progress = Fill::new(migrated.copier).run().await?;
    let rate = progress.copied as f64 / start.elapsed().as_secs_f64();
    migrated.close().await?;
    Ok(rate)
}
