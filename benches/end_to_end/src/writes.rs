//! Writes in a closed loop: each store alone, both by hand, and through crossfade.

use anyhow::Result;
use bench_report::{Goal, Output, Section, median_ratio};
use crossfade::route::Stage;

use super::invoices::{Request, Service};
use super::memory::InMemory;
use super::migrated::{ANSWERS_AT_ONCE, Migrated, WAITS};
use super::servers::Servers;
use super::ways::{CLIENTS, Way, clients_named, close, found, rounds, table};

/// How many invoices are written, again and again.
const INVOICES: i64 = 20_000;
/// What `wait = 0` may cost beside the authority and the mark.
pub(crate) const BESIDE_THE_MARK_MS: f64 = 0.05;

pub(crate) const MARIADB: &str = "MariaDB alone";
pub(crate) const CASSANDRA: &str = "Cassandra alone";
pub(crate) const BY_HAND: &str = "by hand: MariaDB, read back, Cassandra";
pub(crate) const WAITED: &str = "dual_write, copy waited for";
pub(crate) const AT_ONCE: &str = "dual_write, wait = 0";
pub(crate) const NO_RECONCILER: &str = "dual_write, copy waited for, reconciler paused";
pub(crate) const MARK: &str = "one mark, stores in memory";

/// A mark of a customer stands for 10 s after its last write, and is shared by all writes of that customer.
const LINGERS: &str =
    "writes = { wait = \"until_copied\", linger = \"10s\", mark = \"group\" }\nshadow = { sample = \"0%\" }";

/// Crossfade in each stage.
pub(crate) const STAGES: [(&str, Stage, &str); 10] = [
    ("off", Stage::Off, WAITS),
    (WAITED, Stage::DualWrite, WAITS),
    (AT_ONCE, Stage::DualWrite, ANSWERS_AT_ONCE),
    (NO_RECONCILER, Stage::DualWrite, WAITS),
    ("dual_write, copy waited for, linger = 10 s by group", Stage::DualWrite, LINGERS),
    ("shadow, copy waited for", Stage::Shadow, WAITS),
    ("canary, copy waited for", Stage::Canary, WAITS),
    ("live, copy waited for", Stage::Live, WAITS),
    ("ramp_down, copy waited for", Stage::RampDown, WAITS),
    ("complete", Stage::Complete, WAITS),
];

pub(crate) async fn section(servers: &Servers, output: &Output) -> Result<Section> {
    servers.mariadb.seed(INVOICES).await?;
    let mut section = Section::new("Writes through real stores")
        .note(format!("{}, one node each, on the machine of the clients.", servers.versions()))
        .note(
            "\"Alone\" MariaDB is asked on the pool as it is, without what crossfade's SQL store does for a request whose caller goes away. Each client writes as soon as its last write was answered; all ways in turn, in another order each round, every one with the \
             same pools; \"of by hand\" is the median of the ratios of the rounds. The journal is a SQLite file, durable. CPU is that of this process: the clients and the drivers are in it, the \
             servers are not. \"By hand\" marks nothing, so what fails between its two stores stays different.",
        );
    for number in CLIENTS {
        let mut ways = ways(servers).await?;
        rounds(&mut ways, number, || Request::put(fastrand::i64(0..INVOICES)), output).await?;
        section.tables.push(table(&ways, number, ["writes/s", "of by hand"], BY_HAND)?);
        section.goals.extend(goals(&ways, number)?);
        close(ways).await?;
    }
    Ok(section)
}

async fn ways(servers: &Servers) -> Result<Vec<Way>> {
    let mut ways = vec![
        Way::plain(MARIADB, servers.mariadb.bare()),
        Way::plain(CASSANDRA, servers.cassandra.service()),
        Way::plain(BY_HAND, servers.by_hand()),
        Way::plain(MARK, mark_alone(servers).await?),
    ];
    for (name, stage, config) in STAGES {
        let mut migrated = servers.migrated(stage, config).await?;
        if name == NO_RECONCILER {
            migrated = migrated.without_reconciler();
        }
        ways.push(Way::migrated(name, migrated));
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

fn goals(ways: &[Way], number: usize) -> Result<[Goal; 2]> {
    let ratio = median_ratio(&found(ways, WAITED)?.rates, &found(ways, BY_HAND)?.rates);
    let p50 = |name| Ok::<_, anyhow::Error>(found(ways, name)?.seen.quantile(0.5));
    let beside = p50(AT_ONCE)? - p50(MARIADB)? - p50(MARK)?;
    let clients = clients_named(number);
    let waited = format!("{WAITED}, {clients}: throughput over the hand-written loop");
    let at_once = format!("{AT_ONCE}, {clients}: p50 above the authority's and one mark's");
    Ok([
        Goal::at_least(&waited, 0.85, ratio, "x"),
        Goal::at_most(&at_once, BESIDE_THE_MARK_MS, beside, " ms"),
    ])
}
