//! What only grows: the sum that was received of an invoice, and its closed flag.
//!
//! A look shows at least what was acknowledged before it began, and what an earlier look has shown; and at most what may
//! have been written by its end.

use super::findings::Verdict;
use crate::ledger::{At, Look, Try};

/// A write that makes it grow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    /// Cents; 1 for a closing.
    pub(super) by: i64,
    pub(super) tried: Try,
}

/// One thing that grows, of one key.
#[derive(Clone, Debug, Default)]
pub(super) struct Growing {
    /// What it was before the run.
    pub(super) opening: i64,
    pub(super) writes: Vec<Growth>,
    /// Once full it stays so: a flag.
    pub(super) at_most: Option<i64>,
}

/// What a look showed of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) value: i64,
    pub(super) start: At,
    pub(super) end: At,
}

/// What all looks at one key have shown, to be asked which came before another.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    /// By their ends; each with the most that was shown up to there.
    ends: Vec<(At, i64)>,
}

impl Growing {
    pub(super) fn verdict(&self, shown: Shown, earlier: &Earlier) -> Verdict {
        let acknowledged = self.sum(|tried| tried.acked_before(shown.start));
        if shown.value < acknowledged.max(earlier.most_before(shown.start)) {
            Verdict::Overtaken
        } else if shown.value > self.sum(|tried| tried.possible_by(shown.end)) {
            Verdict::Phantom
        } else {
            Verdict::Fine
        }
    }

    fn sum(&self, counts: impl Fn(Try) -> bool) -> i64 {
        let grown = self.writes.iter().filter(|write| counts(write.tried)).map(|write| write.by);
        let sum = self.opening + grown.sum::<i64>();
        self.at_most.map_or(sum, |most| sum.min(most))
    }
}

impl Earlier {
    pub(super) fn of(mut shown: Vec<Shown>) -> Self {
        shown.sort_unstable_by_key(|shown| shown.end);
        let mut most = i64::MIN;
        let ends = shown.into_iter().map(|shown| {
            most = most.max(shown.value);
            (shown.end, most)
        });
        Self { ends: ends.collect() }
    }

    /// The most that was shown by looks which ended before that moment.
    fn most_before(&self, moment: At) -> i64 {
        match self.ends.partition_point(|&(end, _)| end < moment) {
            0 => i64::MIN,
            count => self.ends[count - 1].1,
        }
    }
}

impl Shown {
    pub(super) fn in_look(look: &Look, value: i64) -> Self {
        Self { value, start: look.start, end: look.end }
    }
}
