//! The document store itself: documents by key, by customer, and one after the other.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use crossfade::data::Stamp;
use sqlx::SqliteExecutor;

use super::schema::{GET, LIST, SCHEMA, WALK};
use crate::domain::Invoice;
use crate::sqlite::Database;

/// The document store, for copies.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(super) database: Database,
}

impl Target {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        Ok(Self { database: Database::open(url, SCHEMA).await? })
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
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
