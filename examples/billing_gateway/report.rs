//! What the demo collects on the way and shows as it goes.

use std::time::Duration;

use crate::admin_client::Account;
use crate::compare::Comparison;
use crate::judge::Findings;
use crate::mover::Statistics;
use crate::scrape::Scraped;
use crate::traffic::{Traffic, percentile_ms};
use crossfade::route::Stage;

/// One step of the walk that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) stage: Stage,
    pub(crate) label: String,
    pub(crate) time: Duration,
    /// Its number in the traffic's counts.
    pub(crate) number: usize,
    pub(crate) marks: u64,
    pub(crate) copies: u64,
    pub(crate) fallbacks: u64,
}

/// One look into the stores.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) when: &'static str,
    /// None when only one store counts any more.
    pub(crate) comparison: Option<Comparison>,
    pub(crate) findings: Findings,
}

/// How a step goes right now.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) name: String,
    pub(crate) time: Duration,
    pub(crate) requests: u64,
    /// The newest, in microseconds.
    pub(crate) latencies: Vec<u32>,
    pub(crate) marks_left: u64,
    pub(crate) statistics: Statistics,
}

/// What is collected on the way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) steps: Vec<Step>,
    pub(crate) checks: Vec<Check>,
    pub(crate) statistics: Statistics,
    pub(crate) acknowledged: u64,
    pub(crate) unknown: u64,
    /// So many times as long as usual the steps took.
    pub(crate) pace: f64,
    /// Reads that legacy answered while the target was gone.
    pub(crate) outage_fallbacks: u64,
    /// What the metrics and the journal say in the end; by hand there are none.
    pub(crate) scraped: Option<Scraped>,
    pub(crate) account: Option<Account>,
}

impl Report {
    pub(crate) fn at_pace(pace: f64) -> Self {
        Self { pace, ..Self::default() }
    }

    /// The table: one line a step.
    pub(crate) fn show_table(&self, traffic: &Traffic) {
        say("");
        say(&format!(
            "{:<32} {:>6} {:>8} {:>6} {:>8} {:>8} {:>7} {:>7} {:>7} {:>9} {:>5}",
            "stage",
            "s",
            "requests",
            "req/s",
            "p50 ms",
            "p99 ms",
            "target",
            "copies",
            "marks",
            "fallbacks",
            "503"
        ));
        for step in &self.steps {
            let mut counts = traffic.counts(step.number);
            let seconds = step.time.as_secs_f64();
            say(&format!(
                "{:<32} {:>6.1} {:>8} {:>6.0} {:>8.2} {:>8.1} {:>6.1}% {:>7} {:>7} {:>9} {:>5}",
                name(step.stage, &step.label),
                seconds,
                counts.requests,
                counts.requests as f64 / seconds,
                percentile_ms(&mut counts.latencies, 0.5),
                percentile_ms(&mut counts.latencies, 0.99),
                counts.target_percent(),
                step.copies,
                step.marks,
                step.fallbacks,
                counts.unavailable,
            ));
        }
    }
}

/// A stage and what is special about the step.
pub(crate) fn name(stage: Stage, label: &str) -> String {
    if label.is_empty() { stage.to_string() } else { format!("{stage}, {label}") }
}

/// Prints one line.
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// How fast a step goes.
pub(crate) fn rates_line(now: &Progress) -> String {
    let (mut latencies, seconds) = (now.latencies.clone(), now.time.as_secs_f64());
    format!(
        "  {:<30} {seconds:>4.1} s  {:>5.0} req/s  p50 {:>5.1} ms  p99 {:>6.1} ms",
        now.name,
        now.requests as f64 / seconds,
        percentile_ms(&mut latencies, 0.5),
        percentile_ms(&mut latencies, 0.99),
    )
}

/// What crossfade counted up to now.
pub(crate) fn counts_line(now: &Progress) -> String {
    format!(
        "marks left {:<4} copies {:<6} fallbacks {:<5} mismatches {} (transient {})",
        now.marks_left,
        now.statistics.copies,
        now.statistics.fallbacks,
        now.statistics.mismatches_confirmed,
        now.statistics.mismatches_transient,
    )
}

/// What a look into the stores found.
pub(crate) fn check_line(check: &Check) -> String {
    let findings = &check.findings;
    let stores = check.comparison.as_ref().map_or_else(String::new, |found| {
        format!(
            "legacy {} invoices, sum {}; target {} invoices, sum {}; {} keys differ; ",
            found.legacy_invoices,
            found.legacy_total,
            found.target_invoices,
            found.target_total,
            found.differing
        )
    });
    format!(
        "check {}: {stores}lost {}, stale {}, written by nobody {}, made twice {}",
        check.when, findings.lost_writes, findings.stale_reads, findings.phantoms, findings.made_twice
    )
}
