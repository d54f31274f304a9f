//! [`MemoryStore`]: its making and how a test looks into it.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::fault::Call;
use super::lock;
use super::number::{Number, NumberKey};
use super::script::Script;
use super::state::{Replaced, State};
use crate::data::Stamp;
use crate::journal::{IdBlocks, micros};
use crate::route::Store;

/// Whether a store in memory keeps stamps: [`Plain`] or [`Stamped`].
pub trait Flavour: Send + Sync + 'static {
    /// See [`RecordStore::KEEPS_STAMPS`](crate::data::RecordStore::KEEPS_STAMPS).
    const KEEPS_STAMPS: bool;
}

/// Keeps no stamps: every replace is written, and a deleted record leaves nothing behind. Uses the gateway's stamps.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

/// Keeps stamps: the larger one wins, and a deleted record leaves a tombstone. Has a clock of its own, whose stamps
/// are unique and rise also while tokio's clock is paused.
#[derive(Clone, Copy, Debug)]
pub struct Stamped;

impl Flavour for Plain {
    const KEEPS_STAMPS: bool = false;
}
impl Flavour for Stamped {
    const KEEPS_STAMPS: bool = true;
}

/// A store of [`Numbers`](super::Numbers) in memory that does what its [`Script`] says. Clones share it.
///
/// It is a tower service of [`Request`](super::Request)s and a [`RecordStore`](crate::data::RecordStore).
pub struct MemoryStore<F: Flavour = Stamped> {
    pub(super) inner: Arc<Inner>,
    flavour: PhantomData<fn() -> F>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) state: Mutex<State>,
    pub(super) ids: Mutex<Option<IdBlocks>>,
    pub(super) script: Script,
    readiness: Mutex<Readiness>,
    pub(super) calls: [AtomicU64; Call::ALL.len()],
    pub(super) faults: [AtomicU64; Call::ALL.len()],
    pub(super) late_writes: AtomicUsize,
}

#[derive(Debug, Default)]
struct Readiness {
    stalled: bool,
    waiting: Vec<Waker>,
}

/// A key on which two stores differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The group and item.
    pub key: NumberKey,
    /// What the store has that was asked.
    pub here: Option<Number>,
    /// What the store has that it was compared with.
    pub there: Option<Number>,
}

impl MemoryStore<Plain> {
    /// An empty store that plays legacy and keeps no stamps.
    #[must_use]
    pub fn legacy() -> Self {
        Self::new(Store::Legacy)
    }
}

impl MemoryStore<Stamped> {
    /// An empty store that plays the target and keeps stamps.
    #[must_use]
    pub fn target() -> Self {
        Self::new(Store::Target)
    }
}

impl<F: Flavour> MemoryStore<F> {
    /// An empty store; `store` is what its answers and errors name.
    #[must_use]
    pub fn new(store: Store) -> Self {
        let inner = Inner {
            store,
            state: Mutex::new(State::new(store, F::KEEPS_STAMPS)),
            ids: Mutex::default(),
            script: Script::default(),
            readiness: Mutex::default(),
            calls: Default::default(),
            faults: Default::default(),
            late_writes: AtomicUsize::new(0),
        };
        Self { inner: Arc::new(inner), flavour: PhantomData }
    }

    /// What the next calls do.
    #[must_use]
    pub fn script(&self) -> &Script {
        &self.inner.script
    }

    /// Writes a record as if by a request, with no script and no count.
    pub fn seed(&self, key: NumberKey, record: Number) {
        lock(&self.inner.state).write(key, Some(record));
    }

    /// Takes the ids of creates from this sequence in place of the store's own.
    pub fn take_ids_from(&self, ids: IdBlocks) {
        *lock(&self.inner.ids) = Some(ids);
    }

    /// The largest id that the store itself has assigned; 0 when none.
    #[must_use]
    pub fn largest_id(&self) -> u64 {
        lock(&self.inner.state).last_id
    }

    /// The store itself goes on assigning ids above this one.
    pub fn raise_ids_above(&self, id: u64) {
        let mut state = lock(&self.inner.state);
        state.last_id = state.last_id.max(id);
    }

    /// Puts the store's own clock forward by this much.
    pub fn clock_ahead(&self, by: Duration) {
        lock(&self.inner.state).clock.move_by(micros(by));
    }

    /// Puts the store's own clock back by this much.
    pub fn clock_behind(&self, by: Duration) {
        lock(&self.inner.state).clock.move_by(-micros(by));
    }

    /// From now on the service is not ready, until [`unstall`](Self::unstall). Calls that were made go on.
    pub fn stall(&self) {
        lock(&self.inner.readiness).stalled = true;
    }

    /// The service is ready again.
    pub fn unstall(&self) {
        let mut readiness = lock(&self.inner.readiness);
        readiness.stalled = false;
        readiness.waiting.drain(..).for_each(Waker::wake);
    }

    /// The record of a key.
    #[must_use]
    pub fn get(&self, key: NumberKey) -> Option<Number> {
        lock(&self.inner.state).get(key).cloned()
    }

    /// The stamp of a record or of a tombstone; `None` in a store that keeps none.
    #[must_use]
    pub fn stamp(&self, key: NumberKey) -> Option<Stamp> {
        lock(&self.inner.state).stamp(key)
    }

    /// All records.
    #[must_use]
    pub fn records(&self) -> BTreeMap<NumberKey, Number> {
        let state = lock(&self.inner.state);
        state.records().map(|(key, record)| (key, record.clone())).collect()
    }

    /// The replaces that landed, in the order in which they did; the last
    /// [`REPLACES_KEPT_MAX`](super::REPLACES_KEPT_MAX) of them.
    #[must_use]
    pub fn replaces(&self) -> Vec<Replaced> {
        lock(&self.inner.state).replaces.iter().cloned().collect()
    }

    /// The keys on which both stores differ, with what each has; empty when they agree.
    #[must_use]
    pub fn same_as<G: Flavour>(&self, other: &MemoryStore<G>) -> Vec<Difference> {
        let (here, there) = (self.records(), other.records());
        let mut keys: Vec<NumberKey> = here.keys().chain(there.keys()).copied().collect();
        keys.sort_unstable();
        keys.dedup();
        let both = keys.into_iter().map(|key| Difference {
            key,
            here: here.get(&key).cloned(),
            there: there.get(&key).cloned(),
        });
        both.filter(|pair| pair.here != pair.there).collect()
    }

    /// How many calls of this kind were made, those that failed or hang included.
    #[must_use]
    pub fn calls(&self, call: Call) -> u64 {
        self.inner.calls[call.index()].load(Ordering::SeqCst)
    }

    /// How many calls of this kind met a fault.
    #[must_use]
    pub fn faults(&self, call: Call) -> u64 {
        self.inner.faults[call.index()].load(Ordering::SeqCst)
    }

    /// How many late writes have not landed yet.
    #[must_use]
    pub fn late_writes(&self) -> usize {
        self.inner.late_writes.load(Ordering::SeqCst)
    }

    pub(super) fn poll_readiness(&self, cx: &Context<'_>) -> Poll<()> {
        let mut readiness = lock(&self.inner.readiness);
        if !readiness.stalled {
            return Poll::Ready(());
        }
        readiness.waiting.push(cx.waker().clone());
        Poll::Pending
    }
}

impl<F: Flavour> Clone for MemoryStore<F> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), flavour: PhantomData }
    }
}

impl<F: Flavour> fmt::Debug for MemoryStore<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("store", &self.inner.store)
            .field("keeps_stamps", &F::KEEPS_STAMPS)
            .finish_non_exhaustive()
    }
}
