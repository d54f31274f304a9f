//! Writes in a closed loop: each store alone, both by hand, and through crossfade.

use std::time::Duration;

use anyhow::{Context, Result};
use bench_report::{Cell, Goal, Output, Section, Table, median, median_ratio};
use crossfade::route::Stage;

use super::cassandra::InCassandra;
use super::invoices::{Request, Service};
use super::load::{Seen, clients, closed};
use super::mariadb::MariaDb;
use super::memory::InMemory;
use super::migrated::{ANSWERS_AT_ONCE, Migrated, WAITS};
use super::servers::Servers;

/// How many invoices are written, again and again.
const INVOICES: i64 = 20_000;
const CLIENTS: [usize; 2] = [1, 32];
const WARM_UP: Duration = Duration::from_millis(200);
/// What `wait = 0` may cost beside the authority and the mark.
pub(crate) const BESIDE_THE_MARK_MS: f64 = 0.05;

pub(crate) const MARIADB: &str = "MariaDB alone";
pub(crate) const BY_HAND: &str = "by hand: MariaDB, read back, Cassandra";
pub(crate) const WAITED: &str = "dual_write, copy waited for";
pub(crate) const AT_ONCE: &str = "dual_write, wait = 0";
const NO_RECONCILER: &str = "dual_write, copy waited for, reconciler paused";
pub(crate) const MARK: &str = "one mark, stores in memory";

/// A way to write, and what its clients saw.
struct Way {
    name: &'static str,
    service: Service,
    migrated: Option<Migrated<MariaDb, InCassandra>>,
    seen: Seen,
    rates: Vec<f64>,
}

pub(crate) async fn section(servers: &Servers, output: &Output) -> Result<Section> {
    servers.mariadb.seed(INVOICES).await?;
    let mut section = Section::new("Writes through real stores")
        .note(format!("{}, one node each, on the machine of the clients.", servers.versions()))
        .note(
            "\"Alone\" MariaDB is asked on the pool as it is, without the task that crossfade's SQL store gives each request. Each client writes as soon as its last write was answered; all ways in turn, round by round, every one with the \
             same pools. The journal is a SQLite file, durable. CPU is that of this process: the clients and the drivers are in it, the \
             servers are not. \"By hand\" marks nothing, so what fails between its two stores stays different.",
        );
    for number in CLIENTS {
        let mut ways = ways(servers).await?;
        rounds(&mut ways, number, output).await?;
        section.tables.push(table(&ways, number)?);
        section.goals.extend(goals(&ways, number)?);
        for way in ways {
            if let Some(migrated) = way.migrated {
                migrated.close().await?;
            }
        }
    }
    Ok(section)
}

async fn ways(servers: &Servers) -> Result<Vec<Way>> {
    let plain = |name, service| Way { name, service, migrated: None, seen: Seen::new(), rates: Vec::new() };
    let mut ways = vec![
        plain(MARIADB, servers.mariadb.bare()),
        plain("Cassandra alone", servers.cassandra.service()),
        plain(BY_HAND, servers.by_hand()),
        plain(MARK, mark_alone(servers).await?),
    ];
    for (name, stage, config) in [
        ("off", Stage::Off, WAITS),
        (WAITED, Stage::DualWrite, WAITS),
        (AT_ONCE, Stage::DualWrite, ANSWERS_AT_ONCE),
        (NO_RECONCILER, Stage::DualWrite, WAITS),
        ("shadow, copy waited for", Stage::Shadow, WAITS),
        ("canary, copy waited for", Stage::Canary, WAITS),
        ("live, copy waited for", Stage::Live, WAITS),
        ("ramp_down, copy waited for", Stage::RampDown, WAITS),
        ("complete", Stage::Complete, WAITS),
    ] {
        let mut migrated = servers.migrated(stage, config).await?;
        if name == NO_RECONCILER {
            migrated = migrated.without_reconciler();
        }
        let way = plain(name, migrated.service.clone());
        ways.push(Way { migrated: Some(migrated), ..way });
    }
    Ok(ways)
}

/// Over stores in memory, what a write waits for is its mark.
pub(crate) async fn mark_alone(servers: &Servers) -> Result<Service> {
    let (legacy, target) = (InMemory::default(), InMemory::default());
    let services = (legacy.service(), target.service());
    let stage = (Stage::DualWrite, WAITS);
    let journal = servers.folder.journal();
    let migrated = Migrated::at(stage, &journal, (legacy, services.0), (target, services.1)).await?;
    Ok(migrated.without_reconciler().service)
}

async fn rounds(ways: &mut [Way], number: usize, output: &Output) -> Result<()> {
    let (rounds, lasts) = output.or_quick((5, Duration::from_millis(1_100)), (2, Duration::from_millis(500)));
    let next = || Request::put(fastrand::i64(0..INVOICES));
    for round in 0..=rounds {
        for way in &mut *ways {
            let lasts = if round == 0 { WARM_UP } else { lasts };
            let seen = closed(clients(&way.service, number, next), lasts).await;
            if let Some(migrated) = &way.migrated {
                migrated.settled().await?;
            }
            if round > 0 {
                way.rates.push(seen.rate());
                way.seen.add(&seen);
            }
        }
    }
    Ok(())
}

fn table(ways: &[Way], number: usize) -> Result<Table> {
    let caption = if number == 1 { "1 client".to_owned() } else { format!("{number} clients") };
    let columns = ["", "writes/s", "of by hand", "p50 ms", "p99 ms", "CPU µs each", "failed"];
    let mut table = Table::new(&caption, &columns);
    for way in ways {
        let of_by_hand = median_ratio(&way.rates, &found(ways, BY_HAND)?.rates);
        let [p50, p99] = [0.5, 0.99].map(|share| Cell::from(way.seen.quantile(share)));
        let cpu = way.seen.cpu_each().into();
        let failed = (way.seen.failed as f64).into();
        table.row([way.name.into(), median(&way.rates).into(), of_by_hand.into(), p50, p99, cpu, failed]);
    }
    Ok(table)
}

fn goals(ways: &[Way], number: usize) -> Result<[Goal; 2]> {
    let ratio = median_ratio(&found(ways, WAITED)?.rates, &found(ways, BY_HAND)?.rates);
    let p50 = |name| Ok::<_, anyhow::Error>(found(ways, name)?.seen.quantile(0.5));
    let beside = p50(AT_ONCE)? - p50(MARIADB)? - p50(MARK)?;
    let clients = if number == 1 { "1 client".to_owned() } else { format!("{number} clients") };
    let waited = format!("{WAITED}, {clients}: throughput over the hand-written loop");
    let at_once = format!("{AT_ONCE}, {clients}: p50 above the authority's and one mark's");
    Ok([
        Goal::at_least(&waited, 0.85, ratio, "x"),
        Goal::at_most(&at_once, BESIDE_THE_MARK_MS, beside, " ms"),
    ])
}

fn found<'a>(ways: &'a [Way], name: &str) -> Result<&'a Way> {
    ways.iter().find(|way| way.name == name).with_context(|| format!("no way is named {name}"))
}
