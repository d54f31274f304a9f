//! [`Copier`]: the two record stores of a data set, and what copies scopes between them.

use std::any::{TypeId, type_name};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::run::CopyJob;
use crate::data::{DataSet, Group, HoldsRecordsOf, Key, RecordStore, Scope, Scopes, Stamp};
use crate::protocol::{CopyEnd, Secondary, Wait};
use crate::route::{Clocks, Core, Deadline, RoutingHandle, Store};

/// How many parts of a page are copied at once in a walk that is no fill: the copy of a group or of everything. Fewer than in a
/// fill, which runs alone: several writes and repairs walk at the same time.
pub const PARTS_OF_A_WALK: usize = 4;

/// Copies scopes from the authority to the other store. [`Copier`] is the one that is meant to be used; a test may
/// bring its own.
pub trait CopyScopes: Clone + Send + Sync + 'static {
    /// The store that receives copies while `authority` is the authority.
    fn secondary(&self, authority: Store) -> Secondary;

    /// Copies every key of the scopes; ends with the first failure.
    fn copy(&self, scopes: &Scopes, authority: Store) -> impl Future<Output = CopyEnd> + Send;
}

/// The two record stores of a data set. A copy of it is the same copier.
pub struct Copier<L: 'static, T: 'static> {
    pub(crate) stores: &'static Stores<L, T>,
    settings: Settings,
    /// Whether legacy and the target keep stamps.
    keeps_stamps: [bool; 2],
}

/// Leaked once, as the routing is: a stack that is cloned for each request must not count owners.
pub(crate) struct Stores<L, T> {
    pub(crate) legacy: L,
    pub(crate) target: T,
    pub(crate) core: &'static Core,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) deadline: Duration,
    pub(crate) page: usize,
    pub(crate) concurrency: usize,
}

impl Settings {
    /// Of a copy or a page that begins now. Not that of the caller: a copy goes on without it.
    pub(super) fn deadline(self) -> Deadline {
        Deadline::of_its_own(self.deadline)
    }
}

impl<L, T> Copier<L, T>
where
    L: RecordStore,
    T: HoldsRecordsOf<L::Data>,
{
    /// Copies between these two stores under this routing.
    ///
    /// # Panics
    /// When the routing has a copier of another data set. A mark does not say of which data set its key is: the repairs of
    /// one would clear the marks of the other, and one fill would certify both. Each data set has a journal, a routing and a
    /// copier of its own.
    #[must_use]
    pub fn new(routing: RoutingHandle, legacy: L, target: T) -> Self {
        one_data_set::<L::Data>(routing.0);
        let stores: &'static Stores<L, T> = Box::leak(Box::new(Stores { legacy, target, core: routing.0 }));
        if routing.0.clocks.set(Arc::new(StoreClocks(stores))).is_err() {
            tracing::warn!(
                "a second copier for one routing: a change of the authority asks the first one's clocks"
            );
        }
        let settings = Settings { deadline: Duration::from_secs(10), page: 2_000, concurrency: 64 };
        Self { stores, settings, keeps_stamps: [L::KEEPS_STAMPS, T::KEEPS_STAMPS] }
    }
}

fn one_data_set<D: DataSet>(core: &Core) {
    let this = (TypeId::of::<D>(), type_name::<D>());
    let first = core.data_set.get_or_init(|| this);
    assert!(
        first.0 == this.0,
        "a routing moves one data set, and this one moves `{}`: open a journal and a routing of its own for `{}`",
        first.1,
        this.1
    );
}

