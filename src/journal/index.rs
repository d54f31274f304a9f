//! Which scopes are dirty, in memory: one atomic count in front of sharded hash counts.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crossbeam_utils::CachePadded;
use foldhash::fast::RandomState;

use crate::data::Scope;

const SHARDS: usize = 16;

/// Counts the marks on every key and group, by hash: two scopes whose hashes collide are dirty together, which
/// costs a read of the authority and is never wrong.
#[derive(Debug)]
pub(crate) struct DirtyIndex {
    /// All mark rows: zero answers every question.
    rows: CachePadded<AtomicU64>,
    everything: AtomicU64,
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Shard {
    keys: HashMap<u64, u32, Hashed>,
    groups: HashMap<u64, Marks, Hashed>,
}

/// For maps by a hash: it is not hashed again.
type Hashed = BuildHasherDefault<AsItIs>;

#[derive(Debug, Default)]
struct AsItIs(u64);

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Marks {
    on_group: u32,
    on_keys: u32,
}

impl Default for DirtyIndex {
    fn default() -> Self {
        Self {
            rows: CachePadded::default(),
            everything: AtomicU64::new(0),
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::default(),
        }
    }
}

impl DirtyIndex {
    /// How many mark rows stand.
    pub(crate) fn rows(&self) -> u64 {
        self.rows.load(Ordering::SeqCst)
    }

    /// How many marks stand on everything.
    pub(crate) fn everything(&self) -> u64 {
        self.everything.load(Ordering::SeqCst)
    }

    /// Counts a mark on the scope.
    pub(crate) fn add(&self, scope: &Scope) {
        if let Some(group) = scope.group_str() {
            let group = self.hasher.hash_one(group);
            let mut shard = self.shard(group);
            let marks = shard.groups.entry(group).or_default();
            if let Scope::Key(key) = scope {
                marks.on_keys += 1;
                *shard.keys.entry(self.hasher.hash_one(key)).or_default() += 1;
            } else {
                marks.on_group += 1;
            }
        } else {
            self.everything.fetch_add(1, Ordering::SeqCst);
        }
        self.rows.fetch_add(1, Ordering::SeqCst);
    }

    /// Takes a mark off the scope.
    pub(crate) fn remove(&self, scope: &Scope) {
        if let Some(group) = scope.group_str() {
            let group = self.hasher.hash_one(group);
            let mut shard = self.shard(group);
            if let Scope::Key(key) = scope {
                take_off(shard.keys.entry(self.hasher.hash_one(key)), |count| count);
                take_off(shard.groups.entry(group), |marks| &mut marks.on_keys);
            } else {
                take_off(shard.groups.entry(group), |marks| &mut marks.on_group);
            }
        } else {
            self.everything.fetch_sub(1, Ordering::SeqCst);
        }
        self.rows.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether a read of the scope may find the stores different. No scope at all asks for everything.
    pub(crate) fn is_dirty(&self, scopes: &[Scope]) -> bool {
        if self.rows.load(Ordering::SeqCst) == 0 {
            return false;
        }
        scopes.is_empty()
            || self.everything.load(Ordering::SeqCst) > 0
            || scopes.iter().any(|s| self.scope_is_dirty(s))
    }

    fn scope_is_dirty(&self, scope: &Scope) -> bool {
        let Some(group) = scope.group_str() else { return true };
        let group = self.hasher.hash_one(group);
        let shard = self.shard(group);
        let marks = shard.groups.get(&group).copied().unwrap_or_default();
        match scope {
            Scope::Key(key) => {
                marks.on_group > 0
                    || (marks.on_keys > 0 && shard.keys.contains_key(&self.hasher.hash_one(key)))
            }
            Scope::Group(_) | Scope::Everything => marks.on_group > 0 || marks.on_keys > 0,
        }
    }

    fn shard(&self, group: u64) -> MutexGuard<'_, Shard> {
        // A panic elsewhere leaves counts that are whole: each change is a single addition.
        self.shards[group as usize % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts one less; what comes to nothing is forgotten.
fn take_off<V: Default + PartialEq>(entry: Entry<'_, u64, V>, count: impl Fn(&mut V) -> &mut u32) {
    let Entry::Occupied(mut entry) = entry else { return };
    let count = count(entry.get_mut());
    *count = count.saturating_sub(1);
    if *entry.get() == V::default() {
        entry.remove();
    }
}

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Group, Key};

    fn key(group: i32, item: i32) -> Scope {
        Key::new(&group, &item).into()
    }

    #[test]
    fn a_key_is_dirty_by_its_own_mark_its_groups_or_everything() {
        for mark in [key(1, 1), Group::new(&1).into(), Scope::Everything] {
            let index = DirtyIndex::default();
            assert!(!index.is_dirty(&[key(1, 1)]));
            index.add(&mark);
            assert!(index.is_dirty(&[key(1, 1)]), "{mark:?}");
            assert_eq!(index.is_dirty(&[key(1, 2)]), mark != key(1, 1), "{mark:?}");
            assert_eq!(index.is_dirty(&[key(2, 1)]), mark == Scope::Everything, "{mark:?}");
            index.remove(&mark);
            assert!(!index.is_dirty(&[key(1, 1)]), "{mark:?}");
        }
    }

    #[test]
    fn a_group_is_dirty_when_any_of_its_keys_is() {
        let index = DirtyIndex::default();
        index.add(&key(1, 1));
        index.add(&key(1, 1));
        assert!(index.is_dirty(&[Group::new(&1).into()]));
        index.remove(&key(1, 1));
        assert!(index.is_dirty(&[Group::new(&1).into()]), "the second mark stands");
        index.remove(&key(1, 1));
        assert!(!index.is_dirty(&[Group::new(&1).into()]));
        assert_eq!(index.rows(), 0);
    }

    #[test]
    fn what_is_no_longer_marked_takes_no_room() {
        let index = DirtyIndex::default();
        for scope in [key(1, 1), key(2, 1), Group::new(&2).into()] {
            index.add(&scope);
            index.remove(&scope);
        }
        for shard in &index.shards {
            let shard = shard.lock().unwrap();
            assert!(shard.keys.is_empty() && shard.groups.is_empty());
        }
    }

    #[test]
    fn a_lookup_is_dirty_while_anything_is() {
        let index = DirtyIndex::default();
        assert!(!index.is_dirty(&[]));
        index.add(&key(1, 1));
        assert!(index.is_dirty(&[]));
    }
}
