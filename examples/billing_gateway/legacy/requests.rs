//! The relational store as the gateway's requests see it.
//!
//! Whatever reads what it changes locks it first, with a statement of its own: what a later statement of the transaction
//! reads is then what it will change. (In one statement the row would be the one that it waited for, and the lines those of
//! before.)

use std::sync::Arc;

use crossfade::backend::sql::{Dialect, SqlStore};
use crossfade::route::Store;
use rust_decimal::Decimal;
use serde_json::json;
use tower::ServiceExt;

use super::pool::{Pool, Transaction};
use super::row::Row;
use super::store::{Legacy, Server};
use crate::domain::{Draft, Invoice, NewInvoice, Precondition, Rejection, cents, invoice_number};
use crate::request::{Body, InvoiceRequest};
use crate::request_store::{Failure, RequestStore};

impl RequestStore for Legacy {
    const STORE: Store = Store::Legacy;

    /// On a server to its end, with a bound: a caller that goes away drops no half-sent statement.
    async fn body(&self, request: InvoiceRequest) -> Result<Body, Failure> {
        match &self.server {
            Server::File => self.body_of(request).await,
            Server::MariaDb(store) => self.on_server(store, Pool::MariaDb, request).await,
            Server::Postgres(store) => self.on_server(store, Pool::Postgres, request).await,
        }
    }

    async fn create(&self, customer: i64, new: NewInvoice) -> Result<Invoice, Failure> {
        let mut transaction = self.callers.begin().await?;
        if let Some(made) = transaction.made_with_key(customer, new.key()).await? {
            return Ok(new.answered_before(made)?);
        }
        let invoice = transaction.insert(new.into_invoice(customer, 0)).await?;
        transaction.commit().await?;
        Ok(invoice)
    }

    async fn get(&self, customer: i64, id: i64) -> Result<Option<Invoice>, Failure> {
        Ok(self.callers.one(customer, id).await?)
    }

    async fn find(&self, number: &str) -> Result<Option<Invoice>, Failure> {
        Ok(self.callers.invoices(&self.callers.sql().find, &[number.into()]).await?.into_iter().next())
    }

    async fn list(&self, customer: i64, after: i64, limit: u32) -> Result<Vec<Invoice>, Failure> {
        Ok(self.callers.page(Some(customer), (customer, after), limit as usize).await?)
    }

    async fn put(
        &self,
        customer: i64,
        id: i64,
        draft: Draft,
        precondition: Precondition,
    ) -> Result<Invoice, Failure> {
        let mut transaction = self.callers.begin().await?;
        let old = transaction.locked(customer, id).await?;
        precondition.check(&old)?;
        let invoice = draft.into_changed(old)?;
        transaction.put_rows(&[Row::from(&invoice)]).await?;
        transaction.commit().await?;
        Ok(invoice)
    }

    async fn delete(&self, customer: i64, id: i64, precondition: Precondition) -> Result<(), Failure> {
        let mut transaction = self.callers.begin().await?;
        let old = transaction.locked(customer, id).await?;
        precondition.check(&old)?;
        transaction.remove(customer, id).await?;
        Ok(transaction.commit().await?)
    }

    /// Adds in the database, on the condition that it fits.
    async fn pay(&self, customer: i64, id: i64, amount: Decimal) -> Result<Invoice, Failure> {
        let mut transaction = self.callers.begin().await?;
        let (sql, paid) = (transaction.sql(), [customer.into(), id.into(), cents(amount).into()]);
        let added = transaction.execute(&sql.pay, &paid).await? > 0;
        let invoice = transaction.one(customer, id).await?.ok_or(Rejection::NotFound)?;
        if !added {
            return Err(Rejection::Overpaid { amount, balance: invoice.balance() }.into());
        }
        transaction.commit().await?;
        Ok(invoice)
    }

    async fn close(&self, customer: i64, ids: &[i64]) -> Result<Vec<Invoice>, Failure> {
        let mut transaction = self.callers.begin().await?;
        let (sql, asked) = (transaction.sql(), json!(ids).to_string());
        let those = [customer.into(), asked.as_str().into()];
        let there: Vec<i64> = transaction.fetch(&sql.lock, &those).await?;
        let missing: Vec<i64> = ids.iter().filter(|id| !there.contains(id)).copied().collect();
        if !missing.is_empty() {
            return Err(Rejection::Missing(missing).into());
        }
        transaction.execute(&sql.close, &those).await?;
        let closed = transaction.invoices(&sql.those, &those).await?;
        transaction.commit().await?;
        Ok(closed)
    }
}

impl Legacy {
    async fn on_server<DB>(
        &self,
        store: &SqlStore<DB>,
        of: fn(sqlx::Pool<DB>) -> Pool,
        request: InvoiceRequest,
    ) -> Result<Body, Failure>
    where
        DB: Dialect,
        for<'c> &'c mut DB::Connection: sqlx::Executor<'c, Database = DB>,
    {
        let legacy = Arc::new(self.clone());
        let service = store.service(move |pool: sqlx::Pool<DB>, request: InvoiceRequest| {
            // The pool that fits who is asking: a shadow read is background work.
            let on_pool = Self { callers: of(pool), ..(*legacy).clone() };
            async move { on_pool.body_of(request).await }
        });
        service.oneshot(request).await
    }
}

impl Transaction {
    /// An invoice that stays as it is until the transaction ends.
    async fn locked(&mut self, customer: i64, id: i64) -> Result<Invoice, Failure> {
        let (sql, asked) = (self.sql(), json!([id]).to_string());
        drop(self.fetch::<i64>(&sql.lock, &[customer.into(), asked.as_str().into()]).await?);
        Ok(self.one(customer, id).await?.ok_or(Rejection::NotFound)?)
    }

    /// The invoice that an earlier create with this key made; none can come in between.
    async fn made_with_key(&mut self, customer: i64, key: Option<&str>) -> sqlx::Result<Option<Invoice>> {
        let (Some(key), sql) = (key, self.sql()) else { return Ok(None) };
        if let Some(lock) = &sql.lock_customer {
            drop(self.fetch::<i64>(lock, &[customer.into()]).await?);
        }
        let made = self.invoices(&sql.made_with_key, &[customer.into(), key.into()]).await?;
        Ok(made.into_iter().next())
    }

    /// Inserts a new invoice. The database gives the id, and the number is made of it.
    async fn insert(&mut self, mut invoice: Invoice) -> sqlx::Result<Invoice> {
        let (sql, mut row) = (self.sql(), Row::without_id(&invoice));
        let json = Row::to_json(std::slice::from_ref(&row))?;
        let ids: Vec<i64> = self.fetch(&sql.upsert, &[json.as_str().into()]).await?;
        invoice.id = ids.into_iter().next().ok_or(sqlx::Error::RowNotFound)?;
        invoice.number = invoice_number(invoice.id, invoice.issued_at);
        row.id = Some(invoice.id);
        self.execute(&sql.set_number, &[invoice.number.as_str().into(), invoice.id.into()]).await?;
        let json = Row::to_json(&[row])?;
        self.execute(&sql.insert_lines, &[json.as_str().into()]).await?;
        Ok(invoice)
    }
}
