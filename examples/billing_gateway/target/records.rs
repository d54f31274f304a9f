//! The document store as crossfade's copies, repair and fill see it.

use crossfade::data::{FoundKeys, KeyedRecord, Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord};

use super::store::{Target, of_either};
use crate::domain::{Invoice, Invoices};
use crate::request::StoreError;

/// What copies, repair and fill need: the larger stamp wins, whenever a copy lands.
impl RecordStore for Target {
    type Data = Invoices;
    type Error = StoreError;
    const KEEPS_STAMPS: bool = true;

    async fn read(
        &self,
        key: &RecordKey<Invoices>,
        now: Stamp,
    ) -> Result<StampedRecord<Invoices>, StoreError> {
        of_either!(self, store => store.read(key, now).await)
    }

    async fn replace(
        &self,
        key: &RecordKey<Invoices>,
        record: Option<&Invoice>,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        of_either!(self, store => store.replace(key, record, stamp).await)
    }

    async fn replace_many(&self, records: &[KeyedRecord<Invoices>], stamp: Stamp) -> Result<(), StoreError> {
        of_either!(self, store => store.replace_many(records, stamp).await)
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Invoices>>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<Invoices>, StoreError> {
        of_either!(self, store => store.page(group, after, limit, now).await)
    }

    async fn page_of_keys(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Invoices>>,
        limit: usize,
    ) -> Result<Vec<RecordKey<Invoices>>, StoreError> {
        of_either!(self, store => store.page_of_keys(group, after, limit).await)
    }

    async fn existing_keys(&self, keys: &[RecordKey<Invoices>]) -> Result<FoundKeys<Invoices>, StoreError> {
        of_either!(self, store => store.existing_keys(keys).await)
    }

    async fn clock(&self) -> Result<Option<Stamp>, StoreError> {
        of_either!(self, store => store.clock().await)
    }

    fn outcome(error: &StoreError) -> Outcome {
        error.outcome()
    }
}
