//! The store to move to: one document an invoice, partitioned by customer, each row with a stamp.
//!
//! A deleted invoice leaves its row behind without a document (a tombstone), so that an older copy that lands late
//! cannot bring it back.

use std::future::Future;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use crossfade::data::{Outcome, Page, RecordKey, RecordStore, Stamp};
use sqlx::Row as _;

use crate::domain::{self, Draft, Invoice, Invoices};
use crate::request::{Body, Call, InvoiceAnswer, InvoiceRequest, StoreError};
use crate::sqlite::{Database, store_error};
use crossfade::route::Store;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS invoice_documents (
        customer_id INTEGER NOT NULL,
        invoice_id INTEGER NOT NULL,
        stamp INTEGER NOT NULL,  -- microseconds; the larger one wins
        document TEXT,           -- NULL: deleted
        PRIMARY KEY (customer_id, invoice_id)
    ) WITHOUT ROWID;";

const REPLACE: &str = "
    INSERT INTO invoice_documents (customer_id, invoice_id, stamp, document) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (customer_id, invoice_id) DO UPDATE SET stamp = excluded.stamp, document = excluded.document
    WHERE excluded.stamp >= stamp";
const REPLACE_MANY: &str = "
    INSERT INTO invoice_documents (customer_id, invoice_id, stamp, document)
    SELECT value->>'customer_id', value->>'id', ?1, value FROM json_each(?2) WHERE true
    ON CONFLICT (customer_id, invoice_id) DO UPDATE SET stamp = excluded.stamp, document = excluded.document
    WHERE excluded.stamp >= stamp";
const GET: &str = "SELECT document FROM invoice_documents
    WHERE customer_id = ?1 AND invoice_id = ?2 AND document IS NOT NULL";
const LIST: &str = "SELECT document FROM invoice_documents
    WHERE customer_id = ?1 AND invoice_id > ?2 AND document IS NOT NULL ORDER BY invoice_id LIMIT ?3";
const WALK: &str = "SELECT document FROM invoice_documents
    WHERE (customer_id, invoice_id) > (?1, ?2) AND document IS NOT NULL
    ORDER BY customer_id, invoice_id LIMIT ?3";
/// The store's own writes: conditional on a live row, with a stamp above what they replace.
const CHANGE: &str = "
    UPDATE invoice_documents SET stamp = max(stamp + 1, ?3), document = ?4
    WHERE customer_id = ?1 AND invoice_id = ?2 AND document IS NOT NULL";

/// Where ids of new invoices come from once this store decides: it has no sequence of its own.
pub(crate) trait IdSource: Clone + Send + Sync + 'static {
    /// An id that nobody was given before. An error means that none was used.
    fn next(&self) -> impl Future<Output = Result<i64, StoreError>> + Send;
}

/// The document store, for copies.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    database: Database,
}

/// The document store, for the request path.
#[derive(Clone, Debug)]
pub(crate) struct TargetWithIds<I> {
    pub(crate) store: Target,
    pub(crate) ids: I,
}

impl Target {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        Ok(Self { database: Database::open(url, SCHEMA).await? })
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    async fn get(&self, customer: i64, id: i64) -> sqlx::Result<Option<Invoice>> {
        let document: Option<String> =
            sqlx::query_scalar(GET).bind(customer).bind(id).fetch_optional(&self.database.readers).await?;
        document.as_deref().map(from_json).transpose()
    }

    async fn list(&self, customer: i64, after: i64, limit: i64) -> sqlx::Result<Vec<Invoice>> {
        let documents: Vec<String> = sqlx::query_scalar(LIST)
            .bind(customer)
            .bind(after)
            .bind(limit)
            .fetch_all(&self.database.readers)
            .await?;
        documents.iter().map(|document| from_json(document)).collect()
    }

