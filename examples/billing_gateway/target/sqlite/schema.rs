//! The table of the target, and its statements.

pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS invoice_documents (
        customer_id INTEGER NOT NULL,
        invoice_id INTEGER NOT NULL,
        stamp INTEGER NOT NULL,  -- microseconds; the larger one wins
        document TEXT,           -- NULL: deleted
        PRIMARY KEY (customer_id, invoice_id)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS documents_by_number ON invoice_documents (document->>'number');
    -- Not unique: copies come in no order, so a deleted invoice may stand beside the next one with its key for a moment.
    CREATE INDEX IF NOT EXISTS documents_by_idempotency_key
        ON invoice_documents (customer_id, document->>'$.idempotency.key')
        WHERE document->>'$.idempotency.key' IS NOT NULL;";

pub(super) const REPLACE: &str = "
    INSERT INTO invoice_documents (customer_id, invoice_id, stamp, document) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (customer_id, invoice_id) DO UPDATE SET stamp = excluded.stamp, document = excluded.document
    WHERE excluded.stamp >= stamp";
pub(super) const REPLACE_MANY: &str = "
    INSERT INTO invoice_documents (customer_id, invoice_id, stamp, document)
    SELECT value->>'customer_id', value->>'id', ?1, value FROM json_each(?2) WHERE true
    ON CONFLICT (customer_id, invoice_id) DO UPDATE SET stamp = excluded.stamp, document = excluded.document
    WHERE excluded.stamp >= stamp";
pub(super) const GET: &str = "SELECT document FROM invoice_documents
    WHERE customer_id = ?1 AND invoice_id = ?2 AND document IS NOT NULL";
pub(super) const LIST: &str = "SELECT document FROM invoice_documents
    WHERE customer_id = ?1 AND invoice_id > ?2 AND document IS NOT NULL ORDER BY invoice_id LIMIT ?3";
pub(super) const WALK: &str = "SELECT document FROM invoice_documents
    WHERE (customer_id, invoice_id) > (?1, ?2) AND document IS NOT NULL
    ORDER BY customer_id, invoice_id LIMIT ?3";
pub(super) const FIND: &str = "SELECT document FROM invoice_documents WHERE document->>'number' = ?1";
/// Changes nothing where an invoice has this id: none is ever replaced. A row that says "deleted" may be there: whoever asked
/// for a change of an invoice before there was one has left it.
pub(super) const INSERT: &str = "
    INSERT INTO invoice_documents (customer_id, invoice_id, stamp, document) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (customer_id, invoice_id) DO UPDATE
    SET stamp = max(stamp + 1, excluded.stamp), document = excluded.document WHERE document IS NULL";
/// Without being told, SQLite takes the primary key and reads all documents of the customer.
pub(super) const MADE_WITH_KEY: &str =
    "SELECT document FROM invoice_documents INDEXED BY documents_by_idempotency_key
    WHERE customer_id = ?1 AND document->>'$.idempotency.key' = ?2";
/// The store's own writes: conditional on a live row, with a stamp above what they replace.
pub(super) const CHANGE: &str = "
    UPDATE invoice_documents SET stamp = max(stamp + 1, ?3), document = ?4
    WHERE customer_id = ?1 AND invoice_id = ?2 AND document IS NOT NULL";
/// Of the ids in the JSON array ?2, those that the customer has no invoice with.
pub(super) const MISSING: &str = "
    SELECT value FROM json_each(?2)
    WHERE NOT EXISTS (SELECT 1 FROM invoice_documents
        WHERE customer_id = ?1 AND invoice_id = value AND document IS NOT NULL) ORDER BY value";
pub(super) const CLOSE: &str = "
    UPDATE invoice_documents SET stamp = max(stamp + 1, ?3), document = json_set(document, '$.closed', json('true'))
    WHERE customer_id = ?1 AND invoice_id IN (SELECT value FROM json_each(?2)) AND document IS NOT NULL
    RETURNING document";
