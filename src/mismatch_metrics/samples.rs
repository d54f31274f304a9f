//! The newest mismatches, for people to look at.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::compare::{Class, Difference};
use crate::data::Scopes;
use crate::journal::Micros;
use crate::route::{Stage, Store};

/// How many scopes of one read a sample names.
const SCOPES_SHOWN: usize = 4;

/// One mismatch that was still there when it was looked at again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Sample {
    /// When it was confirmed: microseconds since the Unix epoch.
    pub at: Micros,
    /// The stage that the read was planned in.
    pub stage: Stage,
    /// The store that had answered the caller.
    pub answered: Store,
    /// What kind of mismatch.
    pub class: Class,
    /// What was read, keys as salted hashes unless [`log_keys`](crate::data::log_keys) is on.
    pub scope: String,
    /// Where the answers differ, as far as the comparison knows.
    pub differences: Vec<Difference>,
}

/// The newest mismatches. A clone looks at the same ones.
#[derive(Clone, Debug)]
pub struct Samples(Arc<Ring>);

#[derive(Debug)]
struct Ring {
    max: usize,
    samples: Mutex<VecDeque<Sample>>,
}

impl Samples {
    pub(super) fn new(max: usize) -> Self {
        let samples = Mutex::default();
        Self(Arc::new(Ring { max, samples }))
    }

    /// The samples, newest first.
    #[must_use]
    pub fn newest_first(&self) -> Vec<Sample> {
        self.ring().iter().rev().cloned().collect()
    }

    /// Forgets all of them, for example after a repair.
    pub fn clear(&self) {
        self.ring().clear();
    }

    pub(super) fn push(&self, sample: Sample) {
        let mut ring = self.ring();
        ring.push_back(sample);
        if ring.len() > self.0.max {
            ring.pop_front();
        }
    }

    fn ring(&self) -> MutexGuard<'_, VecDeque<Sample>> {
        // A panic elsewhere leaves a ring that is whole: a sample is pushed or it is not.
        self.0.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The scopes as they are shown to people.
pub(super) fn shown(scopes: &Scopes) -> String {
    let names = scopes.iter().take(SCOPES_SHOWN).map(ToString::to_string);
    let mut text = names.collect::<Vec<_>>().join(", ");
    if scopes.len() > SCOPES_SHOWN {
        // Writing into a string cannot fail.
        let _ = write!(text, " and {} more", scopes.len() - SCOPES_SHOWN);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Key, Scope};

    fn sample(at: Micros) -> Sample {
        Sample {
            at,
            stage: Stage::Shadow,
            answered: Store::Legacy,
            class: Class::Value,
            scope: String::new(),
            differences: Vec::new(),
        }
    }

    #[test]
    fn the_ring_keeps_the_newest() {
        let samples = Samples::new(2);
        (1..=5).for_each(|at| samples.push(sample(at)));
        let kept: Vec<_> = samples.newest_first().iter().map(|s| s.at).collect();
        assert_eq!(kept, [5, 4]);
        samples.clear();
        assert!(samples.newest_first().is_empty());
    }

    #[test]
    fn a_ring_of_none_keeps_none() {
        let samples = Samples::new(0);
        samples.push(sample(1));
        assert!(samples.newest_first().is_empty());
    }

    #[test]
    fn keys_are_hashed_and_long_lists_are_cut() {
        let keys: Scopes = (0..6).map(|i| Scope::from(Key::new(&"smith".to_owned(), &i))).collect();
        let text = shown(&keys);
        assert!(text.ends_with("and 2 more") && !text.contains("smith"), "{text}");
    }
}
