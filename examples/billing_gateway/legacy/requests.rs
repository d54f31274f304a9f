//! The relational store as the gateway's requests see it.

use super::row::Row;
use super::schema::{CLOSE, CLOSED, FIND, INSERT_LINES, MISSING, PAY, UPSERT, select_rows};
use super::store::Legacy;
use crate::domain::{Draft, Invoice, NewInvoice, Precondition, Rejection, cents, invoice_number};
use crate::request_store::{Failure, RequestStore};
use crossfade::route::Store;
use rust_decimal::Decimal;
use sqlx::{Sqlite, Transaction};

impl RequestStore for Legacy {
    const STORE: Store = Store::Legacy;

    async fn create(&self, customer: i64, new: NewInvoice) -> Result<Invoice, Failure> {
        let mut transaction = self.database.begin().await?;
        if let Some(made) = made_with_key(&mut transaction, customer, new.key()).await? {
            return Ok(new.answered_before(made)?);
        }
        let invoice = insert(&mut transaction, new.into_invoice(customer, 0)).await?;
        transaction.commit().await?;
        Ok(invoice)
    }

    async fn get(&self, customer: i64, id: i64) -> Result<Option<Invoice>, Failure> {
        Ok(Self::one(&self.database.readers, customer, id).await?)
    }

    async fn find(&self, number: &str) -> Result<Option<Invoice>, Failure> {
        let row: Option<String> =
            sqlx::query_scalar(FIND).bind(number).fetch_optional(&self.database.readers).await?;
        Ok(row.as_deref().map(Row::invoice_from_json).transpose()?)
    }

    async fn list(&self, customer: i64, after: i64, limit: u32) -> Result<Vec<Invoice>, Failure> {
        Ok(self.page_rows(Some(customer), (customer, after), limit as usize).await?)
    }

    async fn put(
        &self,
        customer: i64,
        id: i64,
        draft: Draft,
        precondition: Precondition,
    ) -> Result<Invoice, Failure> {
        let mut transaction = self.database.begin().await?;
        let old = Self::one(&mut *transaction, customer, id).await?.ok_or(Rejection::NotFound)?;
        precondition.check(&old)?;
        let invoice = draft.into_changed(old)?;
        Self::put_rows(&mut transaction, &[Row::from(&invoice)]).await?;
        transaction.commit().await?;
        Ok(invoice)
    }

    async fn delete(&self, customer: i64, id: i64, precondition: Precondition) -> Result<(), Failure> {
        let mut transaction = self.database.begin().await?;
        let old = Self::one(&mut *transaction, customer, id).await?.ok_or(Rejection::NotFound)?;
        precondition.check(&old)?;
        Self::remove(&mut *transaction, customer, id).await?;
        Ok(transaction.commit().await?)
    }

    /// Adds in the database, on the condition that it fits.
    async fn pay(&self, customer: i64, id: i64, amount: Decimal) -> Result<Invoice, Failure> {
        let mut transaction = self.database.begin().await?;
        let add = sqlx::query(PAY).bind(customer).bind(id).bind(cents(amount));
        let added = add.execute(&mut *transaction).await?.rows_affected() > 0;
        let invoice = Self::one(&mut *transaction, customer, id).await?.ok_or(Rejection::NotFound)?;
        if !added {
            return Err(Rejection::Overpaid { amount, balance: invoice.balance() }.into());
        }
        transaction.commit().await?;
        Ok(invoice)
    }

    async fn close(&self, customer: i64, ids: &[i64]) -> Result<Vec<Invoice>, Failure> {
        let mut transaction = self.database.begin().await?;
        let ids = serde_json::json!(ids).to_string();
        let missing = sqlx::query_scalar(MISSING).bind(customer).bind(&ids);
        let missing: Vec<i64> = missing.fetch_all(&mut *transaction).await?;
        if !missing.is_empty() {
            return Err(Rejection::Missing(missing).into());
        }
        sqlx::query(CLOSE).bind(customer).bind(&ids).execute(&mut *transaction).await?;
        let rows = sqlx::query_scalar(CLOSED).bind(customer).bind(&ids);
        let rows: Vec<String> = rows.fetch_all(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(rows.iter().map(|row| Row::invoice_from_json(row)).collect::<sqlx::Result<_>>()?)
    }
}

/// The invoice that an earlier create with this key made. The write lock is held, so none can come in between.
async fn made_with_key(
    transaction: &mut Transaction<'_, Sqlite>,
    customer: i64,
    key: Option<&str>,
) -> sqlx::Result<Option<Invoice>> {
    let Some(key) = key else { return Ok(None) };
    let row: Option<String> = sqlx::query_scalar(select_rows!("customer_id = ?1 AND idempotency_key = ?2"))
        .bind(customer)
        .bind(key)
        .fetch_optional(&mut **transaction)
        .await?;
    row.as_deref().map(Row::invoice_from_json).transpose()
}

/// Inserts a new invoice. The database gives the id, and the number is made of it.
async fn insert(transaction: &mut Transaction<'_, Sqlite>, mut invoice: Invoice) -> sqlx::Result<Invoice> {
    let mut row = Row::without_id(&invoice);
    invoice.id = sqlx::query_scalar(UPSERT)
        .bind(Row::to_json(std::slice::from_ref(&row))?)
        .fetch_one(&mut **transaction)
        .await?;
    invoice.number = invoice_number(invoice.id, invoice.issued_at);
    row.id = Some(invoice.id);
    sqlx::query("UPDATE invoices SET number = ?1 WHERE id = ?2")
        .bind(&invoice.number)
        .bind(invoice.id)
        .execute(&mut **transaction)
        .await?;
    sqlx::query(INSERT_LINES).bind(Row::to_json(&[row])?).execute(&mut **transaction).await?;
    Ok(invoice)
}
