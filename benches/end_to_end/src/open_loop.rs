//! Writes at a fixed rate, whatever the answers do: latency counts from when a write should have been made.

use std::time::Duration;

use anyhow::{Context, Result};
use bench_report::{Goal, Output, Section, Table};
use tower::service_fn;
use tower::util::BoxCloneSyncService;

use super::invoices::{Request, Service};
use super::load::{Seen, open, order};
use super::servers::Servers;
use super::writes::{
    AT_ONCE, BESIDE_THE_MARK_MS, BY_HAND, CASSANDRA, MARIADB, MARK, NO_RECONCILER, STAGES, mark_alone,
};

const INVOICES: i64 = 20_000;
const NOTHING: &str = "nothing";

pub(crate) async fn section(servers: &Servers, output: &Output, rate: u32) -> Result<Section> {
    servers.mariadb.seed(INVOICES).await?;
    let mut migrations = Vec::new();
    for (name, stage, config) in STAGES.into_iter().filter(|(name, ..)| *name != NO_RECONCILER) {
        migrations.push((name, servers.migrated(stage, config).await?));
    }
    let mut ways: Vec<(&str, Service, Seen)> = vec![
        (NOTHING, nothing(), Seen::new()),
        (MARIADB, servers.mariadb.bare(), Seen::new()),
        (CASSANDRA, servers.cassandra.service(), Seen::new()),
        (BY_HAND, servers.by_hand(), Seen::new()),
        (MARK, mark_alone(servers).await?, Seen::new()),
    ];
    ways.extend(migrations.iter().map(|(name, it)| (*name, it.service.clone(), Seen::new())));
    let (rounds, lasts) = output.or_quick((3, Duration::from_secs(2)), (1, Duration::from_secs(1)));
    for round in 0..rounds {
        for at in order(ways.len(), round) {
            let (_, service, seen) = &mut ways[at];
            let next = || Request::put(fastrand::i64(0..INVOICES));
            seen.add(&open(service.clone(), rate, lasts, next).await);
        }
    }
    let mut table =
        Table::new("", &["", "answered/s", "p50 ms", "p90 ms", "p99 ms", "CPU µs each", "failed"]);
    for (name, _, seen) in &ways {
        let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|share| seen.quantile(share).into());
        table.row([
            (*name).into(),
            seen.rate().into(),
            p50,
            p90,
            p99,
            seen.cpu_each().into(),
            (seen.failed as f64).into(),
        ]);
    }
    for (_, migrated) in migrations {
        migrated.settled().await?;
        migrated.close().await?;
    }
    let section = Section::new("Writes at a fixed rate").note(format!(
        "{rate} writes a second, each made when it is due; its latency counts from then, so what it takes to begin is in all rows: \"nothing\" is that alone. All ways in turn, in another order each round."
    ));
    Ok(Section { tables: vec![table], goals: vec![beside_the_mark(&ways, rate)?], ..section })
}

/// A request that is made when it is due, and asks for nothing.
fn nothing() -> Service {
    BoxCloneSyncService::new(service_fn(|_| async { Ok(None) }))
}

fn beside_the_mark(ways: &[(&str, Service, Seen)], rate: u32) -> Result<Goal> {
    let p50 = |name: &str| {
        let way = ways.iter().find(|way| way.0 == name).with_context(|| format!("no way is named {name}"));
        way.map(|(_, _, seen)| seen.quantile(0.5))
    };
    // What it takes to make a request when it is due is in each of them, and was taken off twice.
    let beside = p50(AT_ONCE)? - p50(MARIADB)? - p50(MARK)? + p50(NOTHING)?;
    let what = format!("{AT_ONCE}, {rate} writes/s: p50 above the authority's and one mark's");
    Ok(Goal::at_most(&what, BESIDE_THE_MARK_MS, beside, " ms"))
}
