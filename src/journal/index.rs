//! Which scopes are dirty, in memory: one atomic count in front of sharded hash counts.

use std::collections::HashMap;
use std::hash::BuildHasher;
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
    keys: HashMap<u64, u32, RandomState>,
    groups: HashMap<u64, Marks, RandomState>,
}

#[derive(Clone, Copy, Debug, Default)]
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
        self.change(scope, |count| *count += 1);
        if *scope == Scope::Everything {
            self.everything.fetch_add(1, Ordering::SeqCst);
        }
        self.rows.fetch_add(1, Ordering::SeqCst);
    }

    /// Takes a mark off the scope.
    pub(crate) fn remove(&self, scope: &Scope) {
        self.change(scope, |count| *count = count.saturating_sub(1));
        if *scope == Scope::Everything {
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

    fn change(&self, scope: &Scope, change: impl Fn(&mut u32)) {
        let Some(group) = scope.group_str() else { return };
        let group = self.hasher.hash_one(group);
        let mut shard = self.shard(group);
        let marks = shard.groups.entry(group).or_default();
        if let Scope::Key(key) = scope {
            change(&mut marks.on_keys);
            shard.forget_zero_of(group);
            shard.change_key(self.hasher.hash_one(key), change);
        } else {
            change(&mut marks.on_group);
            shard.forget_zero_of(group);
        }
    }

    fn shard(&self, group: u64) -> MutexGuard<'_, Shard> {
        // A panic elsewhere leaves counts that are whole: each change is a single addition.
        self.shards[group as usize % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    fn change_key(&mut self, key: u64, change: impl Fn(&mut u32)) {
        let count = self.keys.entry(key).or_default();
        change(count);
        if *count == 0 {
            self.keys.remove(&key);
        }
    }

    fn forget_zero_of(&mut self, group: u64) {
        if self.groups.get(&group).is_some_and(|marks| marks.on_group == 0 && marks.on_keys == 0) {
            self.groups.remove(&group);
        }
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
    fn a_lookup_is_dirty_while_anything_is() {
        let index = DirtyIndex::default();
        assert!(!index.is_dirty(&[]));
        index.add(&key(1, 1));
        assert!(index.is_dirty(&[]));
    }
}
