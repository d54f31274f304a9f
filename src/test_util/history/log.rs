//! Recording: [`History`], [`Writing`], [`Reading`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex};

use crate::data::Outcome;
use crate::test_util::lock;

/// What callers saw: see the [module docs](super). Clones share it.
///
/// Keeps every write and read, so it grows with the traffic: it is for tests and demonstrations.
pub struct History<K, V> {
    log: Arc<Mutex<Log<K, V>>>,
}

pub(super) struct Log<K, V> {
    now: u64,
    pub(super) initial: BTreeMap<K, V>,
    pub(super) writes: Vec<Write<K, V>>,
    pub(super) reads: Vec<Read<K, V>>,
    pub(super) keys: BTreeSet<K>,
}

/// A write. Until it has ended it is of unknown outcome: so is one whose caller vanished.
#[derive(Clone, Debug)]
pub(super) struct Write<K, V> {
    /// None for a create whose id is not known.
    pub(super) key: Option<K>,
    pub(super) value: Written<V>,
    pub(super) begin: u64,
    /// `u64::MAX` while it may still land.
    pub(super) end: u64,
    pub(super) outcome: Outcome,
}

#[derive(Clone, Debug)]
pub(super) enum Written<V> {
    Value(Option<V>),
    /// The store computes it, and nobody has heard what.
    Computed,
}

#[derive(Clone, Debug)]
pub(super) struct Read<K, V> {
    pub(super) key: K,
    pub(super) value: Option<V>,
    pub(super) begin: u64,
    pub(super) end: u64,
}

/// A write that has begun. Dropped without a word, for example with its caller, its outcome is unknown.
#[must_use = "say how the write ended"]
pub struct Writing<K, V> {
    log: Arc<Mutex<Log<K, V>>>,
    index: usize,
}

/// A read that has begun. Dropped without a word it says nothing.
#[must_use = "say what the read returned"]
pub struct Reading<K, V> {
    log: Arc<Mutex<Log<K, V>>>,
    begin: u64,
}

impl<K: Ord + Clone, V: Clone + PartialEq> History<K, V> {
    /// An empty history of a store that was empty when it began.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_with([])
    }

    /// An empty history of a store that had these records when it began.
    #[must_use]
    pub fn starting_with(records: impl IntoIterator<Item = (K, V)>) -> Self {
        let initial: BTreeMap<K, V> = records.into_iter().collect();
        let log = Log {
            now: 0,
            keys: initial.keys().cloned().collect(),
            initial,
            writes: Vec::new(),
            reads: Vec::new(),
        };
        Self { log: Arc::new(Mutex::new(log)) }
    }

    /// A write of this value, or a delete, begins.
    pub fn write(&self, key: K, value: Option<V>) -> Writing<K, V> {
        self.begin_write(Some(key), Written::Value(value))
    }

    /// A write begins whose value the store computes, such as an increment. Say it with
    /// [`acked_with`](Writing::acked_with); while it is unknown, it may be anything.
    pub fn compute(&self, key: K) -> Writing<K, V> {
        self.begin_write(Some(key), Written::Computed)
    }

    /// A write begins whose key the store assigns. Say it with [`acked_at`](Writing::acked_at); while it is
    /// unknown, the value may turn up under any key.
    pub fn create(&self, value: V) -> Writing<K, V> {
        self.begin_write(None, Written::Value(Some(value)))
    }

    /// A read begins, of one key or of many.
    pub fn read(&self) -> Reading<K, V> {
        let begin = lock(&self.log).tick();
        Reading { log: Arc::clone(&self.log), begin }
    }

    /// Every key that the history began with or that was written or read.
    #[must_use]
    pub fn keys(&self) -> BTreeSet<K> {
        lock(&self.log).keys.clone()
    }

    /// How many writes have begun.
    #[must_use]
    pub fn writes(&self) -> usize {
        lock(&self.log).writes.len()
    }

    /// How many writes ended this way; those that have not ended are unknown.
    #[must_use]
    pub fn writes_that(&self, outcome: Outcome) -> usize {
        let log = lock(&self.log);
        log.writes.iter().filter(|write| write.outcome == outcome).count()
    }

    /// How many reads of a key returned.
    #[must_use]
    pub fn reads(&self) -> usize {
        lock(&self.log).reads.len()
    }

    pub(super) fn log(&self) -> std::sync::MutexGuard<'_, Log<K, V>> {
        lock(&self.log)
    }

    fn begin_write(&self, key: Option<K>, value: Written<V>) -> Writing<K, V> {
        let mut log = lock(&self.log);
        let begin = log.tick();
        log.keys.extend(key.clone());
        log.writes.push(Write { key, value, begin, end: u64::MAX, outcome: Outcome::Unknown });
        Writing { log: Arc::clone(&self.log), index: log.writes.len() - 1 }
    }
}

impl<K, V> Log<K, V> {
    /// The counter begins with 1; what was there at first was written at 0.
    const fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }
}

impl<K: Ord + Clone, V> Writing<K, V> {
    /// The caller was told that it succeeded.
    pub fn acked(self) {
        self.end(Outcome::Applied, |_| ());
    }

    /// The caller was told that it succeeded, and what the store made of it.
    pub fn acked_with(self, value: Option<V>) {
        self.end(Outcome::Applied, |write| write.value = Written::Value(value));
    }

    /// The caller was told that it succeeded, and under which key.
    pub fn acked_at(self, key: K) {
        lock(&self.log).keys.insert(key.clone());
        self.end(Outcome::Applied, |write| write.key = Some(key));
    }

    /// The caller was told that it surely was not written.
    pub fn rejected(self) {
        self.end(Outcome::Rejected, |_| ());
    }

    /// The caller does not know.
    pub fn unknown(self) {
        self.end(Outcome::Unknown, |_| ());
    }

    /// It ended with this outcome.
    pub fn ended(self, outcome: Outcome) {
        self.end(outcome, |_| ());
    }

    fn end(self, outcome: Outcome, learn: impl FnOnce(&mut Write<K, V>)) {
        let mut log = lock(&self.log);
        let now = log.tick();
        let write = &mut log.writes[self.index];
        write.outcome = outcome;
        if outcome != Outcome::Unknown {
            write.end = now;
        }
        learn(write);
    }
}

impl<K: Ord + Clone, V> Reading<K, V> {
    /// It returned this record of this key, or that there is none. A read of many keys says it of each.
    pub fn returned(&self, key: K, value: Option<V>) {
        let mut log = lock(&self.log);
        log.keys.insert(key.clone());
        let read = Read { key, value, begin: self.begin, end: log.tick() };
        log.reads.push(read);
    }
}

impl<K, V> Clone for History<K, V> {
    fn clone(&self) -> Self {
        Self { log: Arc::clone(&self.log) }
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> Default for History<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Debug for History<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = lock(&self.log);
        f.debug_struct("History")
            .field("writes", &log.writes.len())
            .field("reads", &log.reads.len())
            .finish_non_exhaustive()
    }
}

impl<K, V> Debug for Writing<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writing").field("index", &self.index).finish_non_exhaustive()
    }
}

impl<K, V> Debug for Reading<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("begin", &self.begin).finish_non_exhaustive()
    }
}
