//! What was counted while the traffic ran.

use std::collections::BTreeMap;
use std::time::Duration;

use super::done::{Done, Trouble};
use super::named::{FROM_LEGACY, FROM_TARGET};
use crossfade::route::Store;

/// Every kind of answer that a run has to meet to prove something: each request that the service takes, and how it refuses.
pub(crate) const KINDS: [&str; 16] = [
    "create",
    "retried create",
    "put",
    "conditional put",
    "unmatched",
    "delete",
    "payment",
    "refused payment",
    "closing",
    "refused closing",
    "get",
    "unchanged get",
    "lookup",
    "list",
    FROM_LEGACY,
    FROM_TARGET,
];

/// What was counted in one step of the walk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) reads: u64,
    pub(crate) target_reads: u64,
    /// Answers 503, those to tries that were repeated included.
    pub(crate) unavailable: u64,
    /// Answered otherwise than a service may.
    pub(crate) broken: u64,
    /// Not sent: too many were on their way.
    pub(crate) shed: u64,
    /// Microseconds from when each request was due to its answer.
    pub(crate) latencies: Vec<u32>,
    /// Answers as they should be, by kind.
    pub(crate) kinds: BTreeMap<&'static str, u64>,
    /// The first strange answer.
    pub(crate) complaint: Option<String>,
}

impl Counts {
    /// All steps of one stage together.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.reads += other.reads;
        self.target_reads += other.target_reads;
        self.unavailable += other.unavailable;
        self.broken += other.broken;
        self.shed += other.shed;
        self.latencies.extend(&other.latencies);
        for (kind, count) in &other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        self.complaint = self.complaint.take().or_else(|| other.complaint.clone());
    }

    /// The share of the answered reads that the target answered, in percent.
    pub(crate) fn target_percent(&self) -> f64 {
        if self.reads == 0 { 0.0 } else { self.target_reads as f64 * 100.0 / self.reads as f64 }
    }

    pub(super) fn add(&mut self, done: &Done, latency: Duration) {
        self.requests += 1;
        self.latencies.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
        self.unavailable += done.unavailable;
        match &done.answered {
            Ok(answered) => {
                *self.kinds.entry(answered.kind).or_default() += 1;
                self.reads += u64::from(answered.read.is_some());
                self.target_reads += u64::from(answered.read == Some(Store::Target));
            }
            Err(Trouble::Unavailable { .. }) => {}
            Err(Trouble::Broken(complaint)) => {
                self.broken += 1;
                self.complaint.get_or_insert_with(|| complaint.clone());
            }
        }
    }
}

/// The latency, in milliseconds, that this share of requests stays below.
pub(crate) fn percentile_ms(latencies: &mut [u32], share: f64) -> f64 {
    if latencies.is_empty() {
        return 0.0;
    }
    let at = ((latencies.len() - 1) as f64 * share) as usize;
    f64::from(*latencies.select_nth_unstable(at).1) / 1_000.0
}
