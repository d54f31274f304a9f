//! The verdict of a run: its numbers, and everything that keeps it from being a success.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::compare::Comparison;
use crate::demo::CANARY_HALF;
use crate::faults::{COPYING, FAULTS_WANTED, Faults};
use crate::judge::Findings;
use crate::report::{Check, Report, Step, name, say};
use crate::traffic::{Counts, FROM_TARGET, IN_ITS_PLACE, KINDS, Traffic, percentile_ms};
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
/// The share of the reads that the target must have answered, in percent: zeros in the verdict prove little without.
const TARGET_READS: [(Stage, Option<&str>, f64); 3] =
    [(Stage::Canary, Some(CANARY_HALF), 30.0), (Stage::Live, None, 80.0), (Stage::RampDown, None, 100.0)];

/// The verdict, as it is written with `--json`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Verdict {
    acknowledged_writes: u64,
    unknown_writes: u64,
    /// Acknowledged writes that a later look did not find, and versions that nobody wrote.
    lost_writes: u64,
    /// Creates, sent once or again, that made more than one invoice.
    made_twice: u64,
    divergent_keys: u64,
    stale_reads: u64,
    unaccounted_writes: u64,
    marks: u64,
    copies: u64,
    fallbacks: u64,
    mismatches_confirmed: u64,
    mismatches_transient: u64,
    injected_faults: u64,
    requests: u64,
    /// Answers by kind.
    answers: BTreeMap<&'static str, u64>,
    stages: Vec<StageVerdict>,
}

#[derive(Clone, Debug, Serialize)]
struct StageVerdict {
    stage: String,
    seconds: f64,
    requests: u64,
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
        Verdict {
            acknowledged_writes: self.acknowledged,
            unknown_writes: self.unknown,
            lost_writes: found(|findings| findings.lost_writes + findings.phantoms),
            made_twice: found(|findings| findings.made_twice),
            divergent_keys: self.comparisons().map(|comparison| comparison.differing).sum(),
            stale_reads: found(|findings| findings.stale_reads),
            unaccounted_writes: self.statistics.unaccounted_writes,
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

    /// Everything that keeps the run from being a success, in words.
    pub(crate) fn complaints(&self, verdict: &Verdict, traffic: &Traffic, faults: &Faults) -> Vec<String> {
        let mut complaints = Vec::new();
        for (count, what) in [
            (verdict.lost_writes, "acknowledged writes are lost"),
            (verdict.made_twice, "creates made more than one invoice"),
            (verdict.divergent_keys, "keys differ"),
            (verdict.stale_reads, "reads were stale"),
            (verdict.unaccounted_writes, "writes are unaccounted"),
        ] {
            if count > 0 {
                complaints.push(format!("{count} {what}"));
            }
        }
        if self.comparisons().any(|comparison| !comparison.equal()) {
            complaints.push("the sums of both stores differ".into());
        }
        complaints.extend(self.samples());
        complaints.extend(self.target_read_complaints(traffic));
        complaints.extend(self.named_complaint(traffic));
        complaints.extend(fault_complaints(faults));
        complaints.extend(kind_complaints(&verdict.answers));
        complaints.extend(
            self.steps.iter().flat_map(|step| traffic_complaints(step, &traffic.counts(step.number))),
        );
        complaints
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

    fn counts_of(&self, traffic: &Traffic, wanted: impl Fn(&Step) -> bool) -> Counts {
        let mut counts = Counts::default();
        let steps = self.steps.iter().filter(|step| wanted(step));
        steps.for_each(|step| counts.merge(&traffic.counts(step.number)));
        counts
    }

    fn comparisons(&self) -> impl Iterator<Item = &Comparison> {
        self.checks.iter().filter_map(|check| check.comparison.as_ref())
    }

    fn samples(&self) -> impl Iterator<Item = String> {
        let of = |check: &Check| {
            let differing = check.comparison.iter().flat_map(|comparison| comparison.samples.clone());
            differing
                .chain(check.findings.samples.clone())
                .map(|sample| format!("{}: {sample}", check.when))
                .collect()
        };
        self.checks.iter().flat_map(of as fn(&Check) -> Vec<String>)
    }

    /// Reads that named the target and came from legacy nearly always would prove little of it.
    fn named_complaint(&self, traffic: &Traffic) -> Option<String> {
        let kinds = self.counts_of(traffic, |_| true).kinds;
        let count = |kind| kinds.get(kind).copied().unwrap_or_default();
        let (target, in_its_place) = (count(FROM_TARGET), count(IN_ITS_PLACE));
        (target < in_its_place).then(|| {
            format!("of the reads that named the target, it answered {target} and legacy {in_its_place}")
        })
    }

    fn target_read_complaints(&self, traffic: &Traffic) -> Vec<String> {
        let mut complaints = Vec::new();
        for (stage, label, wanted) in TARGET_READS {
            let counts = self.counts_of(traffic, |step| {
                step.stage == stage && label.is_none_or(|label| step.label == label)
            });
            let percent = counts.target_percent();
            if percent < wanted {
                complaints.push(format!(
                    "{}: the target answered {percent:.1} % of the reads, at least {wanted} % is asked",
                    name(stage, label.unwrap_or_default())
                ));
            }
        }
        complaints
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
        say(&format!(
            "lost writes {}, made twice {}, divergent keys {}, stale reads {}, unaccounted writes {}",
            self.lost_writes, self.made_twice, self.divergent_keys, self.stale_reads, self.unaccounted_writes
        ));
    }
}

fn fault_complaints(faults: &Faults) -> Vec<String> {
    let missing = COPYING.into_iter().flat_map(|stage| {
        faults.missing(stage).into_iter().map(move |(store, kind, hits)| {
            format!("{stage}: {kind:?} came {hits} times to the {store:?} store, {FAULTS_WANTED} are asked")
        })
    });
    missing.collect()
}

fn kind_complaints(answers: &BTreeMap<&'static str, u64>) -> Vec<String> {
    let missing = KINDS.into_iter().filter(|kind| !answers.contains_key(kind));
    missing.map(|kind| format!("no request had the answer {kind:?}, so the run did not try it")).collect()
}

fn traffic_complaints(step: &Step, counts: &Counts) -> Vec<String> {
    let name = name(step.stage, &step.label);
    let mut complaints = Vec::new();
    if counts.broken > 0 {
        let first = counts.complaint.as_deref().unwrap_or("no sample");
        complaints.push(format!("{name}: {} answers were wrong, the first: {first}", counts.broken));
    }
    if counts.shed > 0 {
        complaints.push(format!("{name}: {} requests found no room to be sent", counts.shed));
    }
    complaints
}

fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}
