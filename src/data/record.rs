//! The users' record type and the one trait that each store implements for it.

use std::fmt;
use std::future::Future;

use super::key::{Group, Key, KeyPart};
use super::outcome::Outcome;

/// Microseconds, taken from one clock before a copy reads. A store that keeps stamps lets the larger one win.
pub type Stamp = i64;

/// A record with its key.
pub type KeyedRecord<D> = (RecordKey<D>, <D as DataSet>::Record);

/// A record, or that there is none, with a stamp taken before it was read.
pub type StampedRecord<D> = (Stamp, Option<<D as DataSet>::Record>);

/// Those of many keys that have a record; `None` from a store that cannot be asked so.
pub type FoundKeys<D> = Option<Vec<RecordKey<D>>>;

/// The types of one keyed data set that moves as a whole, for example `invoices`.
pub trait DataSet: Sized + Send + Sync + 'static {
    /// What a list read covers: the customer of an invoice.
    type Group: KeyPart;
    /// What tells the records of a group apart: the invoice's id.
    type Item: KeyPart;
    /// The whole state of one key, in the domain's own type.
    type Record: Send + Sync + 'static;

    /// Whether two records count as equal. Holds the tolerance between the two schemas, for example microseconds
    /// against milliseconds.
    fn same(a: &Self::Record, b: &Self::Record) -> bool;
}

/// The typed key of a data set.
pub struct RecordKey<D: DataSet> {
    /// What a list read covers.
    pub group: D::Group,
    /// What tells the records of a group apart.
    pub item: D::Item,
}

impl<D: DataSet> RecordKey<D> {
    /// The key as text.
    #[must_use]
    pub fn to_key(&self) -> Key {
        Key::new(&self.group, &self.item)
    }

    /// The group as text.
    #[must_use]
    pub fn to_group(&self) -> Group {
        Group::new(&self.group)
    }
}

/// A [`RecordStore`] of this data set: what the second store of a migration has to be. Every store is one by itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not hold records of `{D}`",
    label = "the other store holds records of `{D}`",
    note = "both stores of a migration are `RecordStore`s of one data set: see `RecordStore::Data`"
)]
pub trait HoldsRecordsOf<D: DataSet>: RecordStore<Data = D> {}

#[diagnostic::do_not_recommend]
impl<D: DataSet, S: RecordStore<Data = D>> HoldsRecordsOf<D> for S {}

/// A pair of group and item, so that a caller can write `(42, 1001)` for a key.
impl<D: DataSet> From<(D::Group, D::Item)> for RecordKey<D> {
    fn from((group, item): (D::Group, D::Item)) -> Self {
        Self { group, item }
    }
}

impl<D: DataSet> fmt::Debug for RecordKey<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_key(), f)
    }
}

/// One page of a store, in the store's own order of keys.
pub struct Page<D: DataSet> {
    /// Taken before the page was read, from the same clock as the stamps of [`RecordStore::read`].
    pub stamp: Stamp,
    /// The keys and records of the page; empty when there are no more.
    pub records: Vec<KeyedRecord<D>>,
}

impl<D: DataSet> fmt::Debug for Page<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("stamp", &self.stamp).field("records", &self.records.len()).finish()
    }
}

