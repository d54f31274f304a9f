//! When a store misbehaves: a seeded schedule, and the count of what was injected.
//!
//! The schedule counts calls, not seconds: each block of calls to a store has one fault of each kind at a place that
//! the seed decides, so that a busy stage cannot miss a kind. Only a store that is gone is gone for a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::request::StoreError;
use crossfade::route::{Stage, Store};

/// How often each kind has to hit each store in each stage that copies.
pub(crate) const FAULTS_WANTED: u64 = 5;
/// One slow and one failing call in this many calls of a store; one lost answer in this many of its writes.
const CALLS_PER_BLOCK: u64 = 150;
const WRITES_PER_BLOCK: u64 = 100;
/// How long a store is gone, and how long it is back before it goes again (to this comes up to half as much).
const GONE: Duration = Duration::from_millis(20);
const BACK: Duration = Duration::from_millis(500);
/// How often a store goes away in one stage: more would be more than a few percent of its calls.
const GONE_TIMES_MAX: u64 = FAULTS_WANTED + 2;
/// How long a call to a store that is gone hangs when it is not refused at once.
const GONE_TIMEOUT: Duration = Duration::from_millis(20);
/// A write whose answer is lost lands this long after the caller has given up, at the most.
pub(crate) const LATE_MAX: Duration = Duration::from_millis(80);

/// What can go wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The call takes longer.
    Slow,
    /// The call is refused before the store sees it.
    Failing,
    /// The write is applied, at once or somewhat later, and the caller gets a timeout.
    LostAnswer,
    /// Every call is refused or times out, for a while.
    Gone,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Slow, Self::Failing, Self::LostAnswer, Self::Gone];
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Slow(Duration),
    Failing,
    /// The write lands this long after the caller was told that nobody answered.
    LostAnswer(Duration),
    GoneRefused,
    GoneTimeout,
}

/// The stages in which both stores are written.
pub(crate) const COPYING: [Stage; 5] =
    [Stage::DualWrite, Stage::Shadow, Stage::Canary, Stage::Live, Stage::RampDown];
const QUIET: usize = COPYING.len();

/// The schedule of both stores. Quiet until a stage is set.
#[derive(Clone, Debug)]
pub(crate) struct Faults(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    seed: u64,
    started: Instant,
    /// Index into [`COPYING`], or [`QUIET`].
    stage: AtomicUsize,
    stores: [Schedule; 2],
}

