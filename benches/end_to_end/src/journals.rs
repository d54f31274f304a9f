//! How fast marks become durable, by where the journal is.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

use anyhow::{Result, ensure};
use bench_report::{Goal, Output, Section, Table, median};
use crossfade::route::Stage;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};
use tokio::time::Instant;

use super::invoices::Request;
use super::load::{Seen, clients, closed, order};
use super::memory::InMemory;
use super::migrated::{Migrated, WAITS};
use super::servers::{Folder, Places};

const DATABASE: &str = "crossfade_bench_journal";
const RECONCILED_DATABASE: &str = "crossfade_bench_journal_reconciled";
/// Beside a reconciler that runs and finds nothing to do; the others have none that runs.
const RECONCILED: [&str; 2] = [SQLITE, MARIADB];
const SQLITE: &str = "SQLite, beside a reconciler that finds nothing to do";
const MARIADB: &str = "MariaDB, beside a reconciler that finds nothing to do";
const WRITERS: [usize; 3] = [1, 16, 256];
const KEYS: i64 = 1_000_000;

pub(crate) async fn section(places: &Places, output: &Output, only: Option<&str>) -> Result<Section> {
    let folder = places.folder()?;
    let wanted = |name: &str| only.is_none_or(|only| only.eq_ignore_ascii_case(name));
    let mut urls = Vec::new();
    if wanted("SQLite") {
        urls.extend([("SQLite", folder.journal()), (SQLITE, folder.journal())]);
    }
    if wanted("MariaDB") {
        let server = places.mysql()?;
        urls.push(("MariaDB", in_mariadb(server, DATABASE).await?));
        urls.push((MARIADB, in_mariadb(server, RECONCILED_DATABASE).await?));
    }
    if let Some(server) = places.postgres.as_ref().filter(|_| wanted("PostgreSQL")) {
        urls.push(("PostgreSQL", in_postgres(server).await?));
    }
    ensure!(!urls.is_empty(), "there is no such journal: {}", only.unwrap_or_default());
    let mut opened = Vec::new();
    for (name, url) in urls {
        let (legacy, target) = (InMemory::default(), InMemory::default());
        let services = (legacy.service(), target.service());
        let stores = ((legacy, services.0), (target, services.1));
        let migrated = Migrated::at((Stage::DualWrite, WAITS), &url, stores.0, stores.1).await?;
        opened
            .push((name, if RECONCILED.contains(&name) { migrated } else { migrated.without_reconciler() }));
    }
    let mut table = Table::new("", &["", "writers", "marks/s", "p50 ms", "p99 ms"]);
    let (mut goals, mut one_writer) = (Vec::new(), None);
    let mut synced = Synced::in_folder(&folder)?;
    for writers in WRITERS {
        for ((name, _), (seen, rate)) in opened.iter().zip(of(&opened, writers, output, &mut synced).await?) {
            ensure!(seen.failed == 0, "{} writes failed on {name}", seen.failed);
            let [p50, p99] = [0.5, 0.99].map(|share| seen.quantile(share).into());
            table.row([(*name).into(), (writers as f64).into(), rate.into(), p50, p99]);
            goals.extend(promised(name, writers, &seen, rate));
            if (*name, writers) == (SQLITE, 1) {
                one_writer = Some(seen.quantile(0.5));
            }
        }
    }
    for (_, migrated) in opened {
        migrated.close().await?;
    }
    let sync = median(&synced.took_ms);
    let section = Section::new("The journal alone").note(format!("Beside it, a page of a file written anew and synced, between the rounds: p50 {sync:.3} ms.")).note(
        "Writes through crossfade in `dual_write` over two stores in memory, so that all a write waits for is its mark: each write \
         makes one mark, durably, and takes it away again. Every writer waits for its own; what is there at once is one commit. \
         The goals are asked of the journals whose reconciler runs, as it does in a service.",
    );
    let above = |p50: f64| {
        Goal::at_most(
            "journal in SQLite, reconciler running, 1 writer: p50 above a sync",
            0.05,
            p50 - sync,
            " ms",
        )
    };
    goals.extend(one_writer.map(above));
    Ok(Section { tables: vec![table], goals, ..section })
}

