//! What a store in memory holds, and what each request makes of it.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::error::StoreError;
use super::number::{Number, NumberKey, Numbers};
use super::request::{Answer, Request};
use crate::data::Stamp;
use crate::journal::micros;
use crate::records::Change;
use crate::route::Store;

/// How many replaces a store remembers; older ones are forgotten.
pub const REPLACES_KEPT_MAX: usize = 100_000;

/// A replace that landed in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The group and item of the record.
    pub key: NumberKey,
    /// The record; none for a delete.
    pub record: Option<Number>,
    /// The stamp that came with it.
    pub stamp: Stamp,
    /// Whether it was written: a store that keeps stamps leaves out what is not newer than what it has.
    pub won: bool,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) replaces: VecDeque<Replaced>,
    /// The largest id given out by the store's own sequence.
    pub(super) last_id: u64,
    keeps_stamps: bool,
    entries: BTreeMap<NumberKey, Entry>,
}

/// A record, or the tombstone that it left in a store that keeps stamps.
#[derive(Clone, Debug)]
struct Entry {
    stamp: Stamp,
    record: Option<Number>,
}

/// The store's own clock: wall time that rises with tokio's clock, and with each look at it.
#[derive(Debug)]
pub(super) struct Clock {
    base: Stamp,
    start: Instant,
    last: Stamp,
}

impl Clock {
    fn new() -> Self {
        Self {
            base: micros(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()),
            start: Instant::now(),
            last: Stamp::MIN,
        }
    }

    /// Puts the clock forward, or back: its stamps rise all the same.
    pub(super) const fn move_by(&mut self, by: Stamp) {
        self.base = self.base.saturating_add(by);
    }

    /// A stamp above all before it.
    pub(super) fn tick(&mut self) -> Stamp {
        self.last = self.now().max(self.last.saturating_add(1));
        self.last
    }

    /// What the clock shows: no less than any stamp taken from it.
    pub(super) fn shows(&self) -> Stamp {
        self.now().max(self.last)
    }

    fn now(&self) -> Stamp {
        self.base.saturating_add(micros(self.start.elapsed()))
    }
}

