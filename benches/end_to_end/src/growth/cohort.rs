//! Rules and list entries of the cohort.

use std::fmt::Write;
use std::hint::black_box;

use anyhow::Result;
use bench_report::{Output, Section, Table, median};
use crossfade::route::{RoutingConfig, Stage};
use tokio::time::Instant;
use tower::ServiceExt;

use super::sections::{line, plot, powers};
use crate::invoices::{InvoiceKey, Request, Service};
use crate::memory::InMemory;
use crate::migrated::Migrated;

const NO_SHADOW: &str = "shadow = { sample = \"0%\" }\n[cohort]\n";
const READS: i64 = 20_000;
const KEYS: i64 = 1_000;

pub(super) async fn section(output: &Output) -> Result<Section> {
    let (legacy, target) = (InMemory::seeded(KEYS), InMemory::seeded(KEYS));
    let services = (legacy.service(), target.service());
    let stage = (Stage::Canary, NO_SHADOW);
    let stack = Migrated::at(stage, "memory:", (legacy, services.0), (target, services.1)).await?;
    let columns = ["entries", "rules: ns", "list: ns"];
    let (mut table, mut points) = (Table::new("", &columns), Vec::new());
    for entries in powers(0, 3) {
        let mut nanos = [0.0; 2];
        for (nanos, config) in nanos.iter_mut().zip([rules(entries), list(entries)]) {
            let config = format!("stage = \"canary\"\n{config}");
            stack.routing.swap(RoutingConfig::from_toml(&config)?).await?.drained().await;
            *nanos = read_nanos(&stack.service, output.or_quick(15, 5)).await?;
        }
        table.row([(entries as f64).into(), nanos[0].into(), nanos[1].into()]);
        points.push((entries as f64, nanos));
    }
    let of = |at: usize| points.iter().map(|(entries, nanos)| (*entries, nanos[at])).collect();
    let lines = vec![line("attribute rules", of(0)), line("entries of `allow`", of(1))];
    let plots =
        vec![plot("cohort.svg", "A read in canary that is in no rule and no list", ("entries", "ns"), lines)];
    let section = Section::new("Growth: rules and lists of the cohort")
        .note("A read in `canary` over stores in memory, of a key that none of the entries takes in: each rule is asked.");
    stack.close().await?;
    Ok(Section { tables: vec![table], plots, ..section })
}

fn rules(entries: i64) -> String {
    let mut config = format!("{NO_SHADOW}rules = [");
    for entry in 0..entries {
        // Writing to a String cannot fail.
        let _ = write!(config, "{{ attribute = \"country\", values = [\"country {entry}\"] }}, ");
    }
    config + "]"
}

fn list(entries: i64) -> String {
    // None of the customers that are read.
    let others: Vec<String> = (0..entries).map(|entry| format!("\"customer {entry}\"")).collect();
    format!("{NO_SHADOW}allow = [{}]", others.join(", "))
}

async fn read_nanos(service: &Service, rounds: usize) -> Result<f64> {
    let mut nanos = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        for n in 0..READS {
            let InvoiceKey { group: customer, item: id } = crate::invoices::key(n % KEYS);
            black_box(service.clone().oneshot(Request::Get { customer, id }).await?);
        }
        nanos.push(start.elapsed().as_secs_f64() * 1e9 / READS as f64);
    }
    Ok(median(&nanos))
}
