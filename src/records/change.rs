//! [`Change`]: the closure of an update, as a store is given it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::entity::Entity;
use crate::data::DataSet;

/// The closure of an update: changes a record, makes one where there was none, or takes it away; or rejects.
pub(super) type Closure<D> =
    Arc<dyn Fn(&mut Option<<D as DataSet>::Record>) -> Result<(), <D as Entity>::Error> + Send + Sync>;

/// What an update does to the record, to be called inside the store's own transaction. A clone is the same change.
pub struct Change<D: Entity> {
    closure: Closure<D>,
    /// What the closure said the last time it was called.
    rejection: Arc<Mutex<Option<D::Error>>>,
}

impl<D: Entity> Change<D> {
    pub(super) fn new(closure: Closure<D>) -> Self {
        Self { closure, rejection: Arc::default() }
    }

    /// Makes the record what is given.
    pub(super) fn to(record: D::Record) -> Self {
        Self::new(Arc::new(move |stored| {
            *stored = Some(record.clone());
            Ok(())
        }))
    }

    /// Makes of `record`, which is what the store has of the key just now, what it is to be: `None` for a record that is
    /// to be deleted, or that is not there and stays so. Whether it is to be written; if not, the caller rejects the change: end the transaction without a
    /// write and return, whatever: the caller is given the reason.
    ///
    /// May be called again, with the record as it is then, when the write found that another one came in between.
    #[must_use = "a change that is rejected must not be written"]
    pub fn apply(&self, record: &mut Option<D::Record>) -> bool {
        let changed = (self.closure)(record);
        let is_accepted = changed.is_ok();
        *self.rejection() = changed.err();
        is_accepted
    }

    /// Why the change was rejected, if it was.
    pub(super) fn take_rejection(&self) -> Option<D::Error> {
        self.rejection().take()
    }

    fn rejection(&self) -> MutexGuard<'_, Option<D::Error>> {
        self.rejection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Entity> Clone for Change<D> {
    fn clone(&self) -> Self {
        Self { closure: Arc::clone(&self.closure), rejection: Arc::clone(&self.rejection) }
    }
}

impl<D: Entity> fmt::Debug for Change<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Change")
    }
}