/// How records of a data set are read from one store and replaced in it. Implement it once for each store.
///
/// # What the store must give
/// - A read of the authority sees every acknowledged write: the writer node, `QUORUM` both ways, never a replica.
/// - **A store that keeps stamps** ([`KEEPS_STAMPS`](Self::KEEPS_STAMPS)) stores the stamp with the record and
///   lets the larger one win, for deletes too: a deleted record leaves its stamp behind (a tombstone). An equal
///   stamp may keep either. Its own writes, through the request path, carry a larger stamp than what they replace.
/// - [`replace`](Self::replace) is idempotent, and keeps columns that the record does not carry.
///
/// # Stamps
/// `now` is the gateway's own stamp, unique and rising, taken before the read was asked for. With one gateway, return it as it
/// is. Where several gateways write, whose clocks differ, a store with a clock of its own ignores `now` and returns the start
/// of its statement (MariaDB's `NOW(6)`, PostgreSQL's `transaction_timestamp()` outside of a transaction), **never** a clock
/// that runs after the snapshot was taken (`SYSDATE()`, `clock_timestamp()`, also `statement_timestamp()`): a stamp must be
/// older than what the read can have missed.
///
/// # Cancellation
/// A future that is dropped may leave the request inside the store. The store's own statement timeout has to be
/// shorter than the late bound that the routing config names for it.
pub trait RecordStore: Clone + Send + Sync + 'static {
    /// The data set.
    type Data: DataSet;
    /// The error of the driver.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Whether [`replace`](Self::replace) lets the larger stamp win. A store that does not keep stamps is read
    /// again after each copy to it.
    const KEEPS_STAMPS: bool;

    /// Reads one record, and a stamp taken strictly before the read began, also when there is no record.
    fn read(
        &self,
        key: &RecordKey<Self::Data>,
        now: Stamp,
    ) -> impl Future<Output = Result<StampedRecord<Self::Data>, Self::Error>> + Send;

    /// Makes the record of `key` what is given, or deletes it when none is given. A store that keeps stamps does
    /// nothing, successfully, when it has a larger stamp.
    fn replace(
        &self,
        key: &RecordKey<Self::Data>,
        record: Option<&<Self::Data as DataSet>::Record>,
        stamp: Stamp,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Replaces many records with one stamp; the default does so one by one and stops at the first error.
    fn replace_many(
        &self,
        records: &[KeyedRecord<Self::Data>],
        stamp: Stamp,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        async move {
            for (key, record) in records {
                self.replace(key, Some(record), stamp).await?;
            }
            Ok(())
        }
    }

    /// Reads up to `limit` records that follow `after` in the store's own total order of keys; of one group when
    /// `group` is given. Deleted records are left out. An empty page ends the walk.
    fn page(
        &self,
        group: Option<&<Self::Data as DataSet>::Group>,
        after: Option<&RecordKey<Self::Data>>,
        limit: usize,
        now: Stamp,
    ) -> impl Future<Output = Result<Page<Self::Data>, Self::Error>> + Send;

    /// The keys of a [`page`](Self::page), without their records. The walk for what only the secondary has asks for no more;
    /// the default reads the page. Override it where the keys are cheap to read alone; with
    /// [`Statements`](crate::backend::sql::Statements) or [`Keys`](crate::backend::cassandra::Keys) it is one line:
    ///
    /// ```ignore
    /// self.invoices.page_of_keys(group, after, limit).fetch_all(self.store.background()).await // SQL
    /// self.keys.page(group, after, limit).await                                                // Cassandra
    /// ```
    fn page_of_keys(
        &self,
        group: Option<&<Self::Data as DataSet>::Group>,
        after: Option<&RecordKey<Self::Data>>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<RecordKey<Self::Data>>, Self::Error>> + Send {
        async move {
            let page = self.page(group, after, limit, 0).await?;
            Ok(page.records.into_iter().map(|(key, _)| key).collect())
        }
    }

    /// Those of these keys that have a record, in any order; like a [`read`](Self::read), it sees every acknowledged write.
    /// At most [`KEYS_ASKED_MAX`](crate::copy::KEYS_ASKED_MAX) keys at once.
    ///
    /// The same walk asks the authority so, which in SQL is one statement in place of one for each group. `None`, the default, is
    /// for a store that cannot: a page of each group is read there, and the keys that it does not show are read one by one, which
    /// makes a fill several times slower. An error is no such answer: it is asked again, and then the page is done again.
    ///
    /// ```ignore
    /// self.invoices.existing_keys(self.store.background(), keys).await.map(Some) // SQL
    /// self.keys.existing(keys).await.map(Some)                                   // Cassandra
    /// ```
    ///
    /// By hand, look at how the database executes it: `(customer, id) IN ((?, ?), ..)` reads the index of MariaDB, in PostgreSQL
    /// it is a condition for each key, and for `IN (VALUES ..)` some releases of SQLite read the whole table.
    fn existing_keys(
        &self,
        keys: &[RecordKey<Self::Data>],
    ) -> impl Future<Output = Result<FoundKeys<Self::Data>, Self::Error>> + Send {
        let _ = keys;
        async { Ok(None) }
    }

    /// The store's own clock, when it stamps its own writes: asked at a change of the authority, which waits until
    /// it has passed every stamp ever issued. `None` (the default) for a store that uses the gateway's stamps or
    /// keeps none.
    fn clock(&self) -> impl Future<Output = Result<Option<Stamp>, Self::Error>> + Send {
        async { Ok(None) }
    }

    /// What an error of [`replace`](Self::replace) means. When in doubt, [`Outcome::Unknown`].
    fn outcome(error: &Self::Error) -> Outcome;
}
