//! The set of rows that stand.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use foldhash::fast::RandomState;

use crate::data::Scopes;
use crate::journal::model::{Epoch, MarkId, Micros};

/// How many rows may stand after their writes have ended. What finds no room goes with its write.
pub const STANDING_ROWS_MAX: usize = 16_384;

/// The rows of writes that have ended, until they are taken over or taken out.
#[derive(Debug, Default)]
pub(in crate::journal) struct Standing {
    /// How many there are: zero answers a write without the lock.
    rows: AtomicUsize,
    set: Mutex<Set>,
}

/// One mark that stands, of a row for each of its scopes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) first: MarkId,
    pub(super) epoch: Epoch,
    /// When it was asked for.
    pub(super) since: Micros,
    /// When it goes.
    pub(super) until: Micros,
}

/// What became of a mark that was to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Stands,
    /// It stands, and nobody is there yet who takes it out in time.
    StandsAlone,
    NoRoom,
    /// Nothing stands any more.
    Closed,
}

#[derive(Debug, Default)]
struct Set {
    /// Those of one write after another, by the time when they go.
    by_scopes: HashMap<Scopes, VecDeque<Row>, RandomState>,
    by_time: BTreeMap<(Micros, MarkId), Scopes>,
    /// Marks that were to go and found the queue of the journal full. Nobody takes them over.
    overdue: Vec<(MarkId, Scopes)>,
    rows: usize,
    swept: bool,
    closed: bool,
}

impl Standing {
    pub(in crate::journal) fn rows(&self) -> usize {
        self.rows.load(Ordering::SeqCst)
    }

    /// Takes a mark over that stands on exactly these scopes and was made in this epoch.
    pub(super) fn take(&self, scopes: &Scopes, epoch: Epoch, now: Micros) -> Option<Row> {
        self.change(|set| set.take(scopes, epoch, now))
    }

    /// Lets a mark stand, where there is room.
    pub(super) fn keep(&self, scopes: &Scopes, row: Row) -> Kept {
        self.change(|set| {
            if set.closed {
                return Kept::Closed;
            }
            if set.rows + scopes.len() > STANDING_ROWS_MAX {
                return Kept::NoRoom;
            }
            set.put(scopes, row);
            if std::mem::replace(&mut set.swept, true) { Kept::Stands } else { Kept::StandsAlone }
        })
    }

    /// Takes the marks out that have stood until now.
    pub(super) fn due(&self, now: Micros) -> Vec<(MarkId, Scopes)> {
        self.change(|set| set.due(now))
    }

    /// What could not be taken out: it is due at once.
    pub(super) fn put_back(&self, marks: &[(MarkId, Scopes)]) {
        self.change(|set| {
            set.rows += marks.iter().map(|(_, scopes)| scopes.len()).sum::<usize>();
            set.overdue.extend_from_slice(marks);
        });
    }

    /// When the next mark is due. Nobody sweeps any more when there is none.
    pub(super) fn next_due(&self, now: Micros) -> Option<Micros> {
        self.change(|set| {
            let next = set.by_time.first_key_value().map(|((until, _), _)| *until);
            let next = if set.overdue.is_empty() { next } else { Some(now) };
            set.swept = next.is_some();
            next
        })
    }

    /// Whoever swept has gone away.
    pub(super) fn unswept(&self) {
        self.change(|set| set.swept = false);
    }

    /// Takes everything out. Nothing stands from here on.
    pub(in crate::journal) fn close(&self) -> Vec<(MarkId, Scopes)> {
        self.change(|set| {
            set.closed = true;
            set.due(Micros::MAX)
        })
    }

    pub(super) fn reopen(&self) {
        self.change(|set| set.closed = false);
    }

    /// The rows, by number.
    #[cfg(test)]
    #[cfg(feature = "sqlite")]
    pub(in crate::journal) fn ids(&self) -> std::collections::BTreeSet<MarkId> {
        self.change(|set| {
            let kept = set.by_time.iter().map(|((_, first), scopes)| (*first, scopes));
            let overdue = set.overdue.iter().map(|(first, scopes)| (*first, scopes));
            kept.chain(overdue).flat_map(|(first, scopes)| first..first + scopes.len() as u64).collect()
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut Set) -> T) -> T {
        // A panic elsewhere leaves a set that is whole but for its count at most, which then only leaves less room.
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut set);
        self.rows.store(set.rows, Ordering::SeqCst);
        changed
    }
}

impl Set {
    fn put(&mut self, scopes: &Scopes, row: Row) {
        self.rows += scopes.len();
        self.by_time.insert((row.until, row.first), scopes.clone());
        let rows = self.by_scopes.entry(scopes.clone()).or_default();
        let at = rows.partition_point(|other| other.until <= row.until);
        rows.insert(at, row);
    }

    /// The one that goes last: the others are left to go when fewer writes run at once.
    fn take(&mut self, scopes: &Scopes, epoch: Epoch, now: Micros) -> Option<Row> {
        let rows = self.by_scopes.get(scopes)?;
        let at = rows.iter().rposition(|row| row.epoch == epoch && row.until > now)?;
        let row = self.forget(scopes, at)?;
        self.by_time.remove(&(row.until, row.first));
        self.rows -= scopes.len();
        Some(row)
    }

    fn due(&mut self, now: Micros) -> Vec<(MarkId, Scopes)> {
        let mut due = std::mem::take(&mut self.overdue);
        while let Some(next) = self.by_time.first_entry().filter(|next| next.key().0 <= now) {
            let ((_, first), scopes) = next.remove_entry();
            // What goes next of all goes next of its scopes, or at the same time.
            let at =
                self.by_scopes.get(&scopes).and_then(|rows| rows.iter().position(|row| row.first == first));
            at.and_then(|at| self.forget(&scopes, at));
            due.push((first, scopes));
        }
        self.rows -= due.iter().map(|(_, scopes)| scopes.len()).sum::<usize>();
        due
    }

    fn forget(&mut self, scopes: &Scopes, at: usize) -> Option<Row> {
        let rows = self.by_scopes.get_mut(scopes)?;
        let row = rows.remove(at);
        if rows.is_empty() {
            self.by_scopes.remove(scopes);
        }
        row
    }
}
