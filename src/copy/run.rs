//! Does what the copy of one key decides.

use super::copier::Settings;
use crate::data::{DataSet, Key, Outcome, RecordKey, RecordStore, Stamp};
use crate::protocol::{CopyEnd, CopyEvent, CopyRun, CopyStep, Secondary, Wait};
use crate::route::Core;

/// Copies in one direction.
pub(crate) struct CopyJob<A: 'static, S: 'static> {
    pub(crate) authority: &'static A,
    pub(crate) other: &'static S,
    pub(crate) secondary: Secondary,
    pub(crate) core: &'static Core,
    pub(crate) settings: Settings,
}

impl<A, S> Clone for CopyJob<A, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A, S> Copy for CopyJob<A, S> {}

/// What a copy has in its hands.
struct Held<R> {
    now: Stamp,
    stamp: Stamp,
    record: Option<R>,
}

impl<A, S> CopyJob<A, S>
where
    A: RecordStore,
    S: RecordStore<Data = A::Data>,
{
    /// Copies one key, within the deadline. Whoever calls this has a mark over the key, unless stamps protect it.
    pub(crate) async fn copy(&self, key: &Key) -> CopyEnd {
        let Some(typed) = key.parse::<A::Data>() else {
            tracing::error!(%key, "a marked key is no key of this data set: see DataSet::Group and DataSet::Item");
            return CopyEnd::Failed(Wait::Backoff);
        };
        let end = self.settings.deadline().keep(self.steps(&typed)).await.unwrap_or_else(|_| {
            self.breaker_failed();
            CopyEnd::Failed(self.secondary.after_cut_off_copy())
        });
        let stats = &self.core.stats;
        if end == CopyEnd::Copied {
            stats.keys_copied.one();
        } else {
            stats.keys_failed.one();
        }
        end
    }

    async fn steps(&self, key: &RecordKey<A::Data>) -> CopyEnd {
        let (mut run, mut step) = CopyRun::begin(self.secondary);
        let mut held = Held { now: 0, stamp: 0, record: None };
        loop {
            let event = match step {
                CopyStep::TakeStamp => self.take_stamp(&mut held).await,
                CopyStep::Read => self.read(key, &mut held).await,
                CopyStep::Replace => self.replace(key, &held).await,
                CopyStep::Look => self.look(key, &mut held).await,
                CopyStep::End(end) => return end,
            };
            step = run.next(event);
        }
    }

    async fn take_stamp(&self, held: &mut Held<<A::Data as DataSet>::Record>) -> CopyEvent {
        match self.core.journal.stamp().await {
            Ok(stamp) => {
                held.now = stamp;
                CopyEvent::Stamped
            }
            Err(error) => {
                if self.core.events.admit() {
                    tracing::warn!(%error, "a copy could not take a stamp");
                }
                CopyEvent::ReadFailed
            }
        }
    }

    async fn read(
        &self,
        key: &RecordKey<A::Data>,
        held: &mut Held<<A::Data as DataSet>::Record>,
    ) -> CopyEvent {
        match self.authority.read(key, held.now).await {
            Ok((stamp, record)) => {
                (held.stamp, held.record) = (stamp, record);
                CopyEvent::Read
            }
            Err(error) => {
                tracing::debug!(?key, "the copy of this key could not read");
                self.core.store_failed(
                    self.secondary.store.other(),
                    &error,
                    "a copy could not read the authority",
                );
                CopyEvent::ReadFailed
            }
        }
    }

    async fn replace(
        &self,
        key: &RecordKey<A::Data>,
        held: &Held<<A::Data as DataSet>::Record>,
    ) -> CopyEvent {
        match self.other.replace(key, held.record.as_ref(), held.stamp).await {
            Ok(()) => {
                self.breaker_succeeded();
                CopyEvent::Replaced(Outcome::Applied)
            }
            Err(error) => {
                let outcome = S::outcome(&error);
                tracing::debug!(?key, ?outcome, "the copy of this key failed");
                self.core.store_failed(self.secondary.store, &error, "a copy failed");
                self.breaker_failed();
                CopyEvent::Replaced(outcome)
            }
        }
    }

    async fn look(
        &self,
        key: &RecordKey<A::Data>,
        held: &mut Held<<A::Data as DataSet>::Record>,
    ) -> CopyEvent {
        let before = held.record.take();
        let stamped = self.take_stamp(held).await;
        if stamped != CopyEvent::Stamped {
            return stamped;
        }
        match (self.read(key, held).await, &before, &held.record) {
            (CopyEvent::Read, None, None) => CopyEvent::LookedSame,
            (CopyEvent::Read, Some(a), Some(b)) if A::Data::same(a, b) => CopyEvent::LookedSame,
            (CopyEvent::Read, _, _) => CopyEvent::LookedChanged,
            (failed, _, _) => failed,
        }
    }

    pub(super) fn breaker_failed(&self) {
        self.core.breaker(self.secondary.store).failed(self.secondary.store);
    }

    pub(super) fn breaker_succeeded(&self) {
        self.core.breaker(self.secondary.store).succeeded(self.secondary.store);
    }
}
