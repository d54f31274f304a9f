//! Judges a ledger: was an acknowledged write lost, was a read stale, did anything appear that nobody wrote?
//!
//! Writes overlap, so their order is known only where one ended before the other began. A version is *overtaken* when
//! its write ended before another write began, and that other one was acknowledged before the look began. A look is
//! stale when every write that it could have seen was overtaken; an acknowledged write is lost when a look after the
//! end of everything is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use crate::ledger::{At, Fate, HISTORY, Key, ListLook, Look, Notes, Token, Version, Write};

/// A write of unknown fate may land this long after its answer: the stores' late bound and a generous margin.
const SETTLES: Duration = Duration::from_secs(1);
/// How many complaints are kept in words.
const SAMPLES_MAX: usize = 5;

/// What the judge found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    pub(crate) stale_reads: u64,
    pub(crate) lost_writes: u64,
    /// Versions that nobody wrote, or that a write left which surely failed.
    pub(crate) phantoms: u64,
    /// The first complaints in words.
    pub(crate) samples: Vec<String>,
}

/// What a client can have seen of one key, sorted out of the notes.
#[derive(Debug, Default)]
struct KeyHistory {
    writes: Vec<Write>,
}

/// A ledger made ready to be asked.
#[derive(Debug)]
pub(crate) struct Judge {
    keys: BTreeMap<Key, KeyHistory>,
    /// Creates whose id is not known: where one shows up, it belongs.
    homeless: HashMap<Token, Write>,
    looks: Vec<Look>,
    lists: Vec<ListLook>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Fine,
    Overtaken,
    Phantom,
}

impl Judge {
    /// Sorts the notes by key. `stored` is what a store holds now: unknown creates are found in it.
    pub(crate) fn new(notes: Notes, stored: &BTreeMap<Key, Version>) -> Self {
        let mut judge =
            Self { keys: BTreeMap::new(), homeless: HashMap::new(), looks: notes.looks, lists: notes.lists };
        for (key, total) in notes.history {
            judge.keys.entry(key).or_default().writes.push(Write::of_history(key, total));
        }
        for write in notes.writes {
            match (write.invoice, &write.version) {
                (Some(invoice), _) => {
                    judge.keys.entry((write.customer, invoice)).or_default().writes.push(write);
                }
                (None, Some(version)) => drop(judge.homeless.insert(version.token, write)),
                (None, None) => {}
            }
        }
        judge.find_homes(stored);
        judge
    }

    /// Judges every read, and what the authority holds in the end.
    pub(crate) fn judge(&self, stored: &BTreeMap<Key, Version>) -> Findings {
        let mut findings = Findings::default();
        for look in &self.looks {
            findings.note_read(look, self.verdict(look));
        }
        for list in &self.lists {
            self.judge_list(list, &mut findings);
        }
        self.judge_deletes(&mut findings);
        findings.add(self.judge_stored(stored));
        findings
    }

    /// Judges only what a store holds, with everything at rest.
    pub(crate) fn judge_stored(&self, stored: &BTreeMap<Key, Version>) -> Findings {
        let mut findings = Findings::default();
        let keys: BTreeSet<Key> = self.keys.keys().chain(stored.keys()).copied().collect();
        for key in keys {
            let look = Look { key, version: stored.get(&key).cloned(), start: At::MAX, end: At::MAX };
            match self.verdict(&look) {
                Verdict::Fine => {}
                Verdict::Overtaken => findings.complain(Complaint::Lost, &look),
                Verdict::Phantom => findings.complain(Complaint::Phantom, &look),
            }
        }
        findings
    }

    /// A create without an answer belongs to the key under which its token was seen first.
    fn find_homes(&mut self, stored: &BTreeMap<Key, Version>) {
        let in_looks = self.looks.iter().filter_map(|look| Some((look.key, look.version.as_ref()?.token)));
        let in_lists = self.lists.iter().flat_map(|list| {
            list.versions.iter().map(|(&invoice, version)| ((list.customer, invoice), version.token))
        });
        let in_store = stored.iter().map(|(&key, version)| (key, version.token));
        let seen: Vec<(Key, Token)> = in_store.chain(in_looks).chain(in_lists).collect();
        for (key, token) in seen {
            if self.homeless.get(&token).is_some_and(|write| write.customer == key.0)
                && let Some(write) = self.homeless.remove(&token)
            {
                self.keys.entry(key).or_default().writes.push(Write { invoice: Some(key.1), ..write });
            }
        }
    }

    fn verdict(&self, look: &Look) -> Verdict {
        let none = KeyHistory::default();
        self.keys.get(&look.key).unwrap_or(&none).verdict(look)
    }

