//! Changes of documents, each on the condition that the document is still the one that it was made of.

use std::time::Duration;

use crossfade::backend::cassandra::CassandraError;
use crossfade::route::Store;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::value::{CqlValue, Row};

use super::open::InCassandra;
use super::statements::CHANGE;
use crate::domain::{Invoice, Rejection};
use crate::request::StoreError;
use crate::request_store::Failure;

/// How often a change is made anew of what others left meanwhile, and the longest pause before it is.
const TRIES_MAX: u64 = 24;
const PAUSE_MAX_MILLIS: u64 = 30;

/// A document before and after.
pub(super) struct Change {
    id: i64,
    before: String,
    after: String,
    pub(super) invoice: Invoice,
}

impl Change {
    pub(super) fn closing(id: i64, before: String) -> Result<Self, StoreError> {
        let invoice = Invoice { closed: true, ..invoice_of(&before)? };
        Ok(Self { id, before, after: document_of(&invoice)?, invoice })
    }
}

impl InCassandra {
    pub(super) async fn document(&self, customer: i64, id: i64) -> Result<Option<String>, CassandraError> {
        Ok(self.statements.get.one((customer, id)).await?.map(|(document,)| document))
    }

    /// Changes an invoice as `made` says of what is there.
    pub(super) async fn change(
        &self,
        customer: i64,
        id: i64,
        made: impl Fn(Invoice) -> Result<Invoice, Rejection> + Send + Sync,
    ) -> Result<Invoice, Failure> {
        for pause in pauses() {
            let before = self.document(customer, id).await?.ok_or(Rejection::NotFound)?;
            let invoice = made(invoice_of(&before)?)?;
            if self.statements.change.applied((document_of(&invoice)?, customer, id, before)).await? {
                return Ok(invoice);
            }
            tokio::time::sleep(pause).await;
        }
        Err(too_busy())
    }

    /// Makes all changes of a customer's invoices or none; whether it did.
    pub(super) async fn change_all(&self, customer: i64, changes: &[Change]) -> Result<bool, CassandraError> {
        let statement = self.prepared_change().await?;
        let mut batch = Batch::new(BatchType::Unlogged);
        let mut rows = Vec::with_capacity(changes.len());
        for change in changes {
            batch.append_statement(statement.clone());
            rows.push((&change.after, customer, change.id, &change.before));
        }
        let answer = self.store.session()?.batch(&batch, rows).await?.into_rows_result();
        let row = answer.map_err(unreadable)?.first_row::<Row>().map_err(unreadable)?;
        // The columns that follow depend on whether it was applied.
        Ok(matches!(row.columns.first(), Some(Some(CqlValue::Boolean(true)))))
    }

    async fn prepared_change(&self) -> Result<&PreparedStatement, CassandraError> {
        let session = self.store.session()?;
        let prepared = self.statements.change_many.get_or_try_init(|| session.prepare(CHANGE)).await;
        prepared.map_err(|error| CassandraError::Prepare(Box::new(error)))
    }
}

/// At random, so that those who met do not meet again.
pub(super) fn pauses() -> impl Iterator<Item = Duration> + Send {
    (1..=TRIES_MAX).map(|tries| Duration::from_millis(fastrand::u64(1..=PAUSE_MAX_MILLIS.min(tries * 4))))
}

/// Each try was refused by its condition, so nothing was changed.
pub(super) fn too_busy() -> Failure {
    let reason = format!("the customer's invoices changed {TRIES_MAX} times while this change was made");
    Failure::Known(StoreError::Unavailable { store: Store::Target, reason })
}

pub(super) fn document_of(invoice: &Invoice) -> Result<String, StoreError> {
    serde_json::to_string(invoice).map_err(|error| bad_document(&error))
}

pub(super) fn invoice_of(document: &str) -> Result<Invoice, StoreError> {
    serde_json::from_str(document).map_err(|error| bad_document(&error))
}

/// Found before anything was written.
fn bad_document(error: &serde_json::Error) -> StoreError {
    StoreError::Unavailable {
        store: Store::Target,
        reason: format!("the document is not an invoice: {error}"),
    }
}

fn unreadable(error: impl std::error::Error) -> CassandraError {
    CassandraError::Answer(error.to_string())
}
