//! The relational store as crossfade's copies, repair and fill see it.

use crossfade::data::{Outcome, Page, RecordKey, RecordStore, Stamp};

use super::row::Row;
use super::store::Legacy;
use crate::domain::{self, Invoice, Invoices};
use crate::request::StoreError;
use crate::sqlite::store_error;
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
        let found = Self::one(&self.database.readers, key.group, key.item)
            .await
            .map_err(|error| store_error(Store::Legacy, &error))?;
        Ok((now, found))
    }

    async fn replace(
        &self,
        key: &RecordKey<Invoices>,
        record: Option<&Invoice>,
        _: Stamp,
    ) -> Result<(), StoreError> {
        let replaced = async {
            let Some(invoice) = record else {
                return Self::remove(&self.database.writer, key.group, key.item).await;
            };
            let mut transaction = self.database().begin().await?;
            Self::put_rows(&mut transaction, &[Row::from(invoice)]).await?;
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
            let mut transaction = self.database().begin().await?;
            Self::put_rows(&mut transaction, &rows).await?;
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
        let invoices = self.page_rows(group.copied(), after, limit).await;
        let invoices = invoices.map_err(|error| store_error(Store::Legacy, &error))?;
        Ok(Page {
            stamp: now,
            records: invoices.into_iter().map(|i| (domain::key(i.customer_id, i.id), i)).collect(),
        })
    }

    fn outcome(error: &StoreError) -> Outcome {
        error.outcome()
    }
}
