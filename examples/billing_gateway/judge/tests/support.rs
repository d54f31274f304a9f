//! Made-up notes, mostly about one key.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::judge::{Findings, Judge};
use crate::ledger::{At, Closing, Fate, Key, Look, Notes, Payment, Sight, Token, Try, Version, Write};

pub(super) const KEY: Key = (1, 10);

pub(super) fn at(millis: u64) -> At {
    Duration::from_millis(millis)
}

pub(super) fn version(token: Token) -> Version {
    Version { token, total: format!("{token}.00") }
}

pub(super) fn sight(token: Token) -> Sight {
    Sight { version: version(token), received: 0, closed: false }
}

pub(super) fn tried(start: u64, end: u64, fate: Fate) -> Try {
    Try { start: at(start), end: at(end), fate }
}

/// A write of `token`, or a delete when it is 0.
pub(super) fn write(token: Token, start: u64, end: u64, fate: Fate) -> Write {
    Write {
        customer: KEY.0,
        invoice: Some(KEY.1),
        version: (token > 0).then(|| version(token)),
        creates: token == 1,
        tried: tried(start, end, fate),
    }
}

pub(super) fn look(token: Token, start: u64, end: u64) -> Look {
    Look { key: KEY, seen: (token > 0).then(|| sight(token)), start: at(start), end: at(end) }
}

pub(super) fn payment(cents: i64, start: u64, end: u64, fate: Fate) -> Payment {
    Payment { key: KEY, cents, tried: tried(start, end, fate) }
}

pub(super) fn closing(invoices: &[i64], start: u64, end: u64, fate: Fate) -> Closing {
    Closing { customer: KEY.0, invoices: invoices.to_vec(), tried: tried(start, end, fate) }
}

/// Everything, with this in the store at the end.
pub(super) fn findings(notes: Notes, stored: &[(Key, Sight)]) -> Findings {
    let stored: BTreeMap<_, _> = stored.iter().cloned().collect();
    Judge::new(notes, &stored).judge(&stored)
}

/// Lost writes, stale reads and phantoms.
pub(super) fn counts(findings: &Findings) -> (u64, u64, u64) {
    (findings.lost_writes, findings.stale_reads, findings.phantoms)
}
