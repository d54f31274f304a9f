//! The two stores of the first form.

use crossfade::data::{KeyedRecord, Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord};
use crossfade::records::{Change, WriteRecords};

use crate::invoice::{InvoiceError, Invoices, create};
use crate::messages::Invoice;
use crate::table::{Table, clock};

/// A table inside of this process; the old one keeps no stamps.
#[derive(Clone, Debug)]
pub(crate) struct Embedded<const STAMPS: bool>(pub(crate) Table);

impl<const STAMPS: bool> RecordStore for Embedded<STAMPS> {
    type Data = Invoices;
    type Error = InvoiceError;
    const KEEPS_STAMPS: bool = STAMPS;

    async fn read(
        &self,
        key: &RecordKey<Invoices>,
        now: Stamp,
    ) -> Result<StampedRecord<Invoices>, InvoiceError> {
        Ok((now, self.0.get(key.into()).await?))
    }

    async fn replace(
        &self,
        key: &RecordKey<Invoices>,
        record: Option<&Invoice>,
        stamp: Stamp,
    ) -> Result<(), InvoiceError> {
        match STAMPS {
            true => self.0.replace(key.into(), record.cloned(), stamp).await,
            false => self.0.set(key.into(), record.cloned()).await,
        }
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Invoices>>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<Invoices>, InvoiceError> {
        let invoices = self.0.page(group.copied(), after.map(Into::into), limit).await?;
        let records = invoices.into_iter().map(|invoice| (invoice.key().into(), invoice));
        Ok(Page { stamp: now, records: records.collect() })
    }

    async fn clock(&self) -> Result<Option<Stamp>, InvoiceError> {
        Ok(STAMPS.then(clock))
    }

    fn outcome(error: &InvoiceError) -> Outcome {
        error.outcome()
    }
}

impl<const STAMPS: bool> WriteRecords for Embedded<STAMPS> {
    async fn create(&self, _: &i64, new: &Invoice) -> Result<KeyedRecord<Invoices>, InvoiceError> {
        self.0.change(new.key(), |stored| create(stored, new)).await?;
        Ok((new.key().into(), new.clone()))
    }

    async fn update(
        &self,
        key: &RecordKey<Invoices>,
        change: Change<Invoices>,
    ) -> Result<Option<Invoice>, InvoiceError> {
        let apply = |stored: &mut Option<Invoice>| {
            // Why it was rejected is known to whoever asked.
            let accepted = change.apply(stored);
            accepted.then(|| stored.clone()).ok_or(InvoiceError::Invalid("the change was rejected"))
        };
        self.0.change(key.into(), apply).await
    }
}
