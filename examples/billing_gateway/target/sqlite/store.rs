//! The document store itself: documents by key, by customer, and one after the other.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use crossfade::data::Stamp;
use crossfade::route::Store;
use sqlx::SqliteExecutor;

use super::schema::{GET, LIST, SCHEMA, WALK};
use crate::domain::Invoice;
use crate::request::StoreError;
use crate::sqlite::Database;
use crate::store_error::store_error;

/// Documents in a file, for requests and for copies.
#[derive(Clone, Debug)]
pub(crate) struct InFile {
    pub(super) database: Database,
}

impl InFile {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let database = Database::open(url).await?;
        let made = sqlx::raw_sql(SCHEMA).execute(&database.writer).await;
        made.with_context(|| format!("cannot make the table of {url}"))?;
        Ok(Self { database })
    }

    pub(crate) async fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.number("SELECT count(*) FROM invoice_documents").await? == 0)
    }

    pub(crate) async fn largest_id(&self) -> Result<i64, StoreError> {
        self.number("SELECT coalesce(max(invoice_id), 0) FROM invoice_documents").await
    }

    async fn number(&self, query: &'static str) -> Result<i64, StoreError> {
        let found = sqlx::query_scalar(query).fetch_one(&self.database.readers).await;
        found.map_err(|error| store_error(Store::Target, &error))
    }

    pub(crate) async fn close(&self) {
        self.database.close().await;
    }

    /// One invoice, in a transaction or outside of one.
    pub(super) async fn one<'e>(
        reader: impl SqliteExecutor<'e>,
        customer: i64,
        id: i64,
    ) -> sqlx::Result<Option<Invoice>> {
        let document: Option<String> =
            sqlx::query_scalar(GET).bind(customer).bind(id).fetch_optional(reader).await?;
        document.as_deref().map(from_json).transpose()
    }

    pub(super) async fn list(&self, customer: i64, after: i64, limit: i64) -> sqlx::Result<Vec<Invoice>> {
        let documents: Vec<String> = sqlx::query_scalar(LIST)
            .bind(customer)
            .bind(after)
            .bind(limit)
            .fetch_all(&self.database.readers)
            .await?;
        documents.iter().map(|document| from_json(document)).collect()
    }

    pub(super) async fn walk(&self, after: (i64, i64), limit: i64) -> sqlx::Result<Vec<Invoice>> {
        let documents: Vec<String> = sqlx::query_scalar(WALK)
            .bind(after.0)
            .bind(after.1)
            .bind(limit)
            .fetch_all(&self.database.readers)
            .await?;
        documents.iter().map(|document| from_json(document)).collect()
    }
}

/// Microseconds since 1970.
pub(super) fn wall_clock() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp::try_from(since.as_micros()).unwrap_or(Stamp::MAX)
}

pub(super) fn to_json(value: &impl serde::Serialize) -> sqlx::Result<String> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

pub(super) fn from_json(document: &str) -> sqlx::Result<Invoice> {
    serde_json::from_str(document).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
