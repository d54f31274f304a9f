//! Reads in a closed loop: each store alone, and through crossfade in each stage.

use anyhow::Result;
use bench_report::{Output, Section};
use crossfade::route::Stage;

use super::by_hand;
use super::invoices::Request;
use super::servers::Servers;
use super::ways::{CLIENTS, Way, close, rounds, table};
use super::writes::{CASSANDRA, MARIADB};

/// How many invoices are read, again and again.
const INVOICES: i64 = 20_000;
const NO_SHADOW: &str = "shadow = { sample = \"0%\" }";
const EVERY_SHADOW: &str = "shadow = { sample = \"100%\" }";
const IN_THE_COHORT: &str = "shadow = { sample = \"0%\" }\n[cohort]\nweight = \"100%\"";
const STAGES: [(&str, Stage, &str); 7] = [
    ("off", Stage::Off, NO_SHADOW),
    ("dual_write", Stage::DualWrite, NO_SHADOW),
    ("shadow, sample = 100 %", Stage::Shadow, EVERY_SHADOW),
    ("canary, in the cohort", Stage::Canary, IN_THE_COHORT),
    ("live", Stage::Live, NO_SHADOW),
    ("ramp_down", Stage::RampDown, NO_SHADOW),
    ("complete", Stage::Complete, NO_SHADOW),
];

pub(crate) async fn section(servers: &Servers, output: &Output) -> Result<Section> {
    servers.mariadb.seed(INVOICES).await?;
    servers.cassandra.clear().await?;
    by_hand::copy(&servers.mariadb, &servers.cassandra).await?;
    let mut section = Section::new("Reads through real stores").note(
        "As the writes; both stores have every invoice, and no key is dirty. Up to `shadow` MariaDB answers, from `canary` on \
         Cassandra, with a fallback armed before `ramp_down`. A shadow read is made beside the traffic, at most 64 at once and \
         500 a second, and no caller waits for it.",
    );
    for number in CLIENTS {
        let mut ways = ways(servers).await?;
        rounds(&mut ways, number, || Request::get(fastrand::i64(0..INVOICES)), output).await?;
        section.tables.push(table(&ways, number, ["reads/s", "of MariaDB alone"], MARIADB)?);
        close(ways).await?;
    }
    Ok(section)
}

async fn ways(servers: &Servers) -> Result<Vec<Way>> {
    let mut ways =
        vec![Way::plain(MARIADB, servers.mariadb.bare()), Way::plain(CASSANDRA, servers.cassandra.service())];
    for (name, stage, config) in STAGES {
        ways.push(Way::migrated(name, servers.migrated(stage, config).await?));
    }
    Ok(ways)
}
