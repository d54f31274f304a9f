//! Ways to do the same, in turn: what their clients saw, and the table of it.

use std::time::Duration;

use anyhow::{Context, Result};
use bench_report::{Cell, Output, Table, median, median_ratio};

use super::cassandra::InCassandra;
use super::invoices::{Request, Service};
use super::load::{Seen, clients, closed, order};
use super::mariadb::MariaDb;
use super::migrated::Migrated;

pub(crate) const CLIENTS: [usize; 2] = [1, 32];
const WARM_UP: Duration = Duration::from_millis(200);

/// One way.
pub(crate) struct Way {
    name: &'static str,
    service: Service,
    migrated: Option<Migrated<MariaDb, InCassandra>>,
    pub(crate) seen: Seen,
    pub(crate) rates: Vec<f64>,
}

impl Way {
    pub(crate) fn plain(name: &'static str, service: Service) -> Self {
        Self { name, service, migrated: None, seen: Seen::new(), rates: Vec::new() }
    }

    pub(crate) fn migrated(name: &'static str, migrated: Migrated<MariaDb, InCassandra>) -> Self {
        let service = migrated.service.clone();
        Self { migrated: Some(migrated), ..Self::plain(name, service) }
    }
}

pub(crate) async fn rounds(
    ways: &mut [Way],
    number: usize,
    next: impl Fn() -> Request + Clone + Send + 'static,
    output: &Output,
) -> Result<()> {
    let (rounds, lasts) = output.or_quick((8, Duration::from_millis(800)), (2, Duration::from_millis(500)));
    for round in 0..=rounds {
        for at in order(ways.len(), round) {
            let way = &mut ways[at];
            let lasts = if round == 0 { WARM_UP } else { lasts };
            let seen = closed(clients(&way.service, number, next.clone()), lasts).await;
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

/// A row for each; `base` is the way that the others are compared with.
pub(crate) fn table(ways: &[Way], number: usize, [rate, of_base]: [&str; 2], base: &str) -> Result<Table> {
    let columns = ["", rate, of_base, "p50 ms", "p99 ms", "CPU µs each", "failed"];
    let mut table = Table::new(&clients_named(number), &columns);
    for way in ways {
        let ratio = median_ratio(&way.rates, &found(ways, base)?.rates);
        let [p50, p99] = [0.5, 0.99].map(|share| Cell::from(way.seen.quantile(share)));
        let cpu = way.seen.cpu_each().into();
        let failed = (way.seen.failed as f64).into();
        table.row([way.name.into(), median(&way.rates).into(), ratio.into(), p50, p99, cpu, failed]);
    }
    Ok(table)
}

pub(crate) fn clients_named(number: usize) -> String {
    if number == 1 { "1 client".to_owned() } else { format!("{number} clients") }
}

pub(crate) fn found<'a>(ways: &'a [Way], name: &str) -> Result<&'a Way> {
    ways.iter().find(|way| way.name == name).with_context(|| format!("no way is named {name}"))
}

pub(crate) async fn close(ways: Vec<Way>) -> Result<()> {
    for migrated in ways.into_iter().filter_map(|way| way.migrated) {
        migrated.close().await?;
    }
    Ok(())
}
