//! The judge: what is known of every key, and every look held against it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::findings::Findings;
use super::growing::{Earlier, Growing, Growth, Shown};
use super::{closings, creates, versions};
use crate::ledger::{At, Key, ListLook, Look, Notes, Sight, Token, Write};

/// All that clients did to one key.
#[derive(Debug, Default)]
struct KeyNotes {
    writes: Vec<Write>,
    received: Growing,
    closed: Growing,
    received_before: Earlier,
    closed_before: Earlier,
}

/// A ledger made ready to be asked.
#[derive(Debug)]
pub(crate) struct Judge {
    keys: BTreeMap<Key, KeyNotes>,
    notes: Notes,
}

impl Judge {
    /// Sorts the notes by key. `stored` is what a store holds now: unknown creates are found in it.
    pub(crate) fn new(notes: Notes, stored: &BTreeMap<Key, Sight>) -> Self {
        let mut judge = Self { keys: BTreeMap::new(), notes };
        judge.sort_writes(stored);
        judge.sort_growth();
        judge.sort_looks();
        judge
    }

    /// Judges every read, and what the authority holds in the end.
    pub(crate) fn judge(&self, stored: &BTreeMap<Key, Sight>) -> Findings {
        let mut findings = Findings::default();
        for look in &self.notes.looks {
            self.judge_look(look, &mut findings);
        }
        for list in &self.notes.lists {
            self.judge_list(list, &mut findings);
        }
        self.judge_deletes(&mut findings);
        findings.add(self.judge_stored(stored));
        findings
    }

    /// Judges only what a store holds, with everything at rest.
    pub(crate) fn judge_stored(&self, stored: &BTreeMap<Key, Sight>) -> Findings {
        let mut findings = Findings::default();
        let keys: BTreeSet<Key> = self.keys.keys().chain(stored.keys()).copied().collect();
        for key in keys {
            let look = Look { key, seen: stored.get(&key).cloned(), start: At::MAX, end: At::MAX };
            self.judge_look(&look, &mut findings);
        }
        creates::judge(&self.notes, stored, &mut findings);
        closings::judge(&self.notes.closings, stored, &mut findings);
        findings
    }

    fn judge_look(&self, look: &Look, findings: &mut Findings) {
        let none = KeyNotes::default();
        let key = self.keys.get(&look.key).unwrap_or(&none);
        findings.note(look, "version", versions::verdict(&key.writes, look));
        if let Some(seen) = &look.seen {
            let received = Shown::in_look(look, seen.received);
            findings.note(look, "received", key.received.verdict(received, &key.received_before));
            let closed = Shown::in_look(look, i64::from(seen.closed));
            findings.note(look, "closed", key.closed.verdict(closed, &key.closed_before));
        }
    }

    /// Everything that was seen, and everything that should have been.
    fn judge_list(&self, list: &ListLook, findings: &mut Findings) {
        let from = (list.customer, list.after.saturating_add(1));
        let known =
            self.keys.range(from..=(list.customer, list.upto.unwrap_or(i64::MAX))).map(|(key, _)| key.1);
        let invoices: BTreeSet<i64> = known.chain(list.seen.keys().copied()).collect();
        for invoice in invoices {
            let seen = list.seen.get(&invoice).cloned();
            let look = Look { key: (list.customer, invoice), seen, start: list.start, end: list.end };
            self.judge_look(&look, findings);
        }
    }

    /// A put that succeeds on an invoice whose delete was acknowledged before: the delete was lost.
    fn judge_deletes(&self, findings: &mut Findings) {
        for (&key, notes) in &self.keys {
            let deletes: Vec<_> = notes.writes.iter().filter(|write| write.version.is_none()).collect();
            for put in notes.writes.iter().filter(|write| write.version.is_some()) {
                let (start, end) = (put.tried.start, put.tried.end);
                let acked = put.tried.acked_before(At::MAX);
                if acked && deletes.iter().any(|delete| delete.tried.acked_before(start)) {
                    findings.lost(&Look { key, seen: None, start, end }, "a delete, by a put after it");
                }
            }
        }
    }

    fn sort_writes(&mut self, stored: &BTreeMap<Key, Sight>) {
        for (&key, opening) in &self.notes.history {
            let notes = self.keys.entry(key).or_default();
            notes.writes.push(versions::of_history(key, opening));
            notes.received.opening = opening.received;
        }
        // Creates whose id is not known: where the token of one shows up, it belongs.
        let mut homeless: HashMap<Token, &Write> = HashMap::new();
        for write in &self.notes.writes {
            match (write.invoice, &write.version) {
                (Some(invoice), _) => {
                    self.keys.entry((write.customer, invoice)).or_default().writes.push(write.clone());
                }
                (None, Some(version)) => drop(homeless.insert(version.token, write)),
                (None, None) => {}
            }
        }
        let in_store = stored.iter().map(|(&key, sight)| (key, sight.version.token));
        for (key, token) in in_store.chain(creates::seen(&self.notes)) {
            if homeless.get(&token).is_some_and(|write| write.customer == key.0)
                && let Some(write) = homeless.remove(&token)
            {
                let write = Write { invoice: Some(key.1), ..write.clone() };
                self.keys.entry(key).or_default().writes.push(write);
            }
        }
    }

    fn sort_growth(&mut self) {
        for payment in &self.notes.payments {
            let growth = Growth { by: payment.cents, tried: payment.tried };
            self.keys.entry(payment.key).or_default().received.writes.push(growth);
        }
        for closing in &self.notes.closings {
            for &invoice in &closing.invoices {
                let key = self.keys.entry((closing.customer, invoice)).or_default();
                key.closed.writes.push(Growth { by: 1, tried: closing.tried });
            }
        }
        for key in self.keys.values_mut() {
            key.closed.at_most = Some(1);
        }
    }

    fn sort_looks(&mut self) {
        let mut received: HashMap<Key, Vec<Shown>> = HashMap::new();
        let mut closed: HashMap<Key, Vec<Shown>> = HashMap::new();
        let mut sort = |key, sight: &Sight, start, end| {
            received.entry(key).or_default().push(Shown { value: sight.received, start, end });
            closed.entry(key).or_default().push(Shown { value: i64::from(sight.closed), start, end });
        };
        for look in &self.notes.looks {
            if let Some(sight) = &look.seen {
                sort(look.key, sight, look.start, look.end);
            }
        }
        for list in &self.notes.lists {
            for (&invoice, sight) in &list.seen {
                sort((list.customer, invoice), sight, list.start, list.end);
            }
        }
        for (key, shown) in received {
            self.keys.entry(key).or_default().received_before = Earlier::of(shown);
        }
        for (key, shown) in closed {
            self.keys.entry(key).or_default().closed_before = Earlier::of(shown);
        }
    }
}
