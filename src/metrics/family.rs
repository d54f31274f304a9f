//! One metric family: its name, what it means, and how it is read.

use super::migrations::OTHER;
use super::reading::Reading;

/// The labels of a sample, beside `migration`.
pub(super) type Labels = Vec<(&'static str, &'static str)>;

/// One metric family. The table of them (`families`) is what both adapters go through.
pub(super) struct Family {
    /// As it is scraped.
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) read: Read,
}

/// What a family is, and where its values come from.
pub(super) enum Read {
    /// Only rises.
    Counter(fn(&Reading) -> Vec<(Labels, u64)>),
    /// An amount of something: those of several migrations can be added up.
    Amount(fn(&Reading) -> Vec<(Labels, f64)>),
    /// A state, whose sum over several migrations would mean nothing.
    State(fn(&Reading) -> Vec<(Labels, f64)>),
}

/// What one sample says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Count(u64),
    Level(f64),
}

impl Value {
    fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Count(a), Self::Count(b)) => Self::Count(a + b),
            (Self::Level(a), Self::Level(b)) => Self::Level(a + b),
            // A family is of one kind.
            _ => self,
        }
    }
}

/// One sample: the name of its migration, its other labels, its value.
pub(super) type Sample<'a> = (&'a str, Labels, Value);

impl Family {
    pub(super) const fn counter(
        name: &'static str,
        help: &'static str,
        read: fn(&Reading) -> Vec<(Labels, u64)>,
    ) -> Self {
        Self { name, help, read: Read::Counter(read) }
    }

    pub(super) const fn amount(
        name: &'static str,
        help: &'static str,
        read: fn(&Reading) -> Vec<(Labels, f64)>,
    ) -> Self {
        Self { name, help, read: Read::Amount(read) }
    }

    pub(super) const fn state(
        name: &'static str,
        help: &'static str,
        read: fn(&Reading) -> Vec<(Labels, f64)>,
    ) -> Self {
        Self { name, help, read: Read::State(read) }
    }

    /// The samples of all migrations; those that share the name of what is over the limit are added up.
    pub(super) fn samples<'a>(&self, readings: &'a [(&str, Reading)]) -> Vec<Sample<'a>> {
        let mut samples: Vec<Sample<'a>> = Vec::new();
        for (migration, reading) in readings {
            for (labels, value) in self.read(migration, reading) {
                let same = |(name, known, _): &&mut Sample<'_>| name == migration && *known == labels;
                match samples.iter_mut().rev().find(same) {
                    Some((_, _, sum)) => *sum = sum.plus(value),
                    None => samples.push((*migration, labels, value)),
                }
            }
        }
        samples
    }

    fn read(&self, migration: &str, reading: &Reading) -> Vec<(Labels, Value)> {
        let levels = |read: Vec<(Labels, f64)>| read.into_iter().map(|(l, v)| (l, Value::Level(v))).collect();
        match self.read {
            Read::Counter(read) => {
                read(reading).into_iter().map(|(labels, count)| (labels, Value::Count(count))).collect()
            }
            Read::Amount(read) => levels(read(reading)),
            Read::State(_) if migration == OTHER => Vec::new(),
            Read::State(read) => levels(read(reading)),
        }
    }
}

/// One sample with no label of its own.
pub(super) fn one<V>(value: V) -> Vec<(Labels, V)> {
    vec![(Vec::new(), value)]
}

/// A sample for each value of one label.
pub(super) fn by<V, const N: usize>(label: &'static str, values: [(&'static str, V); N]) -> Vec<(Labels, V)> {
    values.into_iter().map(|(name, value)| (vec![(label, name)], value)).collect()
}

/// 1 for yes, 0 for no.
pub(super) fn yes(flag: bool) -> f64 {
    f64::from(u8::from(flag))
}

/// Seconds since the Unix epoch.
pub(super) fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}
