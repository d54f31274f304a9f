//! The relational store as crossfade's copies, repair and fill see it.

use crossfade::data::{FoundKeys, Outcome, Page, RecordKey, RecordStore, Stamp};

use super::row::Row;
use super::store::Legacy;
use crate::domain::{self, Invoice, Invoices};
use crate::request::StoreError;
use crate::store_error::store_error;
use crossfade::route::Store;

/// The tables keep no stamps, so crossfade reads the authority again after each copy to them.
impl RecordStore for Legacy {
    type Data = Invoices;
    type Error = StoreError;
    const KEEPS_STAMPS: bool = false;

    async fn read(
        &self,
        key: &RecordKey<Invoices>,
        now: Stamp,
    ) -> Result<(Stamp, Option<Invoice>), StoreError> {
        let found = self.background.one(key.group, key.item).await;
        Ok((now, found.map_err(|error| store_error(Store::Legacy, &error))?))
    }

    async fn replace(
        &self,
        key: &RecordKey<Invoices>,
        record: Option<&Invoice>,
        _: Stamp,
    ) -> Result<(), StoreError> {
        let replaced = async {
            let mut transaction = self.background.begin().await?;
            match record {
                Some(invoice) => transaction.put_rows(&[Row::from(invoice)]).await?,
                None => transaction.remove(key.group, key.item).await?,
            }
            transaction.commit().await
        };
        replaced.await.map_err(|error| store_error(Store::Legacy, &error))
    }

    async fn replace_many(
        &self,
        records: &[(RecordKey<Invoices>, Invoice)],
        _: Stamp,
    ) -> Result<(), StoreError> {
        let replaced = async {
            let rows: Vec<Row> = records.iter().map(|(_, invoice)| Row::from(invoice)).collect();
            let mut transaction = self.background.begin().await?;
            transaction.put_rows(&rows).await?;
            transaction.commit().await
        };
        replaced.await.map_err(|error| store_error(Store::Legacy, &error))
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Invoices>>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<Invoices>, StoreError> {
        let after = after.map_or((i64::MIN, i64::MIN), |key| (key.group, key.item));
        let invoices = self.background.page(group.copied(), after, limit).await;
        let invoices = invoices.map_err(|error| store_error(Store::Legacy, &error))?;
        Ok(Page {
            stamp: now,
            records: invoices.into_iter().map(|i| (domain::key(i.customer_id, i.id), i)).collect(),
        })
    }

    async fn page_of_keys(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Invoices>>,
        limit: usize,
    ) -> Result<Vec<RecordKey<Invoices>>, StoreError> {
        let keys = self.background.page_of_keys(group, after, limit).await;
        keys.map_err(|error| store_error(Store::Legacy, &error))
    }

    async fn existing_keys(&self, keys: &[RecordKey<Invoices>]) -> Result<FoundKeys<Invoices>, StoreError> {
        let found = self.background.existing_keys(keys).await;
        found.map(Some).map_err(|error| store_error(Store::Legacy, &error))
    }

    fn outcome(error: &StoreError) -> Outcome {
        error.outcome()
    }
}
