//! The relational store itself: its ids, and invoices as rows.

use std::time::Duration;

use crossfade::backend::sql::{MySql, OpenError, Postgres};
use serde_json::json;

use super::pool::{Pool, Transaction};
use super::row::Row;
use crate::domain::Invoice;
use crate::history::Customer;

/// The relational store, for the request path and for copies.
#[derive(Clone, Debug)]
pub(crate) struct Legacy {
    pub(super) server: Server,
    /// Empty for a file.
    pub(super) url: String,
    /// For requests.
    pub(super) callers: Pool,
    /// For copies, repair and fill.
    pub(super) background: Pool,
}

/// What keeps its promises by itself, and what needs crossfade's bounds.
#[derive(Clone, Debug)]
pub(super) enum Server {
    File,
    MariaDb(MySql),
    Postgres(Postgres),
}

impl Legacy {
    /// Whether it is a server of its own.
    pub(crate) fn is_server(&self) -> bool {
        !matches!(self.server, Server::File)
    }

    /// Whether writes land within the late bound of the routing config. A file has one writer, which is here.
    pub(crate) fn check_late_bound(&self, late_bound: Duration) -> Result<(), OpenError> {
        match &self.server {
            Server::File => Ok(()),
            Server::MariaDb(store) => store.check_late_bound(late_bound),
            Server::Postgres(store) => store.check_late_bound(late_bound),
        }
    }

    pub(crate) async fn is_empty(&self) -> sqlx::Result<bool> {
        Ok(self.number(&self.background.sql().count).await? == 0)
    }

    /// The largest id that was ever given out, also to an invoice that is deleted by now.
    pub(crate) async fn largest_id(&self) -> sqlx::Result<i64> {
        self.number(&self.background.sql().largest_id).await
    }

    /// Makes the next id larger than `id`, whatever the sequence was; never moves it back.
    pub(crate) async fn raise_sequence_above(&self, id: i64) -> sqlx::Result<()> {
        if id <= 0 {
            return Ok(()); // every sequence is above it
        }
        let mut transaction = self.background.begin().await?;
        for statement in transaction.sql().sequence_above {
            transaction.execute(statement, &[id.into()]).await?;
        }
        transaction.commit().await
    }

    /// Adds a customer, or replaces what is known of one.
    pub(crate) async fn put_customer(&self, customer: &Customer) -> sqlx::Result<()> {
        let mut transaction = self.callers.begin().await?;
        transaction.put_customers(std::slice::from_ref(customer)).await?;
        transaction.commit().await
    }

    /// Where a customer lives.
    pub(crate) async fn country(&self, customer: i64) -> sqlx::Result<Option<String>> {
        let found = self.callers.fetch(&self.callers.sql().country, &[customer.into()]).await?;
        Ok(found.into_iter().next())
    }

    pub(crate) async fn close(&self) {
        self.callers.close().await;
        self.background.close().await;
    }

    async fn number(&self, statement: &super::statements::Statement) -> sqlx::Result<i64> {
        let found = self.background.fetch::<i64>(statement, &[]).await?;
        found.into_iter().next().ok_or(sqlx::Error::RowNotFound)
    }
}

impl Pool {
    pub(super) async fn one(&self, customer: i64, id: i64) -> sqlx::Result<Option<Invoice>> {
        let found = self.invoices(&self.sql().one, &[customer.into(), id.into()]).await?;
        Ok(found.into_iter().next())
    }

    pub(super) async fn page(
        &self,
        group: Option<i64>,
        after: (i64, i64),
        limit: usize,
    ) -> sqlx::Result<Vec<Invoice>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX).into();
        match group {
            Some(customer) => {
                self.invoices(&self.sql().list, &[customer.into(), after.1.into(), limit]).await
            }
            None => self.invoices(&self.sql().walk, &[after.0.into(), after.1.into(), limit]).await,
        }
    }
}

impl Transaction {
    pub(super) async fn one(&mut self, customer: i64, id: i64) -> sqlx::Result<Option<Invoice>> {
        let found = self.invoices(&self.sql().one, &[customer.into(), id.into()]).await?;
        Ok(found.into_iter().next())
    }

    /// Inserts or replaces invoices with their lines. The lines are made anew: a column of theirs that the record does not know is
    /// lost.
    pub(super) async fn put_rows(&mut self, rows: &[Row]) -> sqlx::Result<()> {
        let (sql, json) = (self.sql(), Row::to_json(rows)?);
        for statement in [&sql.upsert, &sql.delete_lines, &sql.insert_lines] {
            self.execute(statement, &[json.as_str().into()]).await?;
        }
        Ok(())
    }

    /// Deletes an invoice, if it is there. Its lines go with it.
    pub(super) async fn remove(&mut self, customer: i64, id: i64) -> sqlx::Result<()> {
        self.execute(&self.sql().remove, &[customer.into(), id.into()]).await.map(drop)
    }

    pub(super) async fn put_customers(&mut self, customers: &[Customer]) -> sqlx::Result<()> {
        let row = |of: &Customer| json!({ "id": of.id, "name": of.name, "country": *of.country });
        let rows = serde_json::Value::from_iter(customers.iter().map(row)).to_string();
        self.execute(&self.sql().put_customers, &[rows.as_str().into()]).await.map(drop)
    }
}
