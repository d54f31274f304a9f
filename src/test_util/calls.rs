//! How one call of a store in memory runs: as its script says.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::sleep;

use super::error::StoreError;
use super::fault::{Call, Fault};
use super::lock;
use super::state::State;
use super::store::{Flavour, Inner, MemoryStore};
use crate::data::Scopes;

impl<F: Flavour> MemoryStore<F> {
    /// Runs one call as the script says; `work` is what it does in the store.
    pub(super) async fn run<T, W>(&self, call: Call, scopes: &Scopes, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut State) -> Result<T, StoreError> + Send + 'static,
    {
        let inner = &self.inner;
        let store = inner.store;
        match inner.fault(call, scopes) {
            Fault::Pass => inner.land(work),
            Fault::Delay(delay) => {
                sleep(delay).await;
                inner.land(work)
            }
            Fault::SlowAnswer(delay) => {
                let answer = inner.land(work);
                sleep(delay).await;
                answer
            }
            Fault::Reject => Err(StoreError::Rejected { store, call }),
            Fault::Break => Err(StoreError::Broken { store, call }),
            Fault::LostAnswer => {
                drop(inner.land(work));
                Err(StoreError::TimedOut { store, call })
            }
            Fault::LateWrite(delay) => {
                inner.land_later(delay, work);
                Err(StoreError::TimedOut { store, call })
            }
            Fault::Hang => pending().await,
            Fault::HangApplied => {
                drop(inner.land(work));
                pending().await
            }
            Fault::HangLate(delay) => {
                inner.land_later(delay, work);
                pending().await
            }
        }
    }
}

impl Inner {
    fn fault(&self, call: Call, scopes: &Scopes) -> Fault {
        self.calls[call.index()].fetch_add(1, Ordering::SeqCst);
        let fault = self.script.fault(call, scopes);
        if fault != Fault::Pass {
            self.faults[call.index()].fetch_add(1, Ordering::SeqCst);
        }
        fault
    }

    fn land<T>(&self, work: impl FnOnce(&mut State) -> Result<T, StoreError>) -> Result<T, StoreError> {
        work(&mut lock(&self.state))
    }

    /// Lands from a task of its own, so that it does whoever leaves.
    fn land_later<T, W>(self: &Arc<Self>, delay: Duration, work: W)
    where
        T: Send + 'static,
        W: FnOnce(&mut State) -> Result<T, StoreError> + Send + 'static,
    {
        let inner = Arc::clone(self);
        inner.late_writes.fetch_add(1, Ordering::SeqCst);
        drop(tokio::spawn(async move {
            sleep(delay).await;
            drop(inner.land(work));
            inner.late_writes.fetch_sub(1, Ordering::SeqCst);
        }));
    }
}
