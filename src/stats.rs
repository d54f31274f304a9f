//! What crossfade counts, in process, for gates, the admin API and exporters to read back.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;
use serde::Serialize;

use crate::shard::{SHARDS, shard};

/// A counter that threads do not share a cache line of.
#[derive(Default)]
pub(crate) struct Counter([CachePadded<AtomicU64>; SHARDS]);

impl Counter {
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        self.0[shard()].fetch_add(n, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn one(&self) {
        self.add(1);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.iter().map(|shard| shard.load(Ordering::SeqCst)).sum()
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// An amount that is kept by thread, as a [`Counter`] is: what one thread adds another one may take off.
#[derive(Default)]
pub(crate) struct Gauge(Counter);

impl Gauge {
    #[inline]
    pub(crate) fn up(&self) {
        self.0.one();
    }

    #[inline]
    pub(crate) fn down(&self) {
        // Round the end of the number: one less.
        self.0.add(u64::MAX);
    }

    /// Exact while nothing changes; never below zero.
    pub(crate) fn get(&self) -> u64 {
        let shards = self.0.0.iter().map(|shard| shard.load(Ordering::SeqCst));
        let amount = shards.fold(0, u64::wrapping_add).cast_signed();
        u64::try_from(amount).unwrap_or(0)
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

macro_rules! statistics {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// The counters of one migration.
        #[derive(Debug, Default)]
        pub(crate) struct Stats {
            $(pub(crate) $name: Counter,)+
            pub(crate) writes_in_flight: Gauge,
            pub(crate) writes_held: AtomicU64,
        }

        /// What was counted since the migration was opened.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
        #[non_exhaustive]
        pub struct StatsSnapshot {
            $($(#[doc = $doc])+ pub $name: u64,)+
            /// Keys and groups that were marked wider than named: the journal holds `Limits::marks_max` marks, or the
            /// name is longer than `Limits::scope_bytes_max`.
            pub marks_widened: u64,
            /// Applied writes that have not ended: copying, or about to.
            pub writes_in_flight: u64,
            /// Writes that wait outside of the gate for the end of a change of the authority.
            pub writes_held: u64,
        }

        impl StatsSnapshot {
            /// What was counted after `earlier`. What is in flight or held stays as it is.
            #[must_use]
            pub const fn since(&self, earlier: &Self) -> Self {
                Self {
                    $($name: self.$name.saturating_sub(earlier.$name),)+
                    marks_widened: self.marks_widened.saturating_sub(earlier.marks_widened),
                    writes_in_flight: self.writes_in_flight,
                    writes_held: self.writes_held,
                }
            }
        }

        impl Stats {
            /// The counts, beside what the journal has counted itself. Taken one by one, so they agree with each other
            /// only while traffic rests.
            pub(crate) fn snapshot(&self, marks_widened: u64) -> StatsSnapshot {
                StatsSnapshot {
                    $($name: self.$name.get(),)+
                    marks_widened,
                    writes_in_flight: self.writes_in_flight.get(),
                    writes_held: self.writes_held.load(Ordering::SeqCst),
                }
            }
        }
    };
}

statistics! {
    /// Reads that the target answered as the canary of its cohort.
    canary_reads,
    /// Reads that went to the authority because what they read was dirty.
    dirty_reads,
    /// Writes that the authority applied, in stages that copy.
    writes_applied,
    /// Writes that the authority rejected.
    writes_rejected,
    /// Writes whose outcome on the authority is unknown; their marks stand.
    writes_unknown,
    /// Applied writes that ended copied.
    writes_copied,
    /// Applied writes that ended with their mark left to the reconciler.
    writes_marked,
    /// Applied writes that ended with no mark: the journal was unavailable and the config says `continue`.
    writes_unrecorded,
    /// Writes that the layers refused.
    writes_refused,
    /// Requests that `RouteLayer` refused: not classified, of no scope, held for too long, or after the close.
    requests_refused,
    /// Writes that went on by themselves after their caller was gone.
    writes_rescued,
    /// Writes and copies without a caller that took too long and were given up; their marks stand.
    writes_given_up,
    /// Copies that went on in the background after the caller was answered.
    copies_in_background,
    /// Copies that found no room in the background and stayed marks.
    copies_without_room,
    /// Copies that were not tried because the breaker was open.
    copies_not_tried,
    /// Keys copied to the secondary, by writes, repairs and walks.
    keys_copied,
    /// Copies of a key that failed.
    keys_failed,
    /// Marks recorded, by writes, reads and operators.
    marks,
    /// Marks that writes took over from writes before them, in place of recording their own.
    marks_shared,
    /// Marks that found no room to stand for the writes that follow, and went with their writes.
    marks_without_room,
    /// Marks that could not be recorded.
    unrecorded_marks,
    /// Marks that repairs cleared.
    marks_repaired,
    /// Repairs that failed and gave their marks back.
    repairs_failed,
    /// Marks that became dead letters.
    dead_letters,
    /// Reads answered by legacy because the target failed or was too slow.
    fallbacks_on_error,
    /// Reads answered by legacy because the target did not have the record.
    fallbacks_on_missing,
    /// Reads answered by legacy because both stores were compared and differ.
    fallbacks_on_inconsistent,
    /// Fallbacks that were not made because their budget was spent.
    fallbacks_over_budget,
    /// Shadow reads made.
    shadows,
    /// Shadow reads shed: too many at once, or over the rate cap.
    shadows_shed,
    /// Shadow reads that ran past their deadline.
    shadows_timed_out,
    /// Comparisons that found both answers equal.
    comparisons_matched,
    /// Mismatches that were still there after the confirm delay: missing in the target.
    mismatches_missing_in_target,
    /// Mismatches that were still there after the confirm delay: missing in legacy.
    mismatches_missing_in_legacy,
    /// Mismatches that were still there after the confirm delay: other values.
    mismatches_value,
    /// Comparisons of which one side failed.
    comparisons_error_one_side,
    /// Mismatches that had healed when they were looked at again.
    mismatches_transient,
    /// Pages that the fill has copied.
    fill_pages,
    /// Pages that the fill had to do again.
    fill_retries,
    /// Stage moves committed.
    moves,
    /// Stage moves given up, the old stage kept.
    moves_given_up,
    /// Configs put in force, those of a stage move included.
    swaps,
    /// Configs and stage moves that were refused or given up; the old config went on.
    swaps_refused,
    /// Contents of the watched config file that were put in force.
    reloads,
    /// Contents of the watched config file that were refused, and changes of it that could not be read.
    reloads_failed,
}

impl StatsSnapshot {
    /// Applied writes that ended neither copied, nor marked, nor unrecorded, nor are in flight. Must be 0 while
    /// traffic rests: each is a write that the secondary may never see.
    #[must_use]
    pub const fn unaccounted_writes(&self) -> i64 {
        let ended = self.writes_copied + self.writes_marked + self.writes_unrecorded + self.writes_in_flight;
        self.writes_applied as i64 - ended as i64
    }

    /// Mismatches that were still there when they were looked at again.
    #[must_use]
    pub const fn mismatches_confirmed(&self) -> u64 {
        self.mismatches_missing_in_target + self.mismatches_missing_in_legacy + self.mismatches_value
    }

    /// Reads that legacy answered in place of the target.
    #[must_use]
    pub const fn fallbacks(&self) -> u64 {
        self.fallbacks_on_error + self.fallbacks_on_missing + self.fallbacks_on_inconsistent
    }
}

/// The counts of a sliding window, for whoever decides by the last minutes rather than by everything: call
/// [`push`](Self::push) at a steady pace and read [`counts`](Self::counts).
///
/// ```
/// use crossfade::{StatsSnapshot, StatsWindow};
///
/// let mut window = StatsWindow::new(60); // snapshots
/// for second in 0..100 {
///     let mut now = StatsSnapshot::default(); // routing.stats()
///     now.fallbacks_on_error = second;
///     window.push(now);
/// }
/// assert_eq!(window.counts().fallbacks_on_error, 59);
/// ```
#[derive(Clone, Debug)]
pub struct StatsWindow {
    snapshots: VecDeque<StatsSnapshot>,
    length: usize,
}

impl StatsWindow {
    /// A window over the last `length` snapshots, at least two.
    #[must_use]
    pub fn new(length: usize) -> Self {
        Self { snapshots: VecDeque::new(), length: length.max(2) }
    }

    /// Adds the newest snapshot; the oldest one goes when the window is full.
    pub fn push(&mut self, snapshot: StatsSnapshot) {
        if self.snapshots.len() == self.length {
            self.snapshots.pop_front();
        }
        self.snapshots.push_back(snapshot);
    }

    /// What was counted between the oldest and the newest snapshot; nothing before there are two.
    #[must_use]
    pub fn counts(&self) -> StatsSnapshot {
        match (self.snapshots.front(), self.snapshots.back()) {
            (Some(oldest), Some(newest)) => newest.since(oldest),
            _ => StatsSnapshot::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_thread_adds_another_takes_off() {
        let stats = Stats::default();
        for in_flight in [0, 1] {
            assert_eq!(stats.writes_in_flight.get(), in_flight);
            stats.writes_in_flight.up();
        }
        std::thread::scope(|scope| scope.spawn(|| stats.writes_in_flight.down()).join().unwrap());
        assert_eq!(stats.snapshot(0).writes_in_flight, 1);
        std::thread::scope(|scope| scope.spawn(|| stats.writes_in_flight.down()).join().unwrap());
        assert_eq!(stats.snapshot(0).writes_in_flight, 0);
    }

    #[test]
    fn threads_count_on_cache_lines_of_their_own() {
        let counter = Counter::default();
        for thread in 1..=SHARDS {
            std::thread::scope(|scope| scope.spawn(|| counter.one()).join().unwrap());
            assert_eq!(counter.get(), thread as u64);
        }
        let used = counter.0.iter().filter(|shard| shard.load(Ordering::Relaxed) > 0).count();
        assert!(used > 1, "{SHARDS} threads count in one copy");
        let lines: Vec<_> = counter.0.iter().map(|shard| std::ptr::from_ref(shard).addr()).collect();
        assert!(lines.windows(2).all(|next| next[1] - next[0] >= 64), "{lines:?}");
    }

    #[test]
    fn a_write_that_ended_as_nothing_is_unaccounted() {
        let stats = Stats::default();
        stats.writes_applied.add(5);
        stats.writes_copied.add(2);
        stats.writes_marked.one();
        stats.writes_in_flight.up();
        assert_eq!(stats.snapshot(0).unaccounted_writes(), 1);
        stats.writes_unrecorded.one();
        assert_eq!(stats.snapshot(0).unaccounted_writes(), 0);
    }
}
