//! The statements for SQLite. A write transaction has the lock of the whole file, so none of them locks rows.

use super::statements::{Statement, Statements};

/// One invoice with its lines in one statement, and so from one snapshot.
macro_rules! select_rows {
    ($where:literal) => {
        concat!(
            "SELECT json_object('id', id, 'customer_id', customer_id, 'number', number, 'issued_at', issued_at,
                'address', billing_address, 'city', billing_city, 'state', billing_state,
                'country', billing_country, 'postal_code', billing_postal_code,
                'total_cents', total_cents, 'received_cents', received_cents,
                'paid', json(iif(paid, 'true', 'false')), 'closed', json(iif(closed, 'true', 'false')),
                'idempotency_key', idempotency_key, 'idempotency_draft', idempotency_draft,
                'lines', (SELECT json_group_array(json_object('item_id', item_id, 'description', description,
                        'quantity', quantity, 'unit_price_cents', unit_price_cents))
                    FROM (SELECT * FROM invoice_lines WHERE invoice_id = invoices.id ORDER BY position)))
            FROM invoices WHERE ",
            $where
        )
    };
}

pub(super) static STATEMENTS: Statements = Statements {
    schema: SCHEMA,
    tables: Statement::new("SELECT 1 FROM customers, invoices, invoice_lines LIMIT 0"),
    one: Statement::new(select_rows!("customer_id = ?1 AND id = ?2")),
    find: Statement::new(select_rows!("number = ?1")),
    made_with_key: Statement::new(select_rows!("customer_id = ?1 AND idempotency_key = ?2")),
    those: Statement::new(select_rows!(
        "customer_id = ?1 AND id IN (SELECT value FROM json_each(?2)) ORDER BY id"
    )),
    list: Statement::new(select_rows!("customer_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3")),
    walk: Statement::new(select_rows!("(customer_id, id) > (?1, ?2) ORDER BY customer_id, id LIMIT ?3")),
    lock: Statement::new(
        "SELECT id FROM invoices WHERE customer_id = ?1 AND id IN (SELECT value FROM json_each(?2))",
    ),
    lock_customer: None,
    upsert: Statement::new(UPSERT),
    delete_lines: Statement::new(
        "DELETE FROM invoice_lines WHERE invoice_id IN (SELECT value->>'id' FROM json_each(?1))",
    ),
    insert_lines: Statement::new(
        "INSERT INTO invoice_lines (invoice_id, position, item_id, description, quantity, unit_price_cents)
        SELECT invoice.value->>'id', line.key, line.value->>'item_id', line.value->>'description',
            line.value->>'quantity', line.value->>'unit_price_cents'
        FROM json_each(?1) AS invoice, json_each(invoice.value->'lines') AS line",
    ),
    set_number: Statement::new("UPDATE invoices SET number = ?1 WHERE id = ?2"),
    pay: Statement::new(
        "UPDATE invoices SET received_cents = received_cents + ?3, paid = (received_cents + ?3 = total_cents)
        WHERE customer_id = ?1 AND id = ?2 AND received_cents + ?3 <= total_cents",
    ),
    close: Statement::new(
        "UPDATE invoices SET closed = 1 WHERE customer_id = ?1 AND id IN (SELECT value FROM json_each(?2))",
    ),
    remove: Statement::new("DELETE FROM invoices WHERE customer_id = ?1 AND id = ?2"),
    put_customers: Statement::new(
        "INSERT INTO customers (id, name, country)
        SELECT value->>'id', value->>'name', value->>'country' FROM json_each(?1) WHERE true
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, country = excluded.country",
    ),
    country: Statement::new("SELECT country FROM customers WHERE id = ?1"),
    count: Statement::new("SELECT count(*) FROM customers"),
    largest_id: Statement::new("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'invoices'"),
    // The table has no key of its own, so an upsert is an insert when there is no row and an update when there is.
    sequence_above: &[
        Statement::new(
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'invoices', 0
            WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'invoices')",
        ),
        Statement::new("UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'invoices'"),
    ],
};

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
        received_cents INTEGER NOT NULL,
        paid INTEGER NOT NULL CHECK (paid IN (0, 1)),
        closed INTEGER NOT NULL CHECK (closed IN (0, 1)),
        idempotency_key TEXT, idempotency_draft TEXT
    );
    CREATE INDEX IF NOT EXISTS invoices_by_customer ON invoices (customer_id, id);
    -- Not unique: copies come in no order, so a deleted invoice may stand beside the next one with its key for a moment.
    CREATE INDEX IF NOT EXISTS invoices_by_idempotency_key
        ON invoices (customer_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
    CREATE TABLE IF NOT EXISTS invoice_lines (
        invoice_id INTEGER NOT NULL REFERENCES invoices (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        item_id INTEGER NOT NULL, description TEXT NOT NULL,
        quantity INTEGER NOT NULL CHECK (quantity > 0), unit_price_cents INTEGER NOT NULL,
        PRIMARY KEY (invoice_id, position)
    ) WITHOUT ROWID;";

/// Only named columns are set, so others would keep their value.
const UPSERT: &str = "
    INSERT INTO invoices (id, customer_id, number, issued_at, billing_address, billing_city, billing_state,
        billing_country, billing_postal_code, total_cents, received_cents, paid, closed, idempotency_key,
        idempotency_draft)
    SELECT value->>'id', value->>'customer_id', value->>'number', value->>'issued_at', value->>'address',
        value->>'city', value->>'state', value->>'country', value->>'postal_code', value->>'total_cents',
        value->>'received_cents', value->>'paid', value->>'closed', value->>'idempotency_key', value->>'idempotency_draft'
    FROM json_each(?1) WHERE true
    ON CONFLICT (id) DO UPDATE SET customer_id = excluded.customer_id, number = excluded.number,
        issued_at = excluded.issued_at, billing_address = excluded.billing_address,
        billing_city = excluded.billing_city, billing_state = excluded.billing_state,
        billing_country = excluded.billing_country, billing_postal_code = excluded.billing_postal_code,
        total_cents = excluded.total_cents, received_cents = excluded.received_cents, paid = excluded.paid, closed = excluded.closed,
        idempotency_key = excluded.idempotency_key, idempotency_draft = excluded.idempotency_draft
    RETURNING id";
