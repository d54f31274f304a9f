//! The table and its statements.

use crossfade::backend::cassandra::{Applied, Cassandra, Keys, OpenError, Statement, Walk};
use scylla::statement::prepared::PreparedStatement;
use tokio::sync::OnceCell;

use crate::domain::Invoices;

/// `number` and `idempotency_key` are in the document, too: here they have an index, of the same stamp. `keyed_creates` counts
/// the creates with a key of a customer, so that one at a time finds out whether its key was used.
pub(super) const SCHEMA: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS invoice_documents (
        customer_id bigint, invoice_id bigint, document text, number text, idempotency_key text,
        keyed_creates bigint static, PRIMARY KEY (customer_id, invoice_id))",
    "CREATE CUSTOM INDEX IF NOT EXISTS documents_by_number
        ON invoice_documents (number) USING 'StorageAttachedIndex'",
    "CREATE CUSTOM INDEX IF NOT EXISTS documents_by_idempotency_key
        ON invoice_documents (idempotency_key) USING 'StorageAttachedIndex'",
];

const GET: &str = "SELECT document FROM invoice_documents WHERE customer_id = ? AND invoice_id = ?";
pub(super) const CHANGE: &str =
    "UPDATE invoice_documents SET document = ? WHERE customer_id = ? AND invoice_id = ? IF document = ?";

type Document = (String,);
/// Customer, invoice and document; the customer alone where it has a count of creates and no invoice any more.
pub(super) type WalkedRow = (i64, Option<i64>, Option<String>);

/// The same without the document.
pub(super) type WalkedKey = (i64, Option<i64>);

/// All statements, prepared when they are used first.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) get: Statement<Document>,
    pub(super) list: Statement<Document>,
    pub(super) find: Statement<Document>,
    pub(super) made_with_key: Statement<Document>,
    pub(super) keyed_creates: Statement<(Option<i64>,)>,
    pub(super) insert: Statement<Applied>,
    pub(super) insert_keyed: Statement<Applied>,
    pub(super) change: Statement<Applied>,
    pub(super) delete: Statement<Applied>,
    /// [`CHANGE`] as a part of batches.
    pub(super) change_many: OnceCell<PreparedStatement>,
    // For copies, repair and fill:
    pub(super) read: Statement<Document>,
    pub(super) settle: Statement<(i64,)>,
    pub(super) replace: Statement,
    pub(super) remove: Statement,
    pub(super) walk: Walk<WalkedRow>,
    pub(super) walk_of_keys: Walk<WalkedKey>,
    /// For [`existing`](Keys::existing) alone: the static column is in its pages.
    pub(super) keys: Keys<Invoices>,
    pub(super) any: Statement<(i64,)>,
    pub(super) largest_id: Statement<(Option<i64>,)>,
}

impl Statements {
    pub(super) fn of(store: &Cassandra) -> Self {
        Self {
            get: store.reads(GET),
            list: store.reads(
                "SELECT document FROM invoice_documents WHERE customer_id = ? AND invoice_id > ? LIMIT ?",
            ),
            find: store.reads("SELECT document FROM invoice_documents WHERE number = ?"),
            made_with_key: store.reads(
                "SELECT document FROM invoice_documents WHERE customer_id = ? AND idempotency_key = ?",
            ),
            // Serially, so that a create in doubt is there or never will be once this one writes.
            keyed_creates: store.reads_serially(
                "SELECT keyed_creates FROM invoice_documents WHERE customer_id = ? LIMIT 1",
            ),
            insert: store.writes_if(
                "INSERT INTO invoice_documents (customer_id, invoice_id, document, number)
                VALUES (?, ?, ?, ?) IF NOT EXISTS",
            ),
            insert_keyed: store.writes_if(
                "BEGIN UNLOGGED BATCH
                UPDATE invoice_documents SET keyed_creates = ? WHERE customer_id = ? IF keyed_creates = ?;
                INSERT INTO invoice_documents (customer_id, invoice_id, document, number, idempotency_key)
                VALUES (?, ?, ?, ?, ?) IF NOT EXISTS;
                APPLY BATCH",
            ),
            change: store.writes_if(CHANGE),
            delete: store.writes_if(
                "DELETE FROM invoice_documents WHERE customer_id = ? AND invoice_id = ? IF document = ?",
            ),
            change_many: OnceCell::new(),
            read: store.reads_serially(GET).background(),
            settle: store
                .reads_serially("SELECT customer_id FROM invoice_documents WHERE customer_id = ? LIMIT 1")
                .background(),
            replace: store
                .replaces(
                    "INSERT INTO invoice_documents (customer_id, invoice_id, document, number, idempotency_key)
                    VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?",
                )
                .background(),
            remove: store
                .replaces("DELETE FROM invoice_documents USING TIMESTAMP ? WHERE customer_id = ? AND invoice_id = ?")
                .background(),
            walk: store.walk("invoice_documents", "customer_id", "invoice_id", &["document"]),
            walk_of_keys: store.walk("invoice_documents", "customer_id", "invoice_id", &[]),
            keys: store.keys("invoice_documents", "customer_id", "invoice_id").serially(),
            any: store.reads("SELECT customer_id FROM invoice_documents LIMIT 1").background(),
            largest_id: store.reads("SELECT max(invoice_id) FROM invoice_documents").background(),
        }
    }

    /// Whether the table fits.
    pub(super) async fn check(&self) -> Result<(), OpenError> {
        tokio::try_join!(self.get.check(), self.list.check(), self.find.check(), self.made_with_key.check())?;
        tokio::try_join!(self.keyed_creates.check(), self.insert.check(), self.insert_keyed.check())?;
        tokio::try_join!(self.change.check(), self.delete.check(), self.read.check(), self.settle.check())?;
        tokio::try_join!(self.replace.check(), self.remove.check(), self.walk.check(), self.any.check())?;
        tokio::try_join!(self.walk_of_keys.check(), self.keys.check(), self.largest_id.check()).map(drop)
    }
}
