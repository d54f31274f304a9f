//! What the judge found.

use crate::ledger::{At, Look};

/// How many complaints are kept in words.
const SAMPLES_MAX: usize = 5;

#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    pub(crate) stale_reads: u64,
    pub(crate) lost_writes: u64,
    /// What nobody wrote, or what a write left that surely failed.
    pub(crate) phantoms: u64,
    /// Creates that made more than one invoice.
    pub(crate) made_twice: u64,
    /// The first complaints in words.
    pub(crate) samples: Vec<String>,
}

/// What is to be said about one thing that a look shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fine,
    /// Something newer was acknowledged before the look began.
    Overtaken,
    /// Nobody wrote it.
    Phantom,
}

impl Findings {
    pub(crate) fn add(&mut self, other: Self) {
        self.stale_reads += other.stale_reads;
        self.lost_writes += other.lost_writes;
        self.phantoms += other.phantoms;
        self.made_twice += other.made_twice;
        self.samples.extend(other.samples);
        self.samples.truncate(SAMPLES_MAX);
    }

    /// Of a look at what a store holds with everything at rest, what is overtaken is lost.
    pub(super) fn note(&mut self, look: &Look, what: &str, verdict: Verdict) {
        let (count, says) = match verdict {
            Verdict::Fine => return,
            Verdict::Overtaken if look.start == At::MAX => (&mut self.lost_writes, "lost write"),
            Verdict::Overtaken => (&mut self.stale_reads, "stale read"),
            Verdict::Phantom => (&mut self.phantoms, "nobody wrote this"),
        };
        *count += 1;
        self.say(|| format!("{says} ({what}): {}", in_words(look)));
    }

    /// An acknowledged write that a later answer shows to be lost.
    pub(super) fn lost(&mut self, look: &Look, what: &str) {
        self.lost_writes += 1;
        self.say(|| format!("lost write ({what}): {}", in_words(look)));
    }

    pub(super) fn say(&mut self, sample: impl FnOnce() -> String) {
        if self.samples.len() < SAMPLES_MAX {
            self.samples.push(sample());
        }
    }
}

fn in_words(look: &Look) -> String {
    let (customer, invoice) = look.key;
    let seen = look.seen.as_ref().map_or_else(
        || "none".to_owned(),
        |seen| {
            let (version, closed) = (&seen.version, if seen.closed { "closed" } else { "open" });
            format!(
                "version {} with total {}, {} cents received, {closed}",
                version.token, version.total, seen.received
            )
        },
    );
    let when = if look.start == At::MAX { "in the end".to_owned() } else { format!("at {:.3?}", look.start) };
    format!("customer {customer}, invoice {invoice}: {seen} {when}")
}