impl State {
    pub(super) fn new(store: Store, keeps_stamps: bool) -> Self {
        Self {
            store,
            clock: Clock::new(),
            replaces: VecDeque::new(),
            last_id: 0,
            keeps_stamps,
            entries: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, key: NumberKey) -> Option<&Number> {
        self.entries.get(&key)?.record.as_ref()
    }

    pub(super) fn stamp(&self, key: NumberKey) -> Option<Stamp> {
        let entry = self.entries.get(&key)?;
        self.keeps_stamps.then_some(entry.stamp)
    }

    pub(super) fn records(&self) -> impl Iterator<Item = (NumberKey, &Number)> {
        present(self.entries.iter())
    }

    pub(super) fn page(
        &self,
        group: Option<i64>,
        after: Option<NumberKey>,
        limit: usize,
    ) -> Vec<(NumberKey, Number)> {
        let first = group.map_or((i64::MIN, i64::MIN), |group| (group, i64::MIN));
        let from = match after {
            Some(after) if after >= first => Bound::Excluded(after),
            _ => Bound::Included(first),
        };
        present(self.entries.range((from, Bound::Unbounded)))
            .take_while(|((of, _), _)| group.is_none_or(|group| group == *of))
            .take(limit)
            .map(|(key, record)| (key, record.clone()))
            .collect()
    }

    /// Lets a copy in; the larger stamp wins where stamps are kept.
    pub(super) fn replace(&mut self, key: NumberKey, record: Option<Number>, stamp: Stamp) {
        let won = self.stamp(key).is_none_or(|stored| stamp > stored);
        if won {
            self.set(key, record.clone(), stamp);
        }
        if self.replaces.len() == REPLACES_KEPT_MAX {
            self.replaces.pop_front();
        }
        self.replaces.push_back(Replaced { key, record, stamp, won });
    }

    /// A write of the store's own: newer than what it replaces, whatever its clock shows.
    pub(super) fn write(&mut self, key: NumberKey, record: Option<Number>) {
        let above = self.stamp(key).map_or(Stamp::MIN, |stored| stored.saturating_add(1));
        let stamp = self.clock.tick().max(above);
        self.set(key, record, stamp);
    }

    /// Does what a request asks for. `id` is for a create whose id does not come from the store's own sequence.
    pub(super) fn answer(&mut self, request: Request, id: Option<u64>) -> Result<Answer, StoreError> {
        match request {
            Request::Get { group, item } => Ok(Answer::Record(self.get((group, item)).cloned())),
            Request::List { group } => Ok(Answer::Records(self.page(Some(group), None, usize::MAX))),
            Request::FindByText(text) => Ok(Answer::Records(self.find(&text))),
            Request::Put { group, item, record } => Ok(self.put((group, item), Some(record))),
            Request::Delete { group, item } => Ok(self.put((group, item), None)),
            Request::Create { group, record } => Ok(Answer::Created { item: self.create(group, record, id) }),
            Request::Increment { group, item, by } => self.increment((group, item), by),
            Request::PutIf { group, item, expected, record } => self.put_if((group, item), expected, record),
            Request::PutMany(records) => {
                for (key, record) in records {
                    self.write(key, Some(record));
                }
                Ok(Answer::Done)
            }
        }
    }

    fn put(&mut self, key: NumberKey, record: Option<Number>) -> Answer {
        self.write(key, record);
        Answer::Done
    }

    /// Takes whatever id comes: one that was given out before replaces a record, as a store that keys by id does.
    pub(super) fn create(&mut self, group: i64, record: Number, id: Option<u64>) -> i64 {
        let id = id.unwrap_or_else(|| {
            self.last_id += 1;
            self.last_id
        });
        let item = i64::try_from(id).unwrap_or(i64::MAX);
        self.write((group, item), Some(record));
        item
    }

    /// Reads, changes and writes, all in one; what the change rejects is not written.
    pub(super) fn update(&mut self, key: NumberKey, change: &Change<Numbers>) -> Option<Number> {
        let stored = self.get(key).cloned();
        let mut record = stored.clone();
        if !change.apply(&mut record) {
            return None;
        }
        if stored.is_some() || record.is_some() {
            self.write(key, record.clone());
        }
        record
    }

    fn increment(&mut self, key: NumberKey, by: u64) -> Result<Answer, StoreError> {
        let mut record = self.stored(key)?.clone();
        record.version = record.version.saturating_add(by);
        self.write(key, Some(record.clone()));
        Ok(Answer::Written(record))
    }

    fn put_if(&mut self, key: NumberKey, expected: u64, record: Number) -> Result<Answer, StoreError> {
        let found = self.stored(key)?.version;
        if found == expected {
            return Ok(self.put(key, Some(record)));
        }
        Err(StoreError::VersionMoved { store: self.store, group: key.0, item: key.1, expected, found })
    }

    fn stored(&self, key: NumberKey) -> Result<&Number, StoreError> {
        self.get(key).ok_or(StoreError::NotFound { store: self.store, group: key.0, item: key.1 })
    }

    fn find(&self, text: &str) -> Vec<(NumberKey, Number)> {
        let found = self.records().filter(|(_, record)| record.text == text);
        found.map(|(key, record)| (key, record.clone())).collect()
    }

    fn set(&mut self, key: NumberKey, record: Option<Number>, stamp: Stamp) {
        if record.is_none() && !self.keeps_stamps {
            self.entries.remove(&key);
        } else {
            self.entries.insert(key, Entry { stamp, record });
        }
    }
}

fn present<'a>(
    entries: impl Iterator<Item = (&'a NumberKey, &'a Entry)>,
) -> impl Iterator<Item = (NumberKey, &'a Number)> {
    entries.filter_map(|(key, entry)| Some((*key, entry.record.as_ref()?)))
}