    /// Everything that was seen, and everything that should have been.
    fn judge_list(&self, list: &ListLook, findings: &mut Findings) {
        let from = (list.customer, list.after.saturating_add(1));
        let known =
            self.keys.range(from..=(list.customer, list.upto.unwrap_or(i64::MAX))).map(|(key, _)| key.1);
        let invoices: BTreeSet<i64> = known.chain(list.versions.keys().copied()).collect();
        for invoice in invoices {
            let version = list.versions.get(&invoice).cloned();
            let look = Look { key: (list.customer, invoice), version, start: list.start, end: list.end };
            findings.note_read(&look, self.verdict(&look));
        }
    }

    /// A put that succeeds on an invoice whose delete was acknowledged before: the delete was lost.
    fn judge_deletes(&self, findings: &mut Findings) {
        for (&key, history) in &self.keys {
            let acked = |write: &&Write| write.fate == Fate::Acked;
            let deletes: Vec<_> =
                history.writes.iter().filter(acked).filter(|w| w.version.is_none()).collect();
            for put in history.writes.iter().filter(acked).filter(|w| w.version.is_some()) {
                if deletes.iter().any(|delete| delete.end < put.start) {
                    let look = Look { key, version: put.version.clone(), start: put.start, end: put.end };
                    findings.complain(Complaint::Lost, &look);
                }
            }
        }
    }
}

impl KeyHistory {
    fn verdict(&self, look: &Look) -> Verdict {
        let mut seen = self.writes.iter().filter(|write| write.could_show(look)).peekable();
        if seen.peek().is_none() {
            // Nothing that a client did explains it; only "not there yet" needs no explanation.
            return match look.version {
                Some(_) => Verdict::Phantom,
                None if self.not_there_yet(look) => Verdict::Fine,
                None => Verdict::Overtaken,
            };
        }
        let fine = seen.any(|write| !self.overtaken(write, look))
            || (look.version.is_none() && self.not_there_yet(look));
        if fine { Verdict::Fine } else { Verdict::Overtaken }
    }

    fn overtaken(&self, seen: &Write, look: &Look) -> bool {
        self.acked_before(look).any(|other| other.start > seen.settled())
    }

    /// No write was acknowledged before the look began, so the invoice may not have been made yet.
    fn not_there_yet(&self, look: &Look) -> bool {
        self.acked_before(look).next().is_none()
    }

    fn acked_before(&self, look: &Look) -> impl Iterator<Item = &Write> {
        let start = look.start;
        self.writes.iter().filter(move |write| write.fate == Fate::Acked && write.end < start)
    }
}

impl Write {
    fn of_history(key: Key, total: String) -> Self {
        Self {
            customer: key.0,
            invoice: Some(key.1),
            version: Some(Version { token: HISTORY, total }),
            creates: true,
            start: At::ZERO,
            end: At::ZERO,
            fate: Fate::Acked,
        }
    }

    /// Whether the look can have seen this write.
    fn could_show(&self, look: &Look) -> bool {
        self.fate != Fate::Failed && self.version == look.version && self.start <= look.end
    }

    /// When the write can no longer land.
    fn settled(&self) -> At {
        if self.fate == Fate::Unknown { self.end + SETTLES } else { self.end }
    }
}

#[derive(Clone, Copy, Debug)]
enum Complaint {
    Stale,
    Lost,
    Phantom,
}

impl Findings {
    pub(crate) fn add(&mut self, other: Self) {
        self.stale_reads += other.stale_reads;
        self.lost_writes += other.lost_writes;
        self.phantoms += other.phantoms;
        self.samples.extend(other.samples);
        self.samples.truncate(SAMPLES_MAX);
    }

    fn note_read(&mut self, look: &Look, verdict: Verdict) {
        match verdict {
            Verdict::Fine => {}
            Verdict::Overtaken => self.complain(Complaint::Stale, look),
            Verdict::Phantom => self.complain(Complaint::Phantom, look),
        }
    }

    fn complain(&mut self, complaint: Complaint, look: &Look) {
        let (count, what) = match complaint {
            Complaint::Stale => (&mut self.stale_reads, "stale read"),
            Complaint::Lost => (&mut self.lost_writes, "lost write"),
            Complaint::Phantom => (&mut self.phantoms, "nobody wrote this"),
        };
        *count += 1;
        if self.samples.len() < SAMPLES_MAX {
            let (customer, invoice) = look.key;
            let seen = look.version.as_ref().map_or_else(
                || "none".to_owned(),
                |version| format!("version {} with total {}", version.token, version.total),
            );
            let when = if look.start == At::MAX {
                "in the end".to_owned()
            } else {
                format!("at {:.3?}", look.start)
            };
            self.samples.push(format!("{what}: customer {customer}, invoice {invoice}: {seen} {when}"));
        }
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
