//! The document store as the gateway's requests see it, once it decides.

use std::future::Future;

use rust_decimal::Decimal;
use sqlx::{Sqlite, Transaction};

use super::schema::{CHANGE, CLOSE, FIND, INSERT, MADE_WITH_KEY, MISSING};
use super::store::{Target, from_json, to_json, wall_clock};
use crate::domain::{Draft, Invoice, NewInvoice, Precondition, Rejection};
use crate::request::StoreError;
use crate::request_store::{Failure, RequestStore};
use crossfade::route::Store;

/// Where ids of new invoices come from once this store decides: it has no sequence of its own.
pub(crate) trait IdSource: Clone + Send + Sync + 'static {
    /// An id that nobody was given before. An error means that none was used.
    fn next(&self) -> impl Future<Output = Result<i64, StoreError>> + Send;
}

/// The document store, for the request path.
#[derive(Clone, Debug)]
pub(crate) struct TargetWithIds<I> {
    pub(crate) store: Target,
    pub(crate) ids: I,
}

impl<I: IdSource> RequestStore for TargetWithIds<I> {
    const STORE: Store = Store::Target;

    async fn create(&self, customer: i64, new: NewInvoice) -> Result<Invoice, Failure> {
        // Asked for before the transaction, which must not wait for the journal; a retry leaves its id unused.
        let id = self.ids.next().await.map_err(Failure::Known)?;
        let mut transaction = self.store.database.begin().await?;
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
            let reason = format!("the id {id} is taken");
            return Err(Failure::Known(StoreError::Unavailable { store: Store::Target, reason }));
        }
        transaction.commit().await?;
        Ok(invoice)
    }

    async fn get(&self, customer: i64, id: i64) -> Result<Option<Invoice>, Failure> {
        Ok(Target::one(&self.store.database.readers, customer, id).await?)
    }

    async fn find(&self, number: &str) -> Result<Option<Invoice>, Failure> {
        let document: Option<String> =
            sqlx::query_scalar(FIND).bind(number).fetch_optional(&self.store.database.readers).await?;
        Ok(document.as_deref().map(from_json).transpose()?)
    }

    async fn list(&self, customer: i64, after: i64, limit: u32) -> Result<Vec<Invoice>, Failure> {
        Ok(self.store.list(customer, after, limit.into()).await?)
    }

    async fn put(
        &self,
        customer: i64,
        id: i64,
        draft: Draft,
        precondition: Precondition,
    ) -> Result<Invoice, Failure> {
        let mut transaction = self.store.database.begin().await?;
        let old = Target::one(&mut *transaction, customer, id).await?.ok_or(Rejection::NotFound)?;
        precondition.check(&old)?;
        let invoice = draft.into_changed(old)?;
        change(&mut transaction, customer, id, Some(&invoice)).await?;
        transaction.commit().await?;
        Ok(invoice)
    }

    async fn delete(&self, customer: i64, id: i64, precondition: Precondition) -> Result<(), Failure> {
        let mut transaction = self.store.database.begin().await?;
        let old = Target::one(&mut *transaction, customer, id).await?.ok_or(Rejection::NotFound)?;
        precondition.check(&old)?;
        change(&mut transaction, customer, id, None).await?;
        Ok(transaction.commit().await?)
    }

    async fn pay(&self, customer: i64, id: i64, amount: Decimal) -> Result<Invoice, Failure> {
        let mut transaction = self.store.database.begin().await?;
        let old = Target::one(&mut *transaction, customer, id).await?.ok_or(Rejection::NotFound)?;
        let invoice = old.pay(amount)?;
        change(&mut transaction, customer, id, Some(&invoice)).await?;
        transaction.commit().await?;
        Ok(invoice)
    }

    async fn close(&self, customer: i64, ids: &[i64]) -> Result<Vec<Invoice>, Failure> {
        let mut transaction = self.store.database.begin().await?;
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
