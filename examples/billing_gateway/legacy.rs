//! The store to leave: relational, with ids from the database, and no column for crossfade.
//!
//! Rows travel as JSON in both directions ([`Row`]), so that one invoice with its lines, or five hundred, is one
//! constant statement. Money is kept exact as integer cents: SQLite's own `DECIMAL` would be a float.

use anyhow::Result;
use jiff::Timestamp;
use sqlx::{Row as _, Sqlite, Transaction};

use crate::domain::{self, Draft, Invoice};
use crate::legacy_row::Row;
use crate::request::{Body, Call, InvoiceAnswer, InvoiceRequest, StoreError};
use crate::sqlite::{Database, store_error};
use crossfade::route::Store;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS customers (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS invoices (
        id INTEGER PRIMARY KEY AUTOINCREMENT,  -- an id is never given twice
        customer_id INTEGER NOT NULL REFERENCES customers (id),
        number TEXT UNIQUE,
        issued_at TEXT NOT NULL,               -- 2026-01-31 12:00:00, UTC
        billing_address TEXT NOT NULL, billing_city TEXT NOT NULL, billing_state TEXT,
        billing_country TEXT NOT NULL, billing_postal_code TEXT,
        total_cents INTEGER NOT NULL,
        paid INTEGER NOT NULL CHECK (paid IN (0, 1))
    );
    CREATE INDEX IF NOT EXISTS invoices_by_customer ON invoices (customer_id, id);
    CREATE TABLE IF NOT EXISTS invoice_lines (
        invoice_id INTEGER NOT NULL REFERENCES invoices (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        item_id INTEGER NOT NULL, description TEXT NOT NULL,
        quantity INTEGER NOT NULL CHECK (quantity > 0), unit_price_cents INTEGER NOT NULL,
        PRIMARY KEY (invoice_id, position)
    ) WITHOUT ROWID;";

/// One invoice with its lines as a [`Row`], in one statement and so from one snapshot.
macro_rules! select_rows {
    ($where:literal) => {
        concat!(
            "SELECT json_object('id', id, 'customer_id', customer_id, 'number', number, 'issued_at', issued_at,
                'address', billing_address, 'city', billing_city, 'state', billing_state,
                'country', billing_country, 'postal_code', billing_postal_code,
                'total_cents', total_cents, 'paid', json(iif(paid, 'true', 'false')),
                'lines', (SELECT json_group_array(json_object('item_id', item_id, 'description', description,
                        'quantity', quantity, 'unit_price_cents', unit_price_cents))
                    FROM (SELECT * FROM invoice_lines WHERE invoice_id = invoices.id ORDER BY position)))
            FROM invoices WHERE ",
            $where
        )
    };
}

/// Rows without an id get one from the database. Only named columns are set, so others would keep their value.
const UPSERT: &str = "
    INSERT INTO invoices (id, customer_id, number, issued_at, billing_address, billing_city, billing_state,
        billing_country, billing_postal_code, total_cents, paid)
    SELECT value->>'id', value->>'customer_id', value->>'number', value->>'issued_at', value->>'address',
        value->>'city', value->>'state', value->>'country', value->>'postal_code', value->>'total_cents',
        value->>'paid'
    FROM json_each(?1) WHERE true
    ON CONFLICT (id) DO UPDATE SET customer_id = excluded.customer_id, number = excluded.number,
        issued_at = excluded.issued_at, billing_address = excluded.billing_address,
        billing_city = excluded.billing_city, billing_state = excluded.billing_state,
        billing_country = excluded.billing_country, billing_postal_code = excluded.billing_postal_code,
        total_cents = excluded.total_cents, paid = excluded.paid
    RETURNING id";
const DELETE_LINES: &str =
    "DELETE FROM invoice_lines WHERE invoice_id IN (SELECT value->>'id' FROM json_each(?1))";
const INSERT_LINES: &str = "
    INSERT INTO invoice_lines (invoice_id, position, item_id, description, quantity, unit_price_cents)
    SELECT invoice.value->>'id', line.key, line.value->>'item_id', line.value->>'description',
        line.value->>'quantity', line.value->>'unit_price_cents'
    FROM json_each(?1) AS invoice, json_each(invoice.value->'lines') AS line";

/// The relational store, for the request path and for copies.
#[derive(Clone, Debug)]
pub(crate) struct Legacy {
    database: Database,
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

    pub(crate) async fn get(&self, customer: i64, id: i64) -> sqlx::Result<Option<Invoice>> {
        let row: Option<String> = sqlx::query_scalar(select_rows!("customer_id = ?1 AND id = ?2"))
            .bind(customer)
            .bind(id)
            .fetch_optional(&self.database.readers)
            .await?;
        row.as_deref().map(Row::invoice_from_json).transpose()
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

    /// Whether there was such an invoice. Its lines go with it.
    pub(crate) async fn delete(&self, customer: i64, id: i64) -> sqlx::Result<bool> {
        let deleted = sqlx::query("DELETE FROM invoices WHERE customer_id = ?1 AND id = ?2")
            .bind(customer)
            .bind(id)
            .execute(&self.database.writer)
            .await?;
        Ok(deleted.rows_affected() > 0)
    }

    pub(crate) async fn page_rows(
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