    async fn walk(&self, after: (i64, i64), limit: i64) -> sqlx::Result<Vec<Invoice>> {
        let documents: Vec<String> = sqlx::query_scalar(WALK)
            .bind(after.0)
            .bind(after.1)
            .bind(limit)
            .fetch_all(&self.database.readers)
            .await?;
        documents.iter().map(|document| from_json(document)).collect()
    }

    async fn create(&self, customer: i64, id: i64, draft: Draft) -> sqlx::Result<Invoice> {
        let invoice = draft.into_new(customer, id);
        // A plain insert: an id that is taken is an error, never an invoice that is replaced.
        sqlx::query("INSERT INTO invoice_documents (customer_id, invoice_id, stamp, document) VALUES (?1, ?2, ?3, ?4)")
            .bind(customer).bind(id).bind(wall_clock()).bind(to_json(&invoice)?)
            .execute(&self.database.writer)
            .await?;
        Ok(invoice)
    }

    async fn put(&self, customer: i64, id: i64, draft: Draft) -> sqlx::Result<Option<Invoice>> {
        let mut transaction = self.database.begin().await?;
        let old = sqlx::query(GET).bind(customer).bind(id).fetch_optional(&mut *transaction).await?;
        let Some(old) = old else { return Ok(None) };
        let old = from_json(old.try_get(0)?)?;
        let invoice = draft.into_changed(customer, id, old.number, old.issued_at);
        sqlx::query(CHANGE)
            .bind(customer)
            .bind(id)
            .bind(wall_clock())
            .bind(to_json(&invoice)?)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some(invoice))
    }

    /// Whether there was such an invoice.
    async fn delete(&self, customer: i64, id: i64) -> sqlx::Result<bool> {
        let deleted = sqlx::query(CHANGE)
            .bind(customer)
            .bind(id)
            .bind(wall_clock())
            .bind(None::<String>)
            .execute(&self.database.writer)
            .await?;
        Ok(deleted.rows_affected() > 0)
    }
}

impl<I: IdSource> TargetWithIds<I> {
    /// Answers one request of the gateway.
    pub(crate) async fn answer(&self, request: InvoiceRequest) -> Result<InvoiceAnswer, StoreError> {
        let (store, customer) = (&self.store, request.customer);
        let body = match request.call {
            Call::Create(draft) => {
                store.create(customer, self.ids.next().await?, draft).await.map(Body::from)
            }
            Call::Get(id) => {
                store.get(customer, id).await.map(|found| found.map_or(Body::Missing, Body::from))
            }
            Call::List { after, limit, .. } => {
                store.list(customer, after, limit.into()).await.map(Body::List)
            }
            Call::Put(id, draft) => {
                let changed = store.put(customer, id, draft).await;
                changed.and_then(|invoice| invoice.map(Body::from).ok_or(sqlx::Error::RowNotFound))
            }
            Call::Delete(id) => store
                .delete(customer, id)
                .await
                .and_then(|deleted| if deleted { Ok(Body::Deleted) } else { Err(sqlx::Error::RowNotFound) }),
        };
        match body {
            Ok(body) => Ok(InvoiceAnswer { from: Store::Target, body }),
            Err(sqlx::Error::RowNotFound) => Err(StoreError::NotFound),
            Err(error) => Err(store_error(Store::Target, &error)),
        }
    }
}

/// What copies, repair and fill need: the larger stamp wins, whenever a copy lands.
impl RecordStore for Target {
    type Data = Invoices;
    type Error = StoreError;
    const KEEPS_STAMPS: bool = true;

    async fn read(
        &self,
        key: &RecordKey<Invoices>,
        now: Stamp,
    ) -> Result<(Stamp, Option<Invoice>), StoreError> {
        let found =
            self.get(key.group, key.item).await.map_err(|error| store_error(Store::Target, &error))?;
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

/// Microseconds since 1970.
fn wall_clock() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp::try_from(since.as_micros()).unwrap_or(Stamp::MAX)
}

fn to_json(value: &impl serde::Serialize) -> sqlx::Result<String> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

fn from_json(document: &str) -> sqlx::Result<Invoice> {
    serde_json::from_str(document).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
