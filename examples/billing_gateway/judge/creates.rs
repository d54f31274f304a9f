//! A create makes one invoice, however often it was sent.

use std::collections::{BTreeMap, BTreeSet};

use super::findings::Findings;
use crate::ledger::{Key, Notes, Sight, Token};

/// Complains about every create whose token stands in more than one invoice, wherever it was seen.
pub(super) fn judge(notes: &Notes, stored: &BTreeMap<Key, Sight>, findings: &mut Findings) {
    let mut places: BTreeMap<Token, BTreeSet<Key>> = BTreeMap::new();
    for write in notes.writes.iter().filter(|write| write.creates) {
        if let Some(version) = &write.version {
            places.entry(version.token).or_default().extend(write.invoice.map(|id| (write.customer, id)));
        }
    }
    for (key, token) in seen(notes).chain(stored.iter().map(|(&key, sight)| (key, sight.version.token))) {
        if let Some(keys) = places.get_mut(&token) {
            keys.insert(key);
        }
    }
    for (token, keys) in places.iter().filter(|(_, keys)| keys.len() > 1) {
        findings.made_twice += 1;
        findings.say(|| format!("create {token} made more than one invoice: {keys:?}"));
    }
}

/// Every token that was seen, and where.
pub(super) fn seen(notes: &Notes) -> impl Iterator<Item = (Key, Token)> {
    let in_looks = notes.looks.iter().filter_map(|look| Some((look.key, look.seen.as_ref()?.version.token)));
    let in_lists = notes.lists.iter().flat_map(|list| {
        list.seen.iter().map(|(&invoice, sight)| ((list.customer, invoice), sight.version.token))
    });
    in_looks.chain(in_lists)
}