#[derive(Debug, Default)]
struct Schedule {
    calls: AtomicU64,
    writes: AtomicU64,
    /// Microseconds since the start.
    gone_until: AtomicU64,
    next_gone: AtomicU64,
    /// Calls hit, by stage and kind; for [`Kind::Gone`] the times that the store went away and a call met it.
    hits: [[AtomicU64; 4]; COPYING.len()],
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Shared {
            seed,
            started: Instant::now(),
            stage: AtomicUsize::new(QUIET),
            stores: Default::default(),
        }))
    }

    /// Injects from now on for `stage`; nothing in a stage that does not copy, nor for `None`.
    pub(crate) fn set_stage(&self, stage: Option<Stage>) {
        let index = stage.and_then(|stage| COPYING.iter().position(|&copying| copying == stage));
        self.0.stage.store(index.unwrap_or(QUIET), Ordering::Relaxed);
    }

    /// Takes `store` away for `time`.
    pub(crate) fn take_away(&self, store: Store, time: Duration) {
        self.0.stores[index(store)].gone_until.store(self.now() + micros(time), Ordering::Relaxed);
    }

    /// How often `kind` has hit `store` in `stage`.
    pub(crate) fn hits(&self, stage: Stage, store: Store, kind: Kind) -> u64 {
        let stage = COPYING.iter().position(|&copying| copying == stage);
        stage
            .map_or(0, |stage| self.0.stores[index(store)].hits[stage][kind as usize].load(Ordering::Relaxed))
    }

    /// Whether every kind has hit both stores often enough in `stage`; true for a stage that does not copy.
    pub(crate) fn enough(&self, stage: Stage) -> bool {
        !COPYING.contains(&stage) || self.missing(stage).is_empty()
    }

    /// What has not come often enough in `stage`.
    pub(crate) fn missing(&self, stage: Stage) -> Vec<(Store, Kind, u64)> {
        let stores = [Store::Legacy, Store::Target].into_iter();
        let each =
            stores.flat_map(|store| Kind::ALL.map(|kind| (store, kind, self.hits(stage, store, kind))));
        each.filter(|&(_, _, hits)| hits < FAULTS_WANTED).collect()
    }

    /// All hits so far.
    pub(crate) fn total(&self) -> u64 {
        let hits = self.0.stores.iter().flat_map(|store| store.hits.iter().flatten());
        hits.map(|hits| hits.load(Ordering::Relaxed)).sum()
    }

    /// What happens to the next call of `store`.
    pub(crate) fn next(&self, store: Store, writes: bool) -> Option<Fault> {
        let stage = self.0.stage.load(Ordering::Relaxed);
        if stage == QUIET {
            return None;
        }
        let schedule = &self.0.stores[index(store)];
        let call = schedule.calls.fetch_add(1, Ordering::Relaxed);
        let fault = self.gone(store, stage, call).or_else(|| self.scheduled(store, call, writes))?;
        if let Some(kind) = fault.counted_as() {
            schedule.hits[stage][kind as usize].fetch_add(1, Ordering::Relaxed);
        }
        Some(fault)
    }

    /// A store goes away when a call finds that it is time, so that each time is met by a call.
    fn gone(&self, store: Store, stage: usize, call: u64) -> Option<Fault> {
        let (schedule, now) = (&self.0.stores[index(store)], self.now());
        let next = schedule.next_gone.load(Ordering::Relaxed);
        if now >= next {
            let pause = micros(BACK) + self.random(store, 0, call) % (micros(BACK) / 2);
            let mine =
                schedule.next_gone.compare_exchange(next, now + pause, Ordering::Relaxed, Ordering::Relaxed);
            let times = &schedule.hits[stage][Kind::Gone as usize];
            if mine.is_ok() && next > 0 && times.load(Ordering::Relaxed) < GONE_TIMES_MAX {
                schedule.gone_until.fetch_max(now + micros(GONE), Ordering::Relaxed);
                times.fetch_add(1, Ordering::Relaxed);
            }
        }
        let gone = now < schedule.gone_until.load(Ordering::Relaxed);
        gone.then_some(if call.is_multiple_of(2) { Fault::GoneRefused } else { Fault::GoneTimeout })
    }

    fn scheduled(&self, store: Store, call: u64, writes: bool) -> Option<Fault> {
        if writes {
            let write = self.0.stores[index(store)].writes.fetch_add(1, Ordering::Relaxed);
            if self.place(store, 1, write / WRITES_PER_BLOCK, WRITES_PER_BLOCK) == write % WRITES_PER_BLOCK {
                let late = self.random(store, 4, write) % micros(LATE_MAX);
                // Every other lost answer is of a write that was applied before.
                return Some(Fault::LostAnswer(Duration::from_micros(if write.is_multiple_of(2) {
                    0
                } else {
                    late
                })));
            }
        }
        let (block, place) = (call / CALLS_PER_BLOCK, call % CALLS_PER_BLOCK);
        if self.place(store, 2, block, CALLS_PER_BLOCK) == place {
            return Some(Fault::Failing);
        }
        let slow = Duration::from_millis(20 + self.random(store, 5, call) % 60);
        (self.place(store, 3, block, CALLS_PER_BLOCK) == place).then_some(Fault::Slow(slow))
    }

    fn place(&self, store: Store, what: u64, block: u64, size: u64) -> u64 {
        self.random(store, what, block) % size
    }

    fn random(&self, store: Store, what: u64, n: u64) -> u64 {
        mix(self.0.seed ^ mix(n ^ mix(what * 2 + index(store) as u64)))
    }

    fn now(&self) -> u64 {
        micros(self.0.started.elapsed())
    }
}

impl Fault {
    /// A store that is gone is counted once each time it goes, not for each call.
    fn counted_as(self) -> Option<Kind> {
        match self {
            Self::Slow(_) => Some(Kind::Slow),
            Self::Failing => Some(Kind::Failing),
            Self::LostAnswer(_) => Some(Kind::LostAnswer),
            Self::GoneRefused | Self::GoneTimeout => None,
        }
    }
}

/// The error of a call that the store never saw.
pub(crate) fn refused(store: Store) -> StoreError {
    StoreError::Unavailable { store, reason: "connection refused (injected)".into() }
}

/// The error of a call whose answer never came.
pub(crate) fn no_answer(store: Store) -> StoreError {
    StoreError::NoAnswer { store, reason: "timed out (injected)".into() }
}

/// What a call to a store that is gone meets.
pub(crate) async fn gone(store: Store, fault: Fault) -> StoreError {
    if fault == Fault::GoneRefused {
        return refused(store);
    }
    tokio::time::sleep(GONE_TIMEOUT).await;
    no_answer(store)
}

fn index(store: Store) -> usize {
    match store {
        Store::Legacy => 0,
        Store::Target => 1,
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The finaliser of splitmix64: spreads a counter over all bits.
fn mix(n: u64) -> u64 {
    let n = (n.wrapping_add(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_kind_comes_on_both_stores_and_stays_a_few_percent() {
        let faults = Faults::new(1);
        faults.set_stage(Some(Stage::Shadow));
        let (mut hit, mut calls) = (0, 0);
        for n in 0..4_000 {
            tokio::time::advance(Duration::from_millis(1)).await;
            for store in [Store::Legacy, Store::Target] {
                calls += 1;
                hit += u32::from(faults.next(store, n % 2 == 0).is_some());
            }
        }
        assert!(faults.enough(Stage::Shadow), "{:?}", faults.missing(Stage::Shadow));
        assert!(hit * 100 < calls * 6, "{hit} of {calls}");
        assert!(!faults.enough(Stage::Live));
    }

    #[test]
    fn a_stage_that_does_not_copy_has_no_faults() {
        let faults = Faults::new(1);
        faults.set_stage(Some(Stage::Complete));
        assert!((0..1_000).all(|_| faults.next(Store::Target, true).is_none()));
        assert!(faults.enough(Stage::Complete));
    }
}
