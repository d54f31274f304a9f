//! The statements for MariaDB.

use super::statements::{Statement, Statements};

/// One invoice with its lines in one statement, and so from one snapshot. Lines are arrays, and inserted by `JSON_EXTRACT`: as
/// objects, and by `JSON_COMPACT`, the server takes twice as long for a read.
macro_rules! select_rows {
    ($where:literal) => {
        concat!(
            "SELECT JSON_OBJECT('id', id, 'customer_id', customer_id, 'number', number,
                'issued_at', DATE_FORMAT(issued_at, '%Y-%m-%d %H:%i:%s'),
                'address', billing_address, 'city', billing_city, 'state', billing_state,
                'country', billing_country, 'postal_code', billing_postal_code,
                'total_cents', total_cents, 'received_cents', received_cents,
                'paid', JSON_COMPACT(IF(paid, 'true', 'false')), 'closed', JSON_COMPACT(IF(closed, 'true', 'false')),
                'idempotency_key', idempotency_key, 'idempotency_draft', idempotency_draft,
                'lines', JSON_EXTRACT(COALESCE(
                    (SELECT JSON_ARRAYAGG(JSON_ARRAY(item_id, description, quantity, unit_price_cents) ORDER BY position)
                    FROM invoice_lines WHERE invoice_id = invoices.id), '[]'), '$'))
            FROM invoices WHERE ",
            $where
        )
    };
}

pub(super) static STATEMENTS: Statements = Statements {
    schema: SCHEMA,
    tables: Statement::new("SELECT 1 FROM customers, invoices, invoice_lines LIMIT 0"),
    one: Statement::new(select_rows!("customer_id = ? AND id = ?")),
    find: Statement::new(select_rows!("number = ?")),
    made_with_key: Statement::new(select_rows!("customer_id = ? AND idempotency_key = ?")),
    those: Statement::new(select_rows!(
        "customer_id = ? AND id IN (SELECT id FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS given)
        ORDER BY id"
    )),
    list: Statement::new(select_rows!("customer_id = ? AND id > ? ORDER BY id LIMIT ?")),
    // A comparison of rows would use no range of the index.
    walk: Statement::taking(
        select_rows!(
            "customer_id > ? OR (customer_id = ? AND id > ?) ORDER BY customer_id, id LIMIT ?"
        ),
        &[1, 1, 2, 3],
    ),
    // By the primary key and in the order of the array: rows that others lock in the same order are no deadlock.
    lock: Statement::taking(
        "SELECT invoices.id FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS given
        STRAIGHT_JOIN invoices ON invoices.id = given.id WHERE customer_id = ? FOR UPDATE",
        &[2, 1],
    ),
    lock_customer: Some(Statement::new("SELECT id FROM customers WHERE id = ? FOR UPDATE")),
    upsert: Statement::new(UPSERT),
    // Joined, not IN: that would read the array anew for each line that there is.
    delete_lines: Statement::new(
        "DELETE invoice_lines FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$.id')) AS given
        STRAIGHT_JOIN invoice_lines ON invoice_lines.invoice_id = given.id",
    ),
    insert_lines: Statement::new(
        "INSERT INTO invoice_lines (invoice_id, position, item_id, description, quantity, unit_price_cents)
        SELECT id, position - 1, item_id, description, quantity, unit_price_cents
        FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$.id', NESTED PATH '$.lines[*]' COLUMNS (
            position FOR ORDINALITY, item_id BIGINT PATH '$.item_id', description TEXT PATH '$.description',
            quantity BIGINT PATH '$.quantity', unit_price_cents BIGINT PATH '$.unit_price_cents'))) AS given
        WHERE item_id IS NOT NULL -- an invoice without lines is one row of NULLs",
    ),
    set_number: Statement::new("UPDATE invoices SET number = ? WHERE id = ?"),
    // Assigned from left to right: `paid` sees the new sum.
    pay: Statement::taking(
        "UPDATE invoices SET received_cents = received_cents + ?, paid = (received_cents = total_cents)
        WHERE customer_id = ? AND id = ? AND received_cents + ? <= total_cents",
        &[3, 1, 2, 3],
    ),
    close: Statement::taking(
        "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS given
        STRAIGHT_JOIN invoices ON invoices.id = given.id SET closed = TRUE WHERE customer_id = ?",
        &[2, 1],
    ),
    remove: Statement::new("DELETE FROM invoices WHERE customer_id = ? AND id = ?"),
    put_customers: Statement::new(
        "INSERT INTO customers (id, name, country)
        SELECT id, name, country FROM JSON_TABLE(?, '$[*]' COLUMNS (
            id BIGINT PATH '$.id', name TEXT PATH '$.name', country TEXT PATH '$.country')) AS given
        ON DUPLICATE KEY UPDATE name = VALUES(name), country = VALUES(country)",
    ),
    country: Statement::new("SELECT country FROM customers WHERE id = ?"),
    count: Statement::new("SELECT COUNT(*) FROM customers"),
    largest_id: Statement::new(
        "SELECT CAST(COALESCE(AUTO_INCREMENT, 1) AS SIGNED) - 1 FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_name = 'invoices'",
    ),
    // A row that stands there until the next statement: what it did to the sequence stays. ALTER TABLE could move the sequence
    // back, and would wait for everybody who reads.
    sequence_above: &[
        Statement::new(
            "INSERT IGNORE INTO invoices (id, customer_id, number, issued_at, billing_address, billing_city,
                billing_country, total_cents, received_cents, paid, closed)
            SELECT ?, MIN(id), '', '2000-01-01', '', '', '', 0, 0, FALSE, FALSE FROM customers",
        ),
        Statement::new("DELETE FROM invoices WHERE id = ? AND number = ''"),
    ],
};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS customers (
        id BIGINT PRIMARY KEY, name VARCHAR(400) NOT NULL, country VARCHAR(200) NOT NULL
    ) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    CREATE TABLE IF NOT EXISTS invoices (
        id BIGINT AUTO_INCREMENT PRIMARY KEY,
        customer_id BIGINT NOT NULL,
        number VARCHAR(40) UNIQUE, -- has the id in it: no copy can find the row of another invoice by it
        issued_at DATETIME(6) NOT NULL, -- UTC
        billing_address VARCHAR(200) NOT NULL, billing_city VARCHAR(200) NOT NULL, billing_state VARCHAR(200),
        billing_country VARCHAR(200) NOT NULL, billing_postal_code VARCHAR(200),
        total_cents BIGINT NOT NULL,
        received_cents BIGINT NOT NULL,
        paid BOOLEAN NOT NULL,
        closed BOOLEAN NOT NULL,
        idempotency_key VARCHAR(64), idempotency_draft VARCHAR(64),
        FOREIGN KEY (customer_id) REFERENCES customers (id),
        INDEX invoices_by_customer (customer_id, id),
        -- Not unique: copies come in no order, so a deleted invoice may stand beside the next one with its key for a moment.
        INDEX invoices_by_idempotency_key (customer_id, idempotency_key)
    ) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    CREATE TABLE IF NOT EXISTS invoice_lines (
        invoice_id BIGINT NOT NULL,
        position INT NOT NULL,
        item_id BIGINT NOT NULL, description VARCHAR(200) NOT NULL,
        quantity BIGINT NOT NULL CHECK (quantity > 0), unit_price_cents BIGINT NOT NULL,
        PRIMARY KEY (invoice_id, position),
        FOREIGN KEY (invoice_id) REFERENCES invoices (id) ON DELETE CASCADE
    ) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;";

