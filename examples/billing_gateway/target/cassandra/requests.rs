//! What the gateway's requests ask of Cassandra, once it decides.

use crossfade::backend::cassandra::CassandraError;
use rust_decimal::Decimal;

use super::open::InCassandra;
use super::writes::{Change, document_of, invoice_of, pauses, too_busy};
use crate::domain::{Draft, Invoice, NewInvoice, Precondition, Rejection};
use crate::request_store::Failure;
use crate::target::requests::id_taken;

impl InCassandra {
    pub(crate) async fn create(&self, customer: i64, id: i64, new: NewInvoice) -> Result<Invoice, Failure> {
        if let Some(key) = new.key() {
            return self.create_with_key(customer, id, key.to_owned(), new).await;
        }
        let invoice = new.into_invoice(customer, id);
        let row = (customer, id, document_of(&invoice)?, &invoice.number);
        if self.statements.insert.applied(row).await? { Ok(invoice) } else { Err(id_taken(id)) }
    }

    /// Written on the condition that no create of this customer with a key, whichever it is, came in between.
    async fn create_with_key(
        &self,
        customer: i64,
        id: i64,
        key: String,
        new: NewInvoice,
    ) -> Result<Invoice, Failure> {
        let invoice = new.clone().into_invoice(customer, id);
        let document = document_of(&invoice)?;
        for pause in pauses() {
            let before = self.statements.keyed_creates.one((customer,)).await?.and_then(|(count,)| count);
            if let Some(made) = one(self.statements.made_with_key.one((customer, &key)).await)? {
                return Ok(new.answered_before(made)?);
            }
            let count = before.unwrap_or(0) + 1;
            let row = (count, customer, before, customer, id, &document, &invoice.number, &key);
            if self.statements.insert_keyed.applied(row).await? {
                return Ok(invoice);
            }
            if self.get(customer, id).await?.is_some() {
                return Err(id_taken(id));
            }
            tokio::time::sleep(pause).await;
        }
        Err(too_busy())
    }

    pub(crate) async fn get(&self, customer: i64, id: i64) -> Result<Option<Invoice>, Failure> {
        one(self.statements.get.one((customer, id)).await)
    }

    pub(crate) async fn find(&self, number: &str) -> Result<Option<Invoice>, Failure> {
        one(self.statements.find.one((number,)).await)
    }

    pub(crate) async fn behind(
        &self,
        customer: i64,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Invoice>, Failure> {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let documents = self.statements.list.all((customer, after, limit)).await?;
        documents.iter().map(|(document,)| Ok(invoice_of(document)?)).collect()
    }

    pub(crate) async fn put(
        &self,
        customer: i64,
        id: i64,
        draft: Draft,
        precondition: Precondition,
    ) -> Result<Invoice, Failure> {
        self.change(customer, id, |old| {
            precondition.check(&old)?;
            draft.clone().into_changed(old)
        })
        .await
    }

    pub(crate) async fn pay(&self, customer: i64, id: i64, amount: Decimal) -> Result<Invoice, Failure> {
        self.change(customer, id, |old| old.pay(amount)).await
    }

    pub(crate) async fn delete(
        &self,
        customer: i64,
        id: i64,
        precondition: Precondition,
    ) -> Result<(), Failure> {
        for pause in pauses() {
            let before = self.document(customer, id).await?.ok_or(Rejection::NotFound)?;
            precondition.check(&invoice_of(&before)?)?;
            if self.statements.delete.applied((customer, id, before)).await? {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
        }
        Err(too_busy())
    }

    /// All in one batch: they are in one partition, so all conditions hold or none is written.
    pub(crate) async fn close_all(&self, customer: i64, ids: &[i64]) -> Result<Vec<Invoice>, Failure> {
        for pause in pauses() {
            let (mut changes, mut missing) = (Vec::new(), Vec::new());
            for &id in ids {
                match self.document(customer, id).await? {
                    Some(before) => changes.push(Change::closing(id, before)?),
                    None => missing.push(id),
                }
            }
            if !missing.is_empty() {
                return Err(Rejection::Missing(missing).into());
            }
            if self.change_all(customer, &changes).await? {
                return Ok(changes.into_iter().map(|change| change.invoice).collect());
            }
            tokio::time::sleep(pause).await;
        }
        Err(too_busy())
    }
}

fn one(found: Result<Option<(String,)>, CassandraError>) -> Result<Option<Invoice>, Failure> {
    Ok(found?.map(|(document,)| invoice_of(&document)).transpose()?)
}
