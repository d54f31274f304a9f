//! The document store as crossfade's copies, repair and fill see it.

use crossfade::data::{Outcome, Page, RecordKey, RecordStore, Stamp};

use super::schema::{REPLACE, REPLACE_MANY};
use super::store::{InFile, to_json, wall_clock};
use crate::domain::{self, Invoice, Invoices};
use crate::request::StoreError;
use crate::store_error::store_error;
use crossfade::route::Store;

/// What copies, repair and fill need: the larger stamp wins, whenever a copy lands.
impl RecordStore for InFile {
    type Data = Invoices;
    type Error = StoreError;
    const KEEPS_STAMPS: bool = true;

    async fn read(
        &self,
        key: &RecordKey<Invoices>,
        now: Stamp,
    ) -> Result<(Stamp, Option<Invoice>), StoreError> {
        let found = Self::one(&self.database.readers, key.group, key.item)
            .await
            .map_err(|error| store_error(Store::Target, &error))?;
        Ok((now, found))
    }

    async fn replace(
        &self,
        key: &RecordKey<Invoices>,
        record: Option<&Invoice>,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let replaced = async {
            let document = record.map(to_json).transpose()?;
            sqlx::query(REPLACE)
                .bind(key.group)
                .bind(key.item)
                .bind(stamp)
                .bind(document)
                .execute(&self.database.writer)
                .await
        };
        replaced.await.map(drop).map_err(|error| store_error(Store::Target, &error))
    }

    /// One statement, so all of them or none.
    async fn replace_many(
        &self,
        records: &[(RecordKey<Invoices>, Invoice)],
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let replaced = async {
            let invoices: Vec<&Invoice> = records.iter().map(|(_, invoice)| invoice).collect();
            sqlx::query(REPLACE_MANY)
                .bind(stamp)
                .bind(to_json(&invoices)?)
                .execute(&self.database.writer)
                .await
        };
        replaced.await.map(drop).map_err(|error| store_error(Store::Target, &error))
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Invoices>>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<Invoices>, StoreError> {
        let after = after.map_or((i64::MIN, i64::MIN), |key| (key.group, key.item));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let invoices = match group {
            Some(&customer) => self.list(customer, after.1, limit).await,
            None => self.walk(after, limit).await,
        };
        let invoices = invoices.map_err(|error| store_error(Store::Target, &error))?;
        Ok(Page {
            stamp: now,
            records: invoices.into_iter().map(|i| (domain::key(i.customer_id, i.id), i)).collect(),
        })
    }

    /// The clock that stamps this store's own writes.
    async fn clock(&self) -> Result<Option<Stamp>, StoreError> {
        Ok(Some(wall_clock()))
    }

    fn outcome(error: &StoreError) -> Outcome {
        error.outcome()
    }
}
