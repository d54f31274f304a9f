//! Whether the reads of a key agree on one order of its values.

use std::collections::BTreeMap;

use super::judge::Register;
use super::log::{History, Write};
use super::violation::{Span, Violation};

/// What the write of one value and the reads that returned it say of when the register held it.
///
/// With `first_end` before `last_begin` it held the value all the time between them. Else one moment between
/// `last_begin` and `first_end` is enough for all of them. An unknown write that nobody saw has all the time from its
/// begin on, so it clashes with nothing.
struct Zone<'a, K, V> {
    write: &'a Write<K, V>,
    first_end: u64,
    last_begin: u64,
}

impl<K: Ord + Clone, V: Clone + PartialEq> History<K, V> {
    /// The keys whose reads agree on no order of the values: one of two values is seen again after the other, or
    /// while the other was there all the time. Stricter than [`violations`](Self::violations), which lets writes that
    /// overlap take either order for each reader anew; a store that is one register for each key never shows this.
    ///
    /// Looks only at values that a single write of the key can have made, and compares all writes of a key with each
    /// other and with all its reads: for thousands of operations on a key, not for millions.
    #[must_use]
    pub fn reads_out_of_order(&self) -> Vec<Violation<K, V>> {
        let keys = self.keys();
        let log = self.log();
        let first: BTreeMap<&K, Write<K, V>> = keys.iter().map(|key| (key, log.first_write(key))).collect();
        let registers = log.registers(&first);
        let out_of_order = registers.iter().filter_map(|(key, register)| {
            let reads = log.reads.iter().filter(|read| read.key == **key);
            let (one, other) =
                clash(register.zones(reads.map(|read| (read.value.as_ref(), read.begin, read.end))))?;
            Some(Violation::OutOfOrder {
                key: (*key).clone(),
                held: one.write.shown().value,
                held_during: one.span(),
                seen: other.write.shown().value,
                seen_during: other.span(),
            })
        });
        out_of_order.collect()
    }
}

impl<'a, K, V: Clone + PartialEq> Register<'a, K, V> {
    /// The zones of the values that only one write can have made; none while any write may have made any value.
    fn zones<'r>(&self, reads: impl Iterator<Item = (Option<&'r V>, u64, u64)>) -> Vec<Zone<'a, K, V>>
    where
        V: 'r,
    {
        if self.writes.iter().any(|write| write.value().is_none()) {
            return Vec::new();
        }
        let single = self.writes.iter().filter(|write| {
            let value = write.value().flatten();
            self.writes.iter().filter(|other| other.may_be(value)).count() == 1
        });
        let mut zones: Vec<Zone<'a, K, V>> = single.map(|write| Zone::of(write)).collect();
        for (value, begin, end) in reads {
            if let Some(zone) = zones.iter_mut().find(|zone| zone.write.may_be(value)) {
                zone.first_end = zone.first_end.min(end);
                zone.last_begin = zone.last_begin.max(begin);
            }
        }
        zones
    }
}

impl<'a, K, V> Zone<'a, K, V> {
    const fn of(write: &'a Write<K, V>) -> Self {
        Self { write, first_end: write.end, last_begin: write.begin }
    }

    const fn lasts(&self) -> bool {
        self.first_end < self.last_begin
    }

    fn span(&self) -> Span {
        Span { begin: self.first_end.min(self.last_begin), end: self.first_end.max(self.last_begin) }
    }
}

/// A zone that lasts, and another that needs a moment in it.
fn clash<K, V>(zones: Vec<Zone<'_, K, V>>) -> Option<(Zone<'_, K, V>, Zone<'_, K, V>)> {
    let (mut lasting, momentary): (Vec<_>, Vec<_>) = zones.into_iter().partition(Zone::lasts);
    lasting.sort_unstable_by_key(|zone| zone.first_end);
    if let Some(at) = lasting.windows(2).position(|pair| pair[1].first_end < pair[0].last_begin) {
        let other = lasting.swap_remove(at + 1);
        return Some((lasting.swap_remove(at), other));
    }
    for moment in momentary {
        let after = lasting.partition_point(|zone| zone.first_end < moment.last_begin);
        if after > 0 && moment.first_end < lasting[after - 1].last_begin {
            return Some((lasting.swap_remove(after - 1), moment));
        }
    }
    None
}
