//! A closing closes all of its invoices or none, also when nobody knows which.

use std::collections::BTreeMap;

use super::findings::Findings;
use crate::ledger::{Closing, Fate, Key, Sight};

/// Complains about closings of unknown fate of which, with everything at rest, one invoice is closed and another is not.
/// (Of one that was acknowledged, an open invoice is a lost write already.)
pub(super) fn judge(closings: &[Closing], stored: &BTreeMap<Key, Sight>, findings: &mut Findings) {
    let mut closers: BTreeMap<Key, u32> = BTreeMap::new();
    for closing in closings.iter().filter(|closing| closing.tried.fate != Fate::Failed) {
        for key in keys(closing) {
            *closers.entry(key).or_default() += 1;
        }
    }
    for closing in closings.iter().filter(|closing| closing.tried.fate == Fate::Unknown) {
        let closed = |key: &Key| stored.get(key).map(|sight| sight.closed);
        let made = keys(closing).any(|key| closed(&key) == Some(true) && closers.get(&key) == Some(&1));
        let missed = keys(closing).find(|key| closed(key) == Some(false));
        if let (true, Some(key)) = (made, missed) {
            findings.lost_writes += 1;
            findings.say(|| {
                format!("half a closing: {:?} of customer {}, not {}", closing.invoices, key.0, key.1)
            });
        }
    }
}

fn keys(closing: &Closing) -> impl Iterator<Item = Key> {
    closing.invoices.iter().map(|&invoice| (closing.customer, invoice))
}
