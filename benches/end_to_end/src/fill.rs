//! Everything is copied: by a fill, and by a loop written by hand. Repairs stand below.

use std::time::Duration;

use anyhow::{Result, ensure};
use bench_report::{Cell, Goal, Output, Section, Table, median, median_ratio};
use crossfade::copy::Copier;
use crossfade::fill::Fill;
use crossfade::route::Stage;
use tokio::time::Instant;

use super::by_hand::{IN_FLIGHT, PAGE, copy};
use super::cassandra::InCassandra;
use super::clock::HighestMemory;
use super::mariadb::MariaDb;
use super::repairs;
use super::servers::Servers;

/// No write of `off` is running when a fill begins, so it need not wait for one.
pub(crate) const NOTHING_LANDS_LATE: &str = "late_bound = { legacy = \"1ms\", target = \"1ms\" }";

type OurCopier = Copier<MariaDb, InCassandra>;

/// What is measured of one way to copy.
#[derive(Default)]
struct Copied {
    rates: Vec<f64>,
    /// Up to where MariaDB was copied, and Cassandra not yet walked through.
    of_the_copy: Vec<f64>,
    /// The most that the process had.
    resident_mb: f64,
    /// The most that it had more than when the copy began.
    grown_mb: f64,
}

/// How much more memory a fill may take of a hundred times the rows.
const FLAT: f64 = 1.25;

pub(crate) async fn section(servers: &Servers, output: &Output) -> Result<Section> {
    let mut section = Section::new("Copying everything").note(format!(
        "From MariaDB to Cassandra. By hand: pages of {PAGE} rows in the order of their keys, {IN_FLIGHT} writes in flight; no \
         stamps, no checkpoint, and it never looks at what only Cassandra has. A fill saves its place in a durable journal \
         after each page, and then walks through Cassandra too, for what only that has: \"copy alone\" ends before this walk. Memory is the most that the process had while it ran. \
         Medians of 3 rounds, each begun by another way; of a million rows there is one round.",
    ));
    section = section.note(repairs::NOTE);
    let mut memory = Vec::new();
    for (rows, rounds) in output.or_quick(vec![(10_000, 3), (100_000, 3), (1_000_000, 1)], vec![(10_000, 1)])
    {
        let (table, goals, resident_mb) = of(servers, rows, rounds).await?;
        section.tables.push(table);
        section.goals.extend(goals);
        memory.push((rows, resident_mb));
    }
    section.goals.extend(flat(&memory));
    section.tables.push(repairs::table(servers, output).await?);
    Ok(section)
}

/// Whether the fill of most rows took as much memory as that of the fewest.
fn flat(memory: &[(i64, f64)]) -> Option<Goal> {
    let [(few, of_few), .., (many, of_many)] = memory else { return None };
    let what = format!("fill of {many} rows: highest memory over that with {few} rows");
    Some(Goal::at_most(&what, FLAT, of_many / of_few, "x"))
}

/// And the most memory that a fill took.
async fn of(servers: &Servers, rows: i64, rounds: usize) -> Result<(Table, [Goal; 2], f64)> {
    servers.mariadb.seed(rows).await?;
    let (mut by_hand, mut like_it, mut by_default) =
        (Copied::default(), Copied::default(), Copied::default());
    for turn in (0..rounds).flat_map(|round| (0..3).map(move |way| (round + way) % 3)) {
        match turn {
            0 => copied_by_hand(servers, rows, &mut by_hand).await?,
            1 => {
                let like_by_hand = |copier: OurCopier| copier.page_size(PAGE).concurrency(IN_FLIGHT);
                filled(servers, rows, &mut like_it, like_by_hand).await?;
            }
            _ => filled(servers, rows, &mut by_default, |copier| copier).await?,
        }
    }
    let columns = [
        "",
        "rows/s",
        "of by hand",
        "copy alone: rows/s",
        "copy alone, of by hand",
        "resident MB, at most",
        "of these, since its start",
    ];
    let mut table = Table::new(&format!("{rows} rows"), &columns);
    for (name, copied) in [
        ("by hand", &by_hand),
        ("fill, same pages and writes in flight", &like_it),
        ("fill, by default: 64 writes in flight", &by_default),
    ] {
        let numbers = |rates: &Vec<f64>| [median(rates), median_ratio(rates, &by_hand.rates)].map(Cell::from);
        let ([rate, ratio], [copy, of_copy]) = (numbers(&copied.rates), numbers(&copied.of_the_copy));
        let [resident, grown] = [copied.resident_mb, copied.grown_mb].map(Cell::from);
        table.row([name.into(), rate, ratio, copy, of_copy, resident, grown]);
    }
    let goal = |what: &str, ours: &[f64]| {
        let what = format!("fill of {rows} rows{what}: rate over the hand-written copy");
        Goal::at_least(&what, 0.85, median_ratio(ours, &by_hand.rates), "x")
    };
    let goals = [goal(", the copy alone", &like_it.of_the_copy), goal("", &like_it.rates)];
    Ok((table, goals, like_it.resident_mb.max(by_default.resident_mb)))
}

impl Copied {
    fn ended(
        &mut self,
        copied: u64,
        (start, first_walk): (Instant, Duration),
        rows: i64,
        memory: HighestMemory,
    ) -> Result<()> {
        self.rates.push(copied as f64 / start.elapsed().as_secs_f64());
        self.of_the_copy.push(copied as f64 / first_walk.as_secs_f64());
        self.resident_mb = self.resident_mb.max(memory.mb());
        self.grown_mb = self.grown_mb.max(memory.grown_mb());
        ensure!(copied == rows.cast_unsigned(), "{copied} of {rows} rows were copied");
        Ok(())
    }
}

async fn copied_by_hand(servers: &Servers, rows: i64, by_hand: &mut Copied) -> Result<()> {
    servers.cassandra.clear().await?;
    let (start, memory) = (Instant::now(), HighestMemory::watch());
    let copied = copy(&servers.mariadb, &servers.cassandra).await?;
    by_hand.ended(copied, (start, start.elapsed()), rows, memory)
}

async fn filled(
    servers: &Servers,
    rows: i64,
    copied: &mut Copied,
    with: impl FnOnce(OurCopier) -> OurCopier,
) -> Result<()> {
    servers.cassandra.clear().await?;
    let migrated = servers.migrated(Stage::DualWrite, NOTHING_LANDS_LATE).await?;
    let (start, memory) = (Instant::now(), HighestMemory::watch());
    let fill = Fill::new(with(migrated.copier));
    let mut progress = fill.progress();
    let first_walk = tokio::spawn(async move {
        progress.wait_for(|progress| progress.authority_done).await.map(|_| start.elapsed())
    });
    let progress = fill.run().await?;
    copied.ended(progress.copied, (start, first_walk.await??), rows, memory)?;
    migrated.close().await
}
