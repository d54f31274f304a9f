//! The verdict of a run in numbers.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::compare::Comparison;
use crate::faults::Faults;
use crate::judge::Findings;
use crate::report::{Report, Step, say};
use crate::traffic::{Counts, Traffic, percentile_ms};
use crossfade::route::Stage;

const STAGES: [Stage; 7] = [
    Stage::Off,
    Stage::DualWrite,
    Stage::Shadow,
    Stage::Canary,
    Stage::Live,
    Stage::RampDown,
    Stage::Complete,
];
/// The verdict, as it is written with `--json`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Verdict {
    /// So many times as long as usual the steps took.
    pace: f64,
    acknowledged_writes: u64,
    unknown_writes: u64,
    /// Acknowledged writes that a later look did not find, and versions that nobody wrote.
    pub(crate) lost_writes: u64,
    /// Creates, sent once or again, that made more than one invoice.
    pub(crate) made_twice: u64,
    pub(crate) divergent_keys: u64,
    pub(crate) stale_reads: u64,
    /// As the last scrape of the metrics has it; none by hand.
    pub(crate) unaccounted_writes: u64,
    pub(crate) unrecorded_marks: u64,
    scrapes: u64,
    /// Changes that were asked for over the admin API, and made.
    changes: u64,
    marks: u64,
    copies: u64,
    fallbacks: u64,
    mismatches_confirmed: u64,
    mismatches_transient: u64,
    injected_faults: u64,
    pub(crate) requests: u64,
    /// Answers by kind.
    pub(crate) answers: BTreeMap<&'static str, u64>,
    pub(crate) stages: Vec<StageVerdict>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct StageVerdict {
    stage: String,
    pub(crate) seconds: f64,
    pub(crate) requests: u64,
    target_reads: u64,
    copies: u64,
    marks: u64,
    p50_ms: f64,
    p99_ms: f64,
}

impl Report {
    /// The verdict in numbers.
    pub(crate) fn verdict(&self, traffic: &Traffic, faults: &Faults) -> Verdict {
        let stages: Vec<_> = STAGES.into_iter().map(|stage| self.stage_verdict(stage, traffic)).collect();
        let found =
            |count: fn(&Findings) -> u64| self.checks.iter().map(|check| count(&check.findings)).sum();
        let scraped = self.scraped.unwrap_or_default();
        Verdict {
            pace: self.pace,
            acknowledged_writes: self.acknowledged,
            unknown_writes: self.unknown,
            lost_writes: found(|findings| findings.lost_writes + findings.phantoms),
            made_twice: found(|findings| findings.made_twice),
            divergent_keys: self.comparisons().map(|comparison| comparison.differing).sum(),
            stale_reads: found(|findings| findings.stale_reads),
            unaccounted_writes: scraped.unaccounted_writes.abs() as u64,
            unrecorded_marks: scraped.unrecorded_marks as u64,
            scrapes: scraped.scrapes,
            changes: self.account.as_ref().map_or(0, |account| account.changes),
            marks: self.statistics.marks,
            copies: self.statistics.copies,
            fallbacks: self.statistics.fallbacks,
            mismatches_confirmed: self.statistics.mismatches_confirmed,
            mismatches_transient: self.statistics.mismatches_transient,
            injected_faults: faults.total(),
            requests: stages.iter().map(|stage| stage.requests).sum(),
            answers: self.counts_of(traffic, |_| true).kinds,
            stages,
        }
    }

    fn stage_verdict(&self, stage: Stage, traffic: &Traffic) -> StageVerdict {
        let steps = || self.steps.iter().filter(move |step| step.stage == stage);
        let mut counts = self.counts_of(traffic, |step| step.stage == stage);
        StageVerdict {
            stage: stage.to_string(),
            seconds: rounded(steps().map(|step| step.time.as_secs_f64()).sum()),
            requests: counts.requests,
            target_reads: counts.target_reads,
            copies: steps().map(|step| step.copies).sum(),
            marks: steps().map(|step| step.marks).sum(),
            p50_ms: rounded(percentile_ms(&mut counts.latencies, 0.5)),
            p99_ms: rounded(percentile_ms(&mut counts.latencies, 0.99)),
        }
    }

    pub(super) fn counts_of(&self, traffic: &Traffic, wanted: impl Fn(&Step) -> bool) -> Counts {
        let mut counts = Counts::default();
        let steps = self.steps.iter().filter(|step| wanted(step));
        steps.for_each(|step| counts.merge(&traffic.counts(step.number)));
        counts
    }

    pub(super) fn comparisons(&self) -> impl Iterator<Item = &Comparison> {
        self.checks.iter().filter_map(|check| check.comparison.as_ref())
    }
}

impl Verdict {
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// The verdict in a few lines.
    pub(crate) fn show(&self) {
        say("");
        say(&format!(
            "{} requests, {} acknowledged writes, {} of unknown fate, {} injected faults",
            self.requests, self.acknowledged_writes, self.unknown_writes, self.injected_faults
        ));
        let answers: Vec<_> = self.answers.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        say(&format!("answers: {}", answers.join(", ")));
        say(&format!(
            "{} marks, {} copies, {} fallbacks, {} mismatches confirmed, {} transient",
            self.marks, self.copies, self.fallbacks, self.mismatches_confirmed, self.mismatches_transient
        ));
        say(&format!("{} changes over the admin API, {} scrapes of the metrics", self.changes, self.scrapes));
        say(&format!(
            "lost writes {}, made twice {}, divergent keys {}, stale reads {}, unaccounted writes {}, unrecorded marks {}",
            self.lost_writes,
            self.made_twice,
            self.divergent_keys,
            self.stale_reads,
            self.unaccounted_writes,
            self.unrecorded_marks
        ));
        if self.pace != 1.0 {
            say(&format!("at pace {0}: each step took {0} times as long as usual", self.pace));
        }
    }
}

fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}
