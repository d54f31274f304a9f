//! The tables of the service as a store of records.

use crossfade::backend::sql::MySql;
use crossfade::data::{Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord};
use sqlx::mysql::{MySqlPool, MySqlRow};
use sqlx::{Row, query};

use super::opened::InvoiceSet;
use crate::after::error::Error;
use crate::after::invoices;
use crate::domain::{Invoice, Line};

type Key = RecordKey<InvoiceSet>;

#[derive(Clone)]
pub(crate) struct InMySql(pub(crate) MySqlPool);

impl Error {
    /// What an error says about the write that ended with it.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::NotFound | Self::Refused(_) => Outcome::Rejected,
            Self::Sql(error) => MySql::outcome(error),
        }
    }
}

// A comparison of rows, `(customer, id) > (?, ?)`, is no range of the index in MariaDB: it would read from the start of the table.
const PAGE: &str = "SELECT i.customer, i.id, i.total_cents, i.paid, l.text, l.cents FROM
    (SELECT * FROM invoices WHERE (customer > ? OR (customer = ? AND id > ?)) AND customer <= ? ORDER BY customer, id LIMIT ?) i
    LEFT JOIN invoice_lines l ON l.invoice = i.id ORDER BY i.customer, i.id, l.id";

impl RecordStore for InMySql {
    type Data = InvoiceSet;
    type Error = Error;
    const KEEPS_STAMPS: bool = false;

    async fn read(&self, key: &Key, now: Stamp) -> Result<StampedRecord<InvoiceSet>, Error> {
        Ok((now, invoices::find(self.0.clone(), key.group, key.item).await?))
    }

    async fn replace(&self, key: &Key, record: Option<&Invoice>, _: Stamp) -> Result<(), Error> {
        // The rows are made anew: a column that the record does not know is lost, and lines get other ids.
        let mut transaction = self.0.begin().await?;
        query("DELETE FROM invoice_lines WHERE invoice = ?")
            .bind(key.item)
            .execute(&mut *transaction)
            .await?;
        query("DELETE FROM invoices WHERE id = ?").bind(key.item).execute(&mut *transaction).await?;
        if let Some(Invoice { total_cents, paid, lines }) = record {
            let insert = query("INSERT INTO invoices (id, customer, total_cents, paid) VALUES (?, ?, ?, ?)");
            let insert = insert.bind(key.item).bind(key.group).bind(total_cents).bind(paid);
            insert.execute(&mut *transaction).await?;
            for Line { text, cents } in lines {
                let insert = query("INSERT INTO invoice_lines (invoice, text, cents) VALUES (?, ?, ?)");
                insert.bind(key.item).bind(text).bind(cents).execute(&mut *transaction).await?;
            }
        }
        Ok(transaction.commit().await?)
    }

    async fn page(
        &self,
        of: Option<&i64>,
        after: Option<&Key>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<InvoiceSet>, Error> {
        let (customer, id) =
            after.map_or((of.map_or(i64::MIN, |of| *of), i64::MIN), |key| (key.group, key.item));
        let page = query(PAGE).bind(customer).bind(customer).bind(id).bind(of.copied().unwrap_or(i64::MAX));
        let rows = page.bind(limit as i64).fetch_all(&self.0).await?;
        Ok(Page { stamp: now, records: records(&rows)? })
    }

    fn outcome(error: &Error) -> Outcome {
        error.outcome()
    }
}

/// The rows of a line each, as records.
fn records(rows: &[MySqlRow]) -> Result<Vec<(Key, Invoice)>, sqlx::Error> {
    let mut records: Vec<(Key, Invoice)> = Vec::new();
    for row in rows {
        let (group, item): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        if records.last().is_none_or(|(key, _)| (key.group, key.item) != (group, item)) {
            let (total_cents, paid) = (row.try_get(2)?, row.try_get(3)?);
            records.push((Key { group, item }, Invoice { total_cents, paid, lines: Vec::new() }));
        }
        if let (Some((_, invoice)), Some(text)) = (records.last_mut(), row.try_get(4)?) {
            invoice.lines.push(Line { text, cents: row.try_get(5)? });
        }
    }
    Ok(records)
}
