//! The store to move to: one document for each invoice, with its stamp, in SQLite.

use crossfade::data::{Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use sqlx::{query, query_as, query_scalar};

use super::opened::InvoiceSet;
use crate::after::error::Error;
use crate::domain::Invoice;

type Key = RecordKey<InvoiceSet>;

#[derive(Clone)]
pub(crate) struct InSqlite(SqlitePool);

const PAGE: &str = "SELECT customer, id, document FROM invoices
    WHERE (customer, id) > (?1, ?2) AND customer <= ?3 AND document NOT NULL ORDER BY customer, id LIMIT ?4";

impl InSqlite {
    pub(crate) async fn in_memory() -> Result<Self, Error> {
        let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
        let create =
            "CREATE TABLE invoices (customer INTEGER, id INTEGER, document TEXT, stamp INTEGER NOT NULL,
            PRIMARY KEY (customer, id))";
        query(create).execute(&pool).await?;
        Ok(Self(pool))
    }

    async fn pages(&self, from: (i64, i64), to: i64, limit: i64) -> Result<Vec<(Key, Invoice)>, Error> {
        let page = query_as(PAGE).bind(from.0).bind(from.1).bind(to).bind(limit);
        let rows: Vec<(i64, i64, String)> = page.fetch_all(&self.0).await?;
        let record = |(group, item, text): (_, _, String)| Ok((Key { group, item }, invoice(&text)?));
        rows.into_iter().map(record).collect()
    }
}

pub(crate) async fn find(target: InSqlite, customer: i64, id: i64) -> Result<Option<Invoice>, Error> {
    let find =
        query_scalar("SELECT document FROM invoices WHERE customer = ?1 AND id = ?2 AND document NOT NULL");
    let found: Option<String> = find.bind(customer).bind(id).fetch_optional(&target.0).await?;
    found.as_deref().map(invoice).transpose()
}

pub(crate) async fn list(target: InSqlite, customer: i64) -> Result<Vec<(i64, Invoice)>, Error> {
    let all = target.pages((customer, i64::MIN), customer, i64::MAX).await?;
    Ok(all.into_iter().map(|(key, invoice)| (key.item, invoice)).collect())
}

fn invoice(document: &str) -> Result<Invoice, Error> {
    Ok(serde_json::from_str(document).map_err(|error| sqlx::Error::Decode(Box::new(error)))?)
}

impl RecordStore for InSqlite {
    type Data = InvoiceSet;
    type Error = Error;
    const KEEPS_STAMPS: bool = true;

    async fn read(&self, key: &Key, now: Stamp) -> Result<StampedRecord<InvoiceSet>, Error> {
        Ok((now, find(self.clone(), key.group, key.item).await?))
    }

    /// A deleted invoice leaves its stamp behind.
    async fn replace(&self, key: &Key, record: Option<&Invoice>, stamp: Stamp) -> Result<(), Error> {
        let document = record.map(serde_json::to_string).transpose();
        let document = document.map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        let replace = query(
            "INSERT INTO invoices VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET document = ?3, stamp = ?4 WHERE stamp <= ?4",
        );
        let replace = replace.bind(key.group).bind(key.item).bind(document).bind(stamp);
        replace.execute(&self.0).await?;
        Ok(())
    }

    async fn page(
        &self,
        of: Option<&i64>,
        after: Option<&Key>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<InvoiceSet>, Error> {
        let from = after.map_or((of.map_or(i64::MIN, |of| *of), i64::MIN), |key| (key.group, key.item));
        let records = self.pages(from, of.copied().unwrap_or(i64::MAX), limit as i64).await?;
        Ok(Page { stamp: now, records })
    }

    fn outcome(_: &Error) -> Outcome {
        Outcome::Unknown
    }
}
