//! What callers see of a data set, and what a store needs to be written for them.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::change::Change;
use crate::data::{DataSet, KeyedRecord, RecordKey, RecordStore};
use crate::error::Refused;

/// A data set whose records are created, changed and deleted through [`Records`](super::Records).
pub trait Entity: DataSet<Record: Clone> {
    /// What a new record is made from, before it has an id.
    type New: Send + Sync + 'static;
    /// The error that callers get: their own, made from those of both stores and from [`Refused`]. An update whose
    /// closure rejects the change ends with the error that the closure gave.
    type Error: From<Refused> + Send + 'static;
}

/// A store that writes records for callers, beside the copies of [`RecordStore`]. Legacy needs it from the first day, the
/// target from `ramp_down` on.
///
/// # What the store must give
/// - Each method is one transaction of the store, or one conditional statement: all of it or nothing.
/// - **A store that keeps stamps** gives its own writes a stamp above the one that they replace and not below what its
///   [`clock`](RecordStore::clock) shows: `stamp = max(stamp + 1, clock)`. A delete leaves the stamp behind.
/// - [`RecordStore::outcome`] is asked what the errors of these methods mean, too.
/// - The pages of one group ([`RecordStore::page`] with a group) are in the same order of keys in both stores: a list
///   that began on one store may have to go on in the other.
#[diagnostic::on_unimplemented(
    message = "there is no code to write the records of `{Self}` for callers",
    label = "`{Self}` does not implement `WriteRecords`",
    note = "a target needs it from `ramp_down` on: until then `MigrationBuilder::records_before_ramp_down` takes one \
            without"
)]
pub trait WriteRecords: RecordStore<Data: Entity> {
    /// Makes a record in `group` under an id that the store assigns; gives the record as it is stored. The id was never
    /// given out before, by either store: see [`LegacyIds`](crate::route::LegacyIds).
    ///
    /// In a store that keeps stamps a row that says "deleted" may stand at the new id: somebody asked for a change of it
    /// before there was one, and that it was not there was copied. Take its place (`.. ON CONFLICT DO UPDATE .. WHERE
    /// document IS NULL`), with a larger stamp, and refuse where there is a record.
    fn create(
        &self,
        group: &<Self::Data as DataSet>::Group,
        new: &<Self::Data as Entity>::New,
    ) -> impl Future<Output = Result<KeyedRecord<Self::Data>, Self::Error>> + Send;

    /// Reads the record, [applies](Change::apply) the change, and writes what it has become, so that no other write of
    /// the record comes in between: in one transaction that locks the row (`SELECT .. FOR UPDATE`, `BEGIN IMMEDIATE`), or
    /// with a write that is conditional on what was read (a lightweight transaction, `UPDATE .. WHERE stamp = ?`) and
    /// tried again, some number of times, when the condition did not hold. Gives the record as it is stored, `None` when
    /// there is none now.
    ///
    /// **A conditional write whose answer was lost is not tried again**: its error ends the update. It may have been
    /// written, and the change would then see its own work and reject it, so that a write that was made would be called
    /// rejected and never copied.
    fn update(
        &self,
        key: &RecordKey<Self::Data>,
        change: Change<Self::Data>,
    ) -> impl Future<Output = Result<Option<<Self::Data as DataSet>::Record>, Self::Error>> + Send;

    /// Makes the record of `key` what is given, whether there was one or not. By default an [`update`](Self::update);
    /// override it where one statement does it. (In Cassandra none does: its timestamps do not mix with those of
    /// lightweight transactions.)
    fn put(
        &self,
        key: &RecordKey<Self::Data>,
        record: &<Self::Data as DataSet>::Record,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let change = Change::to(record.clone());
        async move { self.update(key, change).await.map(drop) }
    }

    /// Deletes the record of `key`; whether there was one. By default an [`update`](Self::update).
    fn delete(&self, key: &RecordKey<Self::Data>) -> impl Future<Output = Result<bool, Self::Error>> + Send {
        let was_there = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&was_there);
        let change = Change::new(Arc::new(move |stored: &mut Option<_>| {
            seen.store(stored.take().is_some(), Ordering::Relaxed);
            Ok(())
        }));
        async move { self.update(key, change).await.map(|_| was_there.load(Ordering::Relaxed)) }
    }
}
