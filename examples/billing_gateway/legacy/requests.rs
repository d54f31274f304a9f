//! The relational store as the gateway's requests see it.

use jiff::Timestamp;
use sqlx::Row as _;

use super::row::Row;
use super::schema::{INSERT_LINES, UPSERT, select_rows};
use super::store::Legacy;
use crate::domain::{self, Draft, Invoice};
use crate::request::{Body, Call, InvoiceAnswer, InvoiceRequest, StoreError};
use crate::sqlite::store_error;
use crossfade::route::Store;

impl Legacy {
    /// Answers one request of the gateway.
    pub(crate) async fn answer(&self, request: InvoiceRequest) -> Result<InvoiceAnswer, StoreError> {
        let customer = request.customer;
        let body = match request.call {
            Call::Create(draft) => self.create(customer, draft).await.map(Body::from),
            Call::Get(id) => {
                self.get(customer, id).await.map(|found| found.map_or(Body::Missing, Body::from))
            }
            Call::List { after, limit, .. } => self.list(customer, after, limit).await.map(Body::List),
            Call::Put(id, draft) => {
                let changed = self.put(customer, id, draft).await;
                changed.and_then(|invoice| invoice.map(Body::from).ok_or(sqlx::Error::RowNotFound))
            }
            Call::Delete(id) => self
                .delete(customer, id)
                .await
                .and_then(|deleted| if deleted { Ok(Body::Deleted) } else { Err(sqlx::Error::RowNotFound) }),
        };
        match body {
            Ok(body) => Ok(InvoiceAnswer { from: Store::Legacy, body }),
            Err(sqlx::Error::RowNotFound) => Err(StoreError::NotFound),
            Err(error) => Err(store_error(Store::Legacy, &error)),
        }
    }

    async fn create(&self, customer: i64, draft: Draft) -> sqlx::Result<Invoice> {
        let mut transaction = self.database.begin().await?;
        let mut invoice = draft.into_new(customer, 0);
        let mut row = Row::without_id(&invoice);
        invoice.id = sqlx::query_scalar(UPSERT)
            .bind(Row::to_json(std::slice::from_ref(&row))?)
            .fetch_one(&mut *transaction)
            .await?;
        invoice.number = domain::invoice_number(invoice.id, invoice.issued_at);
        row.id = Some(invoice.id);
        sqlx::query("UPDATE invoices SET number = ?1 WHERE id = ?2")
            .bind(&invoice.number)
            .bind(invoice.id)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(INSERT_LINES).bind(Row::to_json(&[row])?).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(invoice)
    }

    async fn list(&self, customer: i64, after: i64, limit: u32) -> sqlx::Result<Vec<Invoice>> {
        let rows: Vec<String> =
            sqlx::query_scalar(select_rows!("customer_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"))
                .bind(customer)
                .bind(after)
                .bind(limit)
                .fetch_all(&self.database.readers)
                .await?;
        rows.iter().map(|row| Row::invoice_from_json(row)).collect()
    }

    async fn put(&self, customer: i64, id: i64, draft: Draft) -> sqlx::Result<Option<Invoice>> {
        let mut transaction = self.database.begin().await?;
        let old = sqlx::query("SELECT number, issued_at FROM invoices WHERE customer_id = ?1 AND id = ?2")
            .bind(customer)
            .bind(id)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(old) = old else { return Ok(None) };
        let issued_at: Timestamp = Row::parse_issued_at(old.try_get(1)?)?;
        let invoice = draft.into_changed(customer, id, old.try_get(0)?, issued_at);
        Self::put_rows(&mut transaction, &[Row::from(&invoice)]).await?;
        transaction.commit().await?;
        Ok(Some(invoice))
    }
}
