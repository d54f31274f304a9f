//! Compares the stores by plain SQL on connections of its own: nothing here is crossfade's code, nor the stores'.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

use crate::ledger::{Key, Sight, Version, token_in};
use crate::sqlite::connect_options;
use crossfade::route::Store;

/// Both stores in one form: the customer, the id, and everything else as one JSON text.
const BOTH: &str = "
    legacy_form AS (
        SELECT customer_id, id, json_array(number, replace(issued_at, ' ', 'T') || 'Z', billing_address, billing_city,
            billing_state, billing_country, billing_postal_code,
            printf('%d.%02d', total_cents / 100, total_cents % 100),
            printf('%d.%02d', received_cents / 100, received_cents % 100), paid, closed, idempotency_key, idempotency_draft,
            (SELECT json_group_array(json_array(item_id, description, quantity,
                    printf('%d.%02d', unit_price_cents / 100, unit_price_cents % 100)))
                FROM (SELECT * FROM main.invoice_lines WHERE invoice_id = invoices.id ORDER BY position))) AS form
        FROM main.invoices AS invoices),
    target_form AS (
        SELECT customer_id, invoice_id AS id, json_array(document->>'number', document->>'issued_at',
            document->>'$.billing.address', document->>'$.billing.city', document->>'$.billing.state',
            document->>'$.billing.country', document->>'$.billing.postal_code', document->>'total',
            document->>'received', document->>'paid', document->>'closed', document->>'$.idempotency.key', document->>'$.idempotency.draft',
            (SELECT json_group_array(json_array(value->>'item_id', value->>'description', value->>'quantity',
                    value->>'unit_price'))
                FROM (SELECT value FROM json_each(document, '$.lines') ORDER BY key))) AS form
        FROM target.invoice_documents WHERE document IS NOT NULL)";

/// What the comparison found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) legacy_invoices: i64,
    pub(crate) target_invoices: i64,
    pub(crate) legacy_total: String,
    pub(crate) target_total: String,
    pub(crate) differing: u64,
    /// The first keys that differ, with what each store has.
    pub(crate) samples: Vec<String>,
}

impl Comparison {
    pub(crate) fn equal(&self) -> bool {
        self.differing == 0
            && self.legacy_invoices == self.target_invoices
            && self.legacy_total == self.target_total
    }
}

/// Reads both stores whole and compares them. Nothing may be writing.
pub(crate) async fn compare(legacy: &str, target: &str) -> Result<Comparison> {
    let mut connection = attach(legacy, target).await?;
    let mut found = Comparison::default();
    (found.legacy_invoices, found.legacy_total) =
        count(&mut connection, "SELECT count(*), coalesce(sum(total_cents), 0) FROM main.invoices").await?;
    // Cents by cutting the point out of the text: no float is near money.
    (found.target_invoices, found.target_total) = count(
        &mut connection,
        "SELECT count(*), coalesce(sum(CAST(replace(document->>'total', '.', '') AS INTEGER)), 0)
            FROM target.invoice_documents WHERE document IS NOT NULL",
    )
    .await?;
    let differing = sqlx::query(AssertSqlSafe(format!(
        "WITH {BOTH} SELECT customer_id, id, max(legacy), max(target) FROM (
            SELECT customer_id, id, form AS legacy, NULL AS target FROM legacy_form
            UNION ALL SELECT customer_id, id, NULL, form FROM target_form)
        GROUP BY customer_id, id HAVING max(legacy) IS NOT max(target)"
    )))
    .fetch_all(&mut connection)
    .await?;
    found.differing = differing.len() as u64;
    for row in differing.iter().take(3) {
        let form = |index| row.get::<Option<String>, _>(index).unwrap_or_else(|| "nothing".into());
        let (customer, invoice): (i64, i64) = (row.get(0), row.get(1));
        found.samples.push(format!(
            "customer {customer}, invoice {invoice}: legacy {} target {}",
            form(2),
            form(3)
        ));
    }
    connection.close().await?;
    Ok(found)
}

/// Every invoice of one store, as clients see them.
pub(crate) async fn sights(store: Store, url: &str) -> Result<BTreeMap<Key, Sight>> {
    let query = match store {
        Store::Legacy => {
            "SELECT customer_id, id, billing_address, printf('%d.%02d', total_cents / 100, total_cents % 100),
                received_cents, closed
            FROM invoices"
        }
        Store::Target => {
            "SELECT customer_id, invoice_id, document->>'$.billing.address', document->>'total',
                CAST(replace(document->>'received', '.', '') AS INTEGER), document->>'closed'
            FROM invoice_documents WHERE document IS NOT NULL"
        }
    };
    let mut connection = connect_options(url)?.connect().await?;
    let rows = sqlx::query(query).fetch_all(&mut connection).await?;
    connection.close().await?;
    let sight = |row: &sqlx::sqlite::SqliteRow| Sight {
        version: Version { token: token_in(row.get(2)), total: row.get(3) },
        received: row.get(4),
        closed: row.get(5),
    };
    Ok(rows.iter().map(|row| ((row.get(0), row.get(1)), sight(row))).collect())
}

/// A connection to legacy, as `main`, with the target beside it.
async fn attach(legacy: &str, target: &str) -> Result<SqliteConnection> {
    let mut connection = connect_options(legacy)?.connect().await?;
    let file = connect_options(target)?.get_filename().to_string_lossy().into_owned();
    let attached = sqlx::query("ATTACH ?1 AS target").bind(&file).execute(&mut connection).await;
    attached.with_context(|| format!("cannot attach {file}"))?;
    Ok(connection)
}

async fn count(connection: &mut SqliteConnection, query: &'static str) -> Result<(i64, String)> {
    let row = sqlx::query(query).fetch_one(connection).await?;
    let cents: i64 = row.get(1);
    Ok((row.get(0), format!("{}.{:02}", cents / 100, cents % 100)))
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
