//! Which values a history allows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use super::log::{History, Log, Read, Write, Written};
use super::violation::{Span, Violation, WriteShown, differences};
use crate::data::Outcome;

/// The writes that can have made the records of one key, in the order in which they began.
pub(super) struct Register<'a, K, V> {
    pub(super) writes: Vec<&'a Write<K, V>>,
    /// Of the acknowledged writes from here on, the one that ended first.
    first_to_end: Vec<Option<&'a Write<K, V>>>,
}

enum Verdict<'a, K, V> {
    Allowed,
    /// This acknowledged write has surely replaced it before.
    Replaced(&'a Write<K, V>),
    Unwritten,
}

impl<K: Ord + Clone, V: Clone + PartialEq> History<K, V> {
    /// What is broken, given the final records of the authority: first the reads in the order in which they
    /// returned, then the keys. Empty when no acknowledged write is lost and no read was stale.
    #[must_use]
    pub fn violations(&self, authority: impl IntoIterator<Item = (K, V)>) -> Vec<Violation<K, V>> {
        let authority: BTreeMap<K, V> = authority.into_iter().collect();
        let keys: BTreeSet<K> = self.keys().into_iter().chain(authority.keys().cloned()).collect();
        let log = self.log();
        let first: BTreeMap<&K, Write<K, V>> = keys.iter().map(|key| (key, log.first_write(key))).collect();
        let registers = log.registers(&first);
        let reads = log.reads.iter().filter_map(|read| registers.get(&read.key)?.stale(read));
        let lost = registers.iter().filter_map(|(key, register)| register.lost(key, authority.get(*key)));
        reads.chain(lost).collect()
    }

    /// Panics with all violations when a write is lost, a read was stale, or the stores differ.
    ///
    /// # Panics
    /// As said; the message has a line for each violation.
    pub fn assert_holds(
        &self,
        authority: impl IntoIterator<Item = (K, V)>,
        secondary: impl IntoIterator<Item = (K, V)>,
    ) where
        K: Debug,
        V: Debug,
    {
        let authority: Vec<(K, V)> = authority.into_iter().collect();
        let mut violations = self.violations(authority.iter().cloned());
        violations.extend(differences(authority, secondary));
        let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "{} violations:\n{}", lines.len(), lines.join("\n"));
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> Log<K, V> {
    /// What was there when the history began, as a write before all others.
    pub(super) fn first_write(&self, key: &K) -> Write<K, V> {
        Write {
            key: Some(key.clone()),
            value: Written::Value(self.initial.get(key).cloned()),
            begin: 0,
            end: 0,
            outcome: Outcome::Applied,
        }
    }

    pub(super) fn registers<'a>(
        &'a self,
        first: &'a BTreeMap<&'a K, Write<K, V>>,
    ) -> BTreeMap<&'a K, Register<'a, K, V>> {
        let mut writes: BTreeMap<&K, Vec<&Write<K, V>>> =
            first.iter().map(|(key, write)| (*key, vec![write])).collect();
        for write in self.writes.iter().filter(|write| write.outcome != Outcome::Rejected) {
            match &write.key {
                Some(key) => writes.entry(key).or_default().push(write),
                None => writes.values_mut().for_each(|writes| writes.push(write)),
            }
        }
        writes.into_iter().map(|(key, writes)| (key, Register::new(writes))).collect()
    }
}

impl<'a, K, V: Clone + PartialEq> Register<'a, K, V> {
    /// `writes` in the order in which they began.
    fn new(writes: Vec<&'a Write<K, V>>) -> Self {
        let mut first_to_end = vec![None; writes.len() + 1];
        for at in (0..writes.len()).rev() {
            let acked = writes[at].is_acked_here().then_some(writes[at]);
            first_to_end[at] =
                [acked, first_to_end[at + 1]].into_iter().flatten().min_by_key(|write| write.end);
        }
        Self { writes, first_to_end }
    }

    /// Whether the register can have held `value` at some time between `begin` and `end`.
    fn judge(&self, value: Option<&V>, begin: u64, end: u64) -> Verdict<'a, K, V> {
        let begun = self.writes.partition_point(|write| write.begin < end);
        let mut verdict = Verdict::Unwritten;
        for write in self.writes[..begun].iter().rev().filter(|write| write.may_be(value)) {
            match self.replaced_by(write) {
                Some(newer) if newer.end < begin => {
                    if matches!(verdict, Verdict::Unwritten) {
                        verdict = Verdict::Replaced(newer);
                    }
                }
                _ => return Verdict::Allowed,
            }
        }
        verdict
    }

    /// The acknowledged write that ended first of those that began after this one had ended.
    fn replaced_by(&self, write: &Write<K, V>) -> Option<&'a Write<K, V>> {
        let after = self.writes.partition_point(|newer| newer.begin <= write.end);
        self.first_to_end[after]
    }

    fn stale(&self, read: &Read<K, V>) -> Option<Violation<K, V>>
    where
        K: Clone,
    {
        let (key, returned) = (read.key.clone(), read.value.clone());
        let span = Span { begin: read.begin, end: read.end };
        match self.judge(read.value.as_ref(), read.begin, read.end) {
            Verdict::Allowed => None,
            Verdict::Replaced(newer) => {
                Some(Violation::StaleRead { key, returned, read: span, missed: newer.shown() })
            }
            Verdict::Unwritten => Some(Violation::UnwrittenRead { key, returned, read: span }),
        }
    }

    fn lost(&self, key: &K, found: Option<&V>) -> Option<Violation<K, V>>
    where
        K: Clone,
    {
        let (key, value) = (key.clone(), found.cloned());
        match self.judge(found, u64::MAX, u64::MAX) {
            Verdict::Allowed => None,
            Verdict::Replaced(newer) => Some(Violation::LostWrite { key, found: value, lost: newer.shown() }),
            Verdict::Unwritten => Some(Violation::UnwrittenRecord { key, found: value }),
        }
    }
}

impl<K, V: Clone + PartialEq> Write<K, V> {
    pub(super) fn may_be(&self, value: Option<&V>) -> bool {
        self.value().is_none_or(|written| written == value)
    }

    /// A create that was acknowledged without a key may be of another one, so it replaces nothing here.
    fn is_acked_here(&self) -> bool {
        self.outcome == Outcome::Applied && self.key.is_some()
    }

    /// What was written, as far as it is known.
    pub(super) fn value(&self) -> Option<Option<&V>> {
        match &self.value {
            Written::Value(value) => Some(value.as_ref()),
            Written::Computed => None,
        }
    }

    pub(super) fn shown(&self) -> WriteShown<V> {
        let value = self.value().flatten().cloned();
        WriteShown { value, span: Span { begin: self.begin, end: self.end } }
    }
}
