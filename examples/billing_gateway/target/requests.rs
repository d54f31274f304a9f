//! The document store as the gateway's requests see it, once it decides.

use std::future::Future;

use sqlx::Row as _;

use super::schema::{CHANGE, GET};
use super::store::{Target, from_json, to_json, wall_clock};
use crate::domain::{Draft, Invoice};
use crate::request::{Body, Call, InvoiceAnswer, InvoiceRequest, StoreError};
use crate::sqlite::store_error;
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

impl Target {
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