/// A file whose pages are written anew, and how long each took to be on the disk. It does not grow, as the log of SQLite does not
/// once it was written to its end.
struct Synced {
    file: File,
    took_ms: Vec<f64>,
}

impl Synced {
    const PAGES: u64 = 1_000;
    const PAGE: [u8; 4_096] = [1; 4_096];
    const AT_ONCE: usize = 50;

    fn in_folder(folder: &Folder) -> Result<Self> {
        let mut file = File::create(folder.file("synced"))?;
        for _ in 0..Self::PAGES {
            file.write_all(&Self::PAGE)?;
        }
        file.sync_all()?;
        Ok(Self { file, took_ms: Vec::new() })
    }

    fn times(&mut self) -> Result<()> {
        for _ in 0..Self::AT_ONCE {
            let page = self.took_ms.len() as u64 % Self::PAGES;
            let start = Instant::now();
            self.file.seek(SeekFrom::Start(page * Self::PAGE.len() as u64))?;
            self.file.write_all(&Self::PAGE)?;
            self.file.sync_data()?;
            self.took_ms.push(start.elapsed().as_secs_f64() * 1e3);
        }
        Ok(())
    }
}

/// What the writers saw of each journal, and the median of its rates, the journals in turn.
async fn of(
    opened: &[(&str, Migrated<InMemory, InMemory>)],
    writers: usize,
    output: &Output,
    synced: &mut Synced,
) -> Result<Vec<(Seen, f64)>> {
    let (rounds, lasts) = output.or_quick((3, Duration::from_secs(1)), (1, Duration::from_millis(500)));
    let mut seen: Vec<_> = opened.iter().map(|_| (Seen::new(), Vec::new())).collect();
    for round in 0..rounds {
        for at in order(opened.len(), round) {
            let (migrated, (seen, rates)) = (&opened[at].1, &mut seen[at]);
            let next = || Request::put(fastrand::i64(0..KEYS));
            let round = closed(clients(&migrated.service, writers, next), lasts).await;
            migrated.settled().await?;
            rates.push(round.rate());
            seen.add(&round);
            synced.times()?;
        }
    }
    Ok(seen.into_iter().map(|(seen, rates)| (seen, median(&rates))).collect())
}

/// What was promised of 256 writers: marks a second, and how long one waits.
fn promised(name: &str, writers: usize, seen: &Seen, rate: f64) -> Vec<Goal> {
    let (short, marks, p50_ms) = match (name, writers) {
        (SQLITE, 256) => ("SQLite", 100_000.0, 2.5),
        (MARIADB, 256) => ("MariaDB", 150_000.0, 1.5),
        _ => return Vec::new(),
    };
    let what = format!("journal in {short}, reconciler running, {writers} writers");
    vec![
        Goal::at_least(&what, marks, rate, " marks/s"),
        Goal::at_most(&format!("{what}: p50"), p50_ms, seen.quantile(0.5), " ms"),
    ]
}

async fn in_mariadb(server: &str, database: &str) -> Result<String> {
    let mut admin = MySqlConnection::connect(server).await?;
    for statement in ["DROP DATABASE IF EXISTS", "CREATE DATABASE"] {
        sqlx::raw_sql(AssertSqlSafe(format!("{statement} {database}"))).execute(&mut admin).await?;
    }
    admin.close().await?;
    Ok(format!("{server}/{database}"))
}

async fn in_postgres(server: &str) -> Result<String> {
    let server = server.trim_end_matches("/postgres");
    let mut admin = PgConnection::connect(&format!("{server}/postgres")).await?;
    for statement in ["DROP DATABASE IF EXISTS", "CREATE DATABASE"] {
        sqlx::raw_sql(AssertSqlSafe(format!("{statement} {DATABASE}"))).execute(&mut admin).await?;
    }
    admin.close().await?;
    Ok(format!("{server}/{DATABASE}"))
}
