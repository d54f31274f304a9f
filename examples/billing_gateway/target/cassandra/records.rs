//! Documents in Cassandra as crossfade's copies, repair and fill see them.

use crossfade::backend::cassandra::CassandraError;
use crossfade::data::{FoundKeys, KeyedRecord, Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord};
use tokio::task::JoinSet;

use super::open::InCassandra;
use super::statements::{WalkedKey, WalkedRow};
use super::writes::{document_of, invoice_of};
use crate::domain::{self, Invoice, Invoices};
use crate::request::StoreError;
use crate::store_error::cassandra_error;

/// Copies of a page that are on their way at once.
const AT_ONCE: usize = 32;

/// Reads are serial: this store is read when it decides, and then the authority's own write that is in doubt has to be there, or
/// never come.
impl RecordStore for InCassandra {
    type Data = Invoices;
    type Error = StoreError;
    const KEEPS_STAMPS: bool = true;

    async fn read(
        &self,
        key: &RecordKey<Invoices>,
        now: Stamp,
    ) -> Result<StampedRecord<Invoices>, StoreError> {
        let found = said(self.statements.read.one((key.group, key.item)).await)?;
        Ok((now, found.map(|(document,)| invoice_of(&document)).transpose()?))
    }

    /// Every column, each time: what the invoice has no more must not stay behind with its old stamp.
    async fn replace(
        &self,
        key: &RecordKey<Invoices>,
        record: Option<&Invoice>,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let Some(invoice) = record else {
            return said(self.statements.remove.run((stamp, key.group, key.item)).await);
        };
        let document = document_of(invoice)?;
        let idempotency_key = invoice.idempotency.as_ref().map(|idempotency| &idempotency.key);
        let row = (key.group, key.item, document, &invoice.number, idempotency_key, stamp);
        said(self.statements.replace.run(row).await)
    }

    /// Many at once, each by itself: a batch over several customers would be slower, and a copy may land alone.
    async fn replace_many(&self, records: &[KeyedRecord<Invoices>], stamp: Stamp) -> Result<(), StoreError> {
        let mut copies = JoinSet::new();
        for (key, invoice) in records {
            if copies.len() == AT_ONCE {
                ended(copies.join_next().await)?;
            }
            let (store, key, invoice) = (self.clone(), domain::key(key.group, key.item), invoice.clone());
            copies.spawn(async move { store.replace(&key, Some(&invoice), stamp).await });
        }
        while !copies.is_empty() {
            ended(copies.join_next().await)?;
        }
        Ok(())
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Invoices>>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<Invoices>, StoreError> {
        if let Some(customer) = group {
            said(self.statements.settle.one((customer,)).await)?;
        }
        let mut after = after.map(|key| (key.group, key.item));
        loop {
            let behind = after.as_ref().map(|(customer, id)| (customer, id));
            let rows = said(self.statements.walk.page(group, behind, limit).await)?;
            after = rows.last().map(|(customer, id, _)| (*customer, id.unwrap_or(i64::MAX)));
            let records = rows.into_iter().filter_map(record).collect::<Result<Vec<_>, _>>()?;
            // A page of nothing else than customers without invoices is not the last one.
            if after.is_none() || !records.is_empty() {
                return Ok(Page { stamp: now, records });
            }
        }
    }

    async fn page_of_keys(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Invoices>>,
        limit: usize,
    ) -> Result<Vec<RecordKey<Invoices>>, StoreError> {
        let mut after = after.map(|key| (key.group, key.item));
        loop {
            let behind = after.as_ref().map(|(customer, id)| (customer, id));
            let rows = said(self.statements.walk_of_keys.page(group, behind, limit).await)?;
            after = rows.last().map(|(customer, id)| (*customer, id.unwrap_or(i64::MAX)));
            let key = |(customer, id): WalkedKey| Some(domain::key(customer, id?));
            let keys: Vec<_> = rows.into_iter().filter_map(key).collect();
            if after.is_none() || !keys.is_empty() {
                return Ok(keys);
            }
        }
    }

    /// Serially, too: a delete that is in doubt would otherwise take a record away later, and its copy would stay.
    async fn existing_keys(&self, keys: &[RecordKey<Invoices>]) -> Result<FoundKeys<Invoices>, StoreError> {
        said(self.statements.keys.existing(keys).await).map(Some)
    }

    /// The nodes' own, which stamps what is written conditionally.
    async fn clock(&self) -> Result<Option<Stamp>, StoreError> {
        said(self.store.clock().await).map(Some)
    }

    fn outcome(error: &StoreError) -> Outcome {
        error.outcome()
    }
}

/// None where a customer has a static column and no invoice.
fn record((customer, id, document): WalkedRow) -> Option<Result<KeyedRecord<Invoices>, StoreError>> {
    let key = domain::key(customer, id?);
    Some(invoice_of(&document?).map(|invoice| (key, invoice)))
}

fn said<T>(answer: Result<T, CassandraError>) -> Result<T, StoreError> {
    answer.map_err(|error| cassandra_error(&error))
}

fn ended(copy: Option<Result<Result<(), StoreError>, tokio::task::JoinError>>) -> Result<(), StoreError> {
    match copy {
        Some(Ok(copied)) => copied,
        Some(Err(panicked)) if panicked.is_panic() => std::panic::resume_unwind(panicked.into_panic()),
        Some(Err(_)) | None => Ok(()), // ended with the runtime
    }
}
