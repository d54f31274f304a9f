//! What the gateway's requests ask of the file. What changes something is one transaction.

use rust_decimal::Decimal;
use sqlx::{Sqlite, Transaction};

use super::schema::{CHANGE, CLOSE, FIND, INSERT, MADE_WITH_KEY, MISSING};
use super::store::{InFile, from_json, to_json, wall_clock};
use crate::domain::{Draft, Invoice, NewInvoice, Precondition, Rejection};
use crate::request_store::Failure;
use crate::target::requests::id_taken;

impl InFile {
    pub(crate) async fn create(&self, customer: i64, id: i64, new: NewInvoice) -> Result<Invoice, Failure> {
        let mut transaction = self.database.begin().await?;
        if let Some(made) = made_with_key(&mut transaction, customer, new.key()).await? {
            return Ok(new.answered_before(made)?);
        }
        let invoice = new.into_invoice(customer, id);
        let inserted = sqlx::query(INSERT)
            .bind(customer)
            .bind(id)
            .bind(wall_clock())
            .bind(to_json(&invoice)?)
            .execute(&mut *transaction)
            .await?;
        if inserted.rows_affected() == 0 {
            return Err(id_taken(id));
        }
        transaction.commit().await?;
        Ok(invoice)
    }

    pub(crate) async fn get(&self, customer: i64, id: i64) -> Result<Option<Invoice>, Failure> {
        Ok(Self::one(&self.database.readers, customer, id).await?)
    }

    pub(crate) async fn find(&self, number: &str) -> Result<Option<Invoice>, Failure> {
        let document: Option<String> =
            sqlx::query_scalar(FIND).bind(number).fetch_optional(&self.database.readers).await?;
        Ok(document.as_deref().map(from_json).transpose()?)
    }

    pub(crate) async fn behind(
        &self,
        customer: i64,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Invoice>, Failure> {
        Ok(self.list(customer, after, limit.into()).await?)
    }

    pub(crate) async fn put(
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
        change(&mut transaction, customer, id, Some(&invoice)).await?;
        transaction.commit().await?;
        Ok(invoice)
    }

    pub(crate) async fn delete(
        &self,
        customer: i64,
        id: i64,
        precondition: Precondition,
    ) -> Result<(), Failure> {
        let mut transaction = self.database.begin().await?;
        let old = Self::one(&mut *transaction, customer, id).await?.ok_or(Rejection::NotFound)?;
        precondition.check(&old)?;
        change(&mut transaction, customer, id, None).await?;
        Ok(transaction.commit().await?)
    }

    pub(crate) async fn pay(&self, customer: i64, id: i64, amount: Decimal) -> Result<Invoice, Failure> {
        let mut transaction = self.database.begin().await?;
        let old = Self::one(&mut *transaction, customer, id).await?.ok_or(Rejection::NotFound)?;
        let invoice = old.pay(amount)?;
        change(&mut transaction, customer, id, Some(&invoice)).await?;
        transaction.commit().await?;
        Ok(invoice)
    }

    pub(crate) async fn close_all(&self, customer: i64, ids: &[i64]) -> Result<Vec<Invoice>, Failure> {
        let mut transaction = self.database.begin().await?;
        let ids = serde_json::json!(ids).to_string();
        let missing = sqlx::query_scalar(MISSING).bind(customer).bind(&ids);
        let missing: Vec<i64> = missing.fetch_all(&mut *transaction).await?;
        if !missing.is_empty() {
            return Err(Rejection::Missing(missing).into());
        }
        let closed = sqlx::query_scalar(CLOSE).bind(customer).bind(&ids).bind(wall_clock());
        let closed: Vec<String> = closed.fetch_all(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(closed.iter().map(|document| from_json(document)).collect::<sqlx::Result<_>>()?)
    }
}

/// The invoice that an earlier create with this key made. The write lock is held, so none can come in between.
async fn made_with_key(
    transaction: &mut Transaction<'_, Sqlite>,
    customer: i64,
    key: Option<&str>,
) -> sqlx::Result<Option<Invoice>> {
    let Some(key) = key else { return Ok(None) };
    let document: Option<String> =
        sqlx::query_scalar(MADE_WITH_KEY).bind(customer).bind(key).fetch_optional(&mut **transaction).await?;
    document.as_deref().map(from_json).transpose()
}

/// Replaces the document of an invoice that lives, or takes it away.
async fn change(
    transaction: &mut Transaction<'_, Sqlite>,
    customer: i64,
    id: i64,
    invoice: Option<&Invoice>,
) -> sqlx::Result<()> {
    let document = invoice.map(to_json).transpose()?;
    let change = sqlx::query(CHANGE).bind(customer).bind(id).bind(wall_clock()).bind(document);
    change.execute(&mut **transaction).await.map(drop)
}