/// Only named columns are set, so others would keep their value.
const UPSERT: &str = "
    INSERT INTO invoices (id, customer_id, number, issued_at, billing_address, billing_city, billing_state,
        billing_country, billing_postal_code, total_cents, received_cents, paid, closed, idempotency_key,
        idempotency_draft)
    SELECT id, customer_id, number, issued_at, address, city, state, country, postal_code, total_cents,
        received_cents, paid, closed, idempotency_key, idempotency_draft
    FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$.id', customer_id BIGINT PATH '$.customer_id',
        number TEXT PATH '$.number', issued_at DATETIME(6) PATH '$.issued_at', address TEXT PATH '$.address',
        city TEXT PATH '$.city', state TEXT PATH '$.state', country TEXT PATH '$.country',
        postal_code TEXT PATH '$.postal_code', total_cents BIGINT PATH '$.total_cents',
        received_cents BIGINT PATH '$.received_cents', paid BOOLEAN PATH '$.paid', closed BOOLEAN PATH '$.closed',
        idempotency_key TEXT PATH '$.idempotency_key', idempotency_draft TEXT PATH '$.idempotency_draft')) AS given
    ON DUPLICATE KEY UPDATE customer_id = VALUES(customer_id), number = VALUES(number),
        issued_at = VALUES(issued_at), billing_address = VALUES(billing_address),
        billing_city = VALUES(billing_city), billing_state = VALUES(billing_state),
        billing_country = VALUES(billing_country), billing_postal_code = VALUES(billing_postal_code),
        total_cents = VALUES(total_cents), received_cents = VALUES(received_cents), paid = VALUES(paid), closed = VALUES(closed),
        idempotency_key = VALUES(idempotency_key), idempotency_draft = VALUES(idempotency_draft)
    RETURNING id";
