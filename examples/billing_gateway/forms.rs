//! What each store has, read by plain SQL and CQL and brought to one form: nothing here is the stores' own code, nor
//! crossfade's, but for the way to Cassandra.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use anyhow::{Context, Result};
use crossfade::backend::cassandra::Cassandra;
use crossfade::route::Store;
use scylla::response::PagingState;
use scylla::statement::unprepared::Statement;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, MySqlConnection, PgConnection, query_as};

use crate::ledger::Key;
use crate::sqlite::connect_options;
use crate::store_url::{Scheme, StoreUrl};

/// Everything of an invoice but its key, in one order.
pub(crate) type Form = Vec<Value>;

/// Where in a form it is.
pub(crate) const ADDRESS: usize = 2;
pub(crate) const TOTAL: usize = 7;
pub(crate) const RECEIVED: usize = 8;
pub(crate) const CLOSED: usize = 10;

const IN_SQLITE: &str = "
    SELECT customer_id, id, json_array(number, replace(issued_at, ' ', 'T') || 'Z', billing_address, billing_city,
        billing_state, billing_country, billing_postal_code,
        printf('%d.%02d', total_cents / 100, total_cents % 100),
        printf('%d.%02d', received_cents / 100, received_cents % 100),
        json(iif(paid, 'true', 'false')), json(iif(closed, 'true', 'false')), idempotency_key, idempotency_draft,
        (SELECT json_group_array(json_array(item_id, description, quantity,
                printf('%d.%02d', unit_price_cents / 100, unit_price_cents % 100)))
            FROM (SELECT * FROM invoice_lines WHERE invoice_id = invoices.id ORDER BY position))) AS form
    FROM invoices";
const IN_MARIADB: &str = "
    SELECT customer_id, id, JSON_ARRAY(number, DATE_FORMAT(issued_at, '%Y-%m-%dT%H:%i:%sZ'), billing_address,
        billing_city, billing_state, billing_country, billing_postal_code,
        CONCAT(total_cents DIV 100, '.', LPAD(total_cents MOD 100, 2, '0')),
        CONCAT(received_cents DIV 100, '.', LPAD(received_cents MOD 100, 2, '0')),
        JSON_COMPACT(IF(paid, 'true', 'false')), JSON_COMPACT(IF(closed, 'true', 'false')), idempotency_key,
        idempotency_draft,
        JSON_COMPACT(COALESCE((SELECT JSON_ARRAYAGG(JSON_ARRAY(item_id, description, quantity,
                CONCAT(unit_price_cents DIV 100, '.', LPAD(unit_price_cents MOD 100, 2, '0'))) ORDER BY position)
            FROM invoice_lines WHERE invoice_id = invoices.id), '[]'))) AS form
    FROM invoices";
const IN_POSTGRES: &str = "
    SELECT customer_id, id, json_build_array(number,
        to_char(issued_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), billing_address, billing_city,
        billing_state, billing_country, billing_postal_code,
        concat(total_cents / 100, '.', lpad((total_cents % 100)::text, 2, '0')),
        concat(received_cents / 100, '.', lpad((received_cents % 100)::text, 2, '0')),
        paid, closed, idempotency_key, idempotency_draft,
        (SELECT coalesce(json_agg(json_build_array(item_id, description, quantity,
                concat(unit_price_cents / 100, '.', lpad((unit_price_cents % 100)::text, 2, '0'))) ORDER BY position), '[]')
            FROM invoice_lines WHERE invoice_id = invoices.id))::text AS form
    FROM invoices";
const DOCUMENTS_IN_SQLITE: &str = "
    SELECT customer_id, invoice_id AS id, document AS form FROM invoice_documents WHERE document IS NOT NULL";
const DOCUMENTS_IN_CASSANDRA: &str = "SELECT customer_id, invoice_id, document FROM invoice_documents";

/// Customer, id, and a form or a document.
type Read = (i64, i64, String);

/// Every invoice of a store.
pub(crate) async fn forms(store: Store, url: &str) -> Result<BTreeMap<Key, Form>> {
    let (url, of_row): (_, fn(&str) -> Result<Form>) = match store {
        Store::Legacy => (StoreUrl::of_legacy(url)?, |form| Ok(serde_json::from_str(form)?)),
        Store::Target => (StoreUrl::of_target(url)?, form_of_document),
    };
    let rows = rows(store, &url).await.with_context(|| format!("cannot read {} whole", url.shown()))?;
    rows.into_iter().map(|(customer, id, text)| Ok(((customer, id), of_row(&text)?))).collect()
}

async fn rows(store: Store, url: &StoreUrl) -> Result<Vec<Read>> {
    Ok(match url.scheme {
        Scheme::Sqlite => {
            let query = if store == Store::Legacy { IN_SQLITE } else { DOCUMENTS_IN_SQLITE };
            let mut connection = connect_options(&url.text)?.connect().await?;
            let rows = query_as(query).fetch_all(&mut connection).await?;
            connection.close().await?;
            rows
        }
        Scheme::MySql => {
            let mut connection = MySqlConnection::connect(&url.text).await?;
            let rows = query_as(IN_MARIADB).fetch_all(&mut connection).await?;
            connection.close().await?;
            rows
        }
        Scheme::Postgres => {
            let mut connection = PgConnection::connect(&url.text).await?;
            let rows = query_as(IN_POSTGRES).fetch_all(&mut connection).await?;
            connection.close().await?;
            rows
        }
        Scheme::Cassandra => in_cassandra(&url.text).await?,
    })
}

async fn in_cassandra(url: &str) -> Result<Vec<Read>> {
    let store = Cassandra::open(url).await?;
    let (mut rows, mut page) = (Vec::new(), PagingState::start());
    loop {
        let query = Statement::new(DOCUMENTS_IN_CASSANDRA);
        let (answer, next) = store.session()?.query_single_page(query, (), page).await?;
        for row in answer.into_rows_result()?.rows::<Read>()? {
            rows.push(row?);
        }
        match next.into_paging_control_flow() {
            ControlFlow::Continue(next) => page = next,
            ControlFlow::Break(()) => return Ok(rows),
        }
    }
}

fn form_of_document(document: &str) -> Result<Form> {
    let document: Value = serde_json::from_str(document)?;
    let (billing, idempotency) = (&document["billing"], &document["idempotency"]);
    let line =
        |line: &Value| json!([line["item_id"], line["description"], line["quantity"], line["unit_price"]]);
    let lines = document["lines"].as_array().context("a document has no lines")?;
    let mut form: Form = ["number", "issued_at"].map(|name| document[name].clone()).into();
    form.extend(["address", "city", "state", "country", "postal_code"].map(|name| billing[name].clone()));
    form.extend(["total", "received", "paid", "closed"].map(|name| document[name].clone()));
    form.extend(["key", "draft"].map(|name| idempotency[name].clone()));
    form.push(lines.iter().map(line).collect());
    Ok(form)
}
