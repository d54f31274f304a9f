//! The data set of the stores in memory: [`Numbers`].

use crate::data::{DataSet, RecordKey};

/// Group and item of a record, both plain integers.
pub type NumberKey = (i64, i64);

/// A data set that is enough to try every kind of request: integers for keys, a version and a text for a record.
#[derive(Clone, Copy, Debug)]
pub struct Numbers;

/// The record of [`Numbers`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Number {
    /// A number that a conditional write looks at and an increment raises.
    pub version: u64,
    /// What a lookup searches. Give each write a text of its own, and a [`History`](super::History) can tell them
    /// apart.
    pub text: String,
}

impl Number {
    /// The record with this version and text.
    #[must_use]
    pub fn new(version: u64, text: impl Into<String>) -> Self {
        Self { version, text: text.into() }
    }
}

impl DataSet for Numbers {
    type Group = i64;
    type Item = i64;
    type Record = Number;

    fn same(a: &Number, b: &Number) -> bool {
        a == b
    }
}

pub(super) const fn typed((group, item): NumberKey) -> RecordKey<Numbers> {
    RecordKey { group, item }
}

pub(super) const fn plain(key: &RecordKey<Numbers>) -> NumberKey {
    (key.group, key.item)
}
