//! The relational store itself: its ids, and invoices as rows.

use anyhow::Result;
use sqlx::{Sqlite, SqliteExecutor, Transaction};

use super::row::Row;
use super::schema::{DELETE_LINES, INSERT_LINES, SCHEMA, UPSERT, select_rows};
use crate::domain::Invoice;
use crate::history::Customer;
use crate::sqlite::Database;

/// The relational store, for the request path and for copies.
#[derive(Clone, Debug)]
pub(crate) struct Legacy {
    pub(super) database: Database,
}

impl Legacy {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        Ok(Self { database: Database::open(url, SCHEMA).await? })
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The largest id that was ever given out, also to an invoice that is deleted by now.
    pub(crate) async fn largest_id(&self) -> sqlx::Result<i64> {
        sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'invoices'")
            .fetch_one(&self.database.writer)
            .await
    }

    /// Makes the next id larger than `id`, whatever the sequence was; never moves it back.
    pub(crate) async fn raise_sequence_above(&self, id: i64) -> sqlx::Result<()> {
        let mut transaction = self.database.begin().await?;
        // The table has no key of its own, so an upsert is an insert when there is no row and an update when there is.
        sqlx::query(
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'invoices', 0
                WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'invoices')",
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query("UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'invoices'")
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    /// Adds a customer, or replaces what is known of one.
    pub(crate) async fn put_customer(&self, customer: &Customer) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO customers (id, name, country) VALUES (?1, ?2, ?3)
                ON CONFLICT (id) DO UPDATE SET name = excluded.name, country = excluded.country",
        )
        .bind(customer.id)
        .bind(&customer.name)
        .bind(&*customer.country)
        .execute(&self.database.writer)
        .await?;
        Ok(())
    }

    /// Inserts or replaces invoices with their lines, inside the caller's transaction.
    pub(crate) async fn put_rows(
        transaction: &mut Transaction<'_, Sqlite>,
        rows: &[Row],
    ) -> sqlx::Result<()> {
        let json = Row::to_json(rows)?;
        for statement in [UPSERT, DELETE_LINES, INSERT_LINES] {
            sqlx::query(statement).bind(&json).execute(&mut **transaction).await?;
        }
        Ok(())
    }

    /// One invoice, in a transaction or outside of one.
    pub(super) async fn one<'e>(
        reader: impl SqliteExecutor<'e>,
        customer: i64,
        id: i64,
    ) -> sqlx::Result<Option<Invoice>> {
        let row: Option<String> = sqlx::query_scalar(select_rows!("customer_id = ?1 AND id = ?2"))
            .bind(customer)
            .bind(id)
            .fetch_optional(reader)
            .await?;
        row.as_deref().map(Row::invoice_from_json).transpose()
    }

    /// Deletes an invoice, if it is there. Its lines go with it.
    pub(super) async fn remove<'e>(
        writer: impl SqliteExecutor<'e>,
        customer: i64,
        id: i64,
    ) -> sqlx::Result<()> {
        let delete = sqlx::query("DELETE FROM invoices WHERE customer_id = ?1 AND id = ?2");
        delete.bind(customer).bind(id).execute(writer).await.map(drop)
    }

    pub(super) async fn page_rows(
        &self,
        group: Option<i64>,
        after: (i64, i64),
        limit: usize,
    ) -> sqlx::Result<Vec<Invoice>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<String> = match group {
            Some(customer) => {
                sqlx::query_scalar(select_rows!("customer_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"))
                    .bind(customer)
                    .bind(after.1)
            }
            None => sqlx::query_scalar(select_rows!(
                "(customer_id, id) > (?1, ?2) ORDER BY customer_id, id LIMIT ?3"
            ))
            .bind(after.0)
            .bind(after.1),
        }
        .bind(limit)
        .fetch_all(&self.database.readers)
        .await?;
        rows.iter().map(|row| Row::invoice_from_json(row)).collect()
    }
}