impl<L, T> Copier<L, T>
where
    L: RecordStore,
    T: RecordStore<Data = L::Data>,
{
    /// How long the copy of one key, or the reading of a page of a walk, may take; then it is given up, and the mark stays
    /// or the page is read again. Default 10 s.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = deadline;
        self
    }

    /// How many records one page of a walk or a fill has. Default 2,000. A fill has two pages in memory, that which is copied and
    /// the next one: where a record is larger than some kilobytes, take smaller ones.
    #[must_use]
    pub const fn page_size(mut self, records: usize) -> Self {
        self.settings.page = if records == 0 { 1 } else { records };
        self
    }

    /// How many parts of a page a fill copies at once. Default 64: so many writes in flight where the secondary writes one
    /// record after the other. With fewer a fill leaves more of the stores to their callers, and takes longer. The copy of a
    /// group or of everything, by a write or a repair, has [`PARTS_OF_A_WALK`] of them, or this where it is fewer.
    ///
    /// A store with a pool of its own for copies should have about as many connections there, such as
    /// `background_connections` of a `SqlStore`: with many fewer, parts wait for one until they are rejected.
    #[must_use]
    pub const fn concurrency(mut self, parts: usize) -> Self {
        self.settings.concurrency = if parts == 0 { 1 } else { parts };
        self
    }

    /// What the data set's `same` says of two records: used by whoever compares stores.
    #[must_use]
    pub fn same(a: &<L::Data as DataSet>::Record, b: &<L::Data as DataSet>::Record) -> bool {
        L::Data::same(a, b)
    }

    /// No page of more records than this.
    pub(crate) fn page_size_max(mut self, records: u32) -> Self {
        self.settings.page = self.settings.page.min(usize::try_from(records).unwrap_or(usize::MAX));
        self
    }

    /// No more parts of a page at once than this.
    fn concurrency_max(mut self, parts: usize) -> Self {
        self.settings.concurrency = self.settings.concurrency.min(parts);
        self
    }

    pub(crate) const fn core(&self) -> &'static Core {
        self.stores.core
    }

    /// Copies one key, within the deadline.
    pub(crate) async fn copy_key(&self, key: &Key, authority: Store) -> CopyEnd {
        match authority {
            Store::Legacy => self.to_target().copy(key).await,
            Store::Target => self.to_legacy().copy(key).await,
        }
    }

    /// Copies one scope: a key, or every key of a group or of everything that either store has.
    pub(crate) async fn copy_scope(&self, scope: &Scope, authority: Store) -> CopyEnd {
        match scope {
            Scope::Key(key) => self.copy_key(key, authority).await,
            // Boxed, so that the copy of a key does not carry its size.
            Scope::Group(group) => Box::pin(self.walk(Some(group), authority)).await,
            Scope::Everything => Box::pin(self.walk(None, authority)).await,
        }
    }

    async fn walk(&self, group: Option<&Group>, authority: Store) -> CopyEnd {
        let bounded = self.concurrency_max(PARTS_OF_A_WALK);
        match authority {
            Store::Legacy => bounded.to_target().walk(group).await,
            Store::Target => bounded.to_legacy().walk(group).await,
        }
    }

    pub(crate) fn to_target(self) -> CopyJob<L, T> {
        let secondary = self.secondary(Store::Legacy);
        CopyJob {
            authority: &self.stores.legacy,
            other: &self.stores.target,
            secondary,
            core: self.core(),
            settings: self.settings,
        }
    }

    pub(crate) fn to_legacy(self) -> CopyJob<T, L> {
        let secondary = self.secondary(Store::Target);
        CopyJob {
            authority: &self.stores.target,
            other: &self.stores.legacy,
            secondary,
            core: self.core(),
            settings: self.settings,
        }
    }
}

impl<L, T> CopyScopes for Copier<L, T>
where
    L: RecordStore,
    T: RecordStore<Data = L::Data>,
{
    fn secondary(&self, authority: Store) -> Secondary {
        match authority {
            Store::Legacy => Secondary { store: Store::Target, keeps_stamps: T::KEEPS_STAMPS },
            Store::Target => Secondary { store: Store::Legacy, keeps_stamps: L::KEEPS_STAMPS },
        }
    }

    async fn copy(&self, scopes: &Scopes, authority: Store) -> CopyEnd {
        for scope in scopes {
            // A walk over everything is no work for a write: the reconciler does it.
            let end = if *scope == Scope::Everything {
                CopyEnd::Failed(Wait::None)
            } else {
                self.copy_scope(scope, authority).await
            };
            if end != CopyEnd::Copied {
                return end;
            }
        }
        CopyEnd::Copied
    }
}

impl<L, T> Copier<L, T> {
    pub(crate) const fn secondary_of(&self, authority: Store) -> Secondary {
        let store = authority.other();
        Secondary { store, keeps_stamps: self.keeps_stamps[store as usize] }
    }
}

impl<L: 'static, T: 'static> Clone for Copier<L, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L: 'static, T: 'static> Copy for Copier<L, T> {}

impl<L: 'static, T: 'static> fmt::Debug for Copier<L, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copier").field("settings", &self.settings).finish_non_exhaustive()
    }
}

struct StoreClocks<L: 'static, T: 'static>(&'static Stores<L, T>);

impl<L: RecordStore, T: RecordStore> Clocks for StoreClocks<L, T> {
    fn clock(
        &self,
        store: Store,
    ) -> Pin<Box<dyn Future<Output = Result<Option<Stamp>, String>> + Send + '_>> {
        Box::pin(async move {
            match store {
                Store::Legacy => self.0.legacy.clock().await.map_err(|error| error.to_string()),
                Store::Target => self.0.target.clock().await.map_err(|error| error.to_string()),
            }
        })
    }
}
