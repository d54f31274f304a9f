//! Everything that keeps a run from being a success, in words: what went wrong, and where it proved too little.

use std::collections::BTreeMap;

use crossfade::route::Stage;

use crate::admin_client::Account;
use crate::demo::CANARY_HALF;
use crate::faults::{COPYING, FAULTS_WANTED, Faults};
use crate::report::{Check, Report, Step, name};
use crate::traffic::{Counts, FROM_TARGET, IN_ITS_PLACE, KINDS, Traffic};
use crate::verdict::Verdict;

/// The share of the reads that the target must have answered, in percent: zeros in the verdict prove little without.
const TARGET_READS: [(Stage, Option<&str>, f64); 3] =
    [(Stage::Canary, Some(CANARY_HALF), 30.0), (Stage::Live, None, 80.0), (Stage::RampDown, None, 100.0)];
/// The share of the requests asked for that must have been sent.
const RATE_REACHED: f64 = 0.9;
/// Reads that legacy must have answered while the target was gone.
const OUTAGE_FALLBACKS: u64 = 10;

impl Report {
    /// Everything that keeps the run from being a success, in words.
    pub(crate) fn complaints(&self, verdict: &Verdict, traffic: &Traffic, faults: &Faults) -> Vec<String> {
        let mut complaints = Vec::new();
        for (count, what) in [
            (verdict.lost_writes, "acknowledged writes are lost"),
            (verdict.made_twice, "creates made more than one invoice"),
            (verdict.divergent_keys, "keys differ"),
            (verdict.stale_reads, "reads were stale"),
            (verdict.unaccounted_writes, "writes are unaccounted"),
            (verdict.unrecorded_marks, "marks were not recorded"),
        ] {
            if count > 0 {
                complaints.push(format!("{count} {what}"));
            }
        }
        if self.comparisons().any(|comparison| !comparison.equal()) {
            complaints.push("the sums of both stores differ".into());
        }
        complaints.extend(self.samples());
        complaints.extend(self.account.iter().flat_map(account_complaints));
        complaints.extend(
            self.steps.iter().flat_map(|step| traffic_complaints(step, &traffic.counts(step.number))),
        );
        let too_little = self.too_little(verdict, traffic, faults);
        complaints.extend(too_little.into_iter().map(|reason| format!("proved too little: {reason}")));
        complaints
    }

    /// Where zeros in the verdict say little.
    fn too_little(&self, verdict: &Verdict, traffic: &Traffic, faults: &Faults) -> Vec<String> {
        let mut reasons = self.target_read_complaints(traffic);
        reasons.extend(self.named_complaint(traffic));
        reasons.extend(fault_complaints(faults));
        reasons.extend(kind_complaints(&verdict.answers));
        reasons.extend(rate_complaint(verdict, traffic.rate()));
        if self.account.is_some() && self.outage_fallbacks < OUTAGE_FALLBACKS {
            let fallbacks = self.outage_fallbacks;
            reasons.push(format!("while the target was gone only {fallbacks} reads fell back"));
        }
        reasons
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

fn account_complaints(account: &Account) -> Vec<String> {
    let Account { changes, audited, dead_letters, .. } = account;
    let mut complaints = Vec::new();
    if changes != audited {
        complaints.push(format!("{changes} changes were made, and the audit log has {audited} of them"));
    }
    if *dead_letters > 0 {
        complaints.push(format!("{dead_letters} marks are dead letters"));
    }
    complaints
}

fn rate_complaint(verdict: &Verdict, asked: u32) -> Option<String> {
    let seconds: f64 = verdict.stages.iter().map(|stage| stage.seconds).sum();
    let reached = verdict.requests as f64 / seconds;
    let enough = reached >= f64::from(asked) * RATE_REACHED;
    (!enough).then(|| format!("{reached:.0} requests a second were sent, {asked} are asked"))
}
