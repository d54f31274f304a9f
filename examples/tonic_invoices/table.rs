//! A store in memory, with the faults that tests ask of it.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossfade::data::Stamp;
use tonic::Code;

use crate::invoice::InvoiceError;
use crate::messages::{Invoice, Key};

type Rows = BTreeMap<(i64, i64), Row>;

/// A clone is the same table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    rows: Arc<Mutex<Rows>>,
    fault: Arc<Mutex<Option<Fault>>>,
}

/// What the table does in place of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code))]
pub(crate) enum Fault {
    /// It does nothing.
    Unreachable,
    /// It does what it was asked, and then says this.
    Says(Code),
    /// It does what it was asked, and never answers.
    Hangs,
}

/// A deleted invoice leaves its stamp behind.
#[derive(Clone, Debug, Default)]
struct Row {
    stamp: Stamp,
    invoice: Option<Invoice>,
}

impl Table {
    pub(crate) async fn get(&self, key: Key) -> Result<Option<Invoice>, InvoiceError> {
        self.with(|rows| Ok(rows.get(&at(key)).and_then(|row| row.invoice.clone()))).await
    }

    /// Up to `limit` invoices that follow `after`, by customer and number.
    pub(crate) async fn page(
        &self,
        customer: Option<i64>,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Vec<Invoice>, InvoiceError> {
        let begin = (customer.unwrap_or(i64::MIN), i64::MIN);
        let begin = after.map_or(Bound::Included(begin), |after| Bound::Excluded(at(after)));
        let end = Bound::Included((customer.unwrap_or(i64::MAX), i64::MAX));
        self.with(|rows| {
            let live = rows.range((begin, end)).filter_map(|(_, row)| row.invoice.clone());
            Ok(live.take(limit).collect())
        })
        .await
    }

    /// A write of the table's own: its stamp lies above the one that it replaces. What `change` refuses is not written.
    pub(crate) async fn change<T: Send>(
        &self,
        key: Key,
        change: impl FnOnce(&mut Option<Invoice>) -> Result<T, InvoiceError> + Send,
    ) -> Result<T, InvoiceError> {
        self.with(|rows| {
            let mut row = rows.get(&at(key)).cloned().unwrap_or_default();
            let done = change(&mut row.invoice)?;
            row.stamp = clock().max(row.stamp + 1);
            rows.insert(at(key), row);
            Ok(done)
        })
        .await
    }

    /// A change to this, whatever is there.
    pub(crate) async fn set(&self, key: Key, invoice: Option<Invoice>) -> Result<(), InvoiceError> {
        let set = |stored: &mut Option<Invoice>| {
            *stored = invoice;
            Ok(())
        };
        self.change(key, set).await
    }

    /// A copy: a row with a larger stamp stays as it is.
    pub(crate) async fn replace(
        &self,
        key: Key,
        invoice: Option<Invoice>,
        stamp: Stamp,
    ) -> Result<(), InvoiceError> {
        self.with(|rows| {
            let row = rows.entry(at(key)).or_default();
            if stamp >= row.stamp {
                *row = Row { stamp, invoice };
            }
            Ok(())
        })
        .await
    }

    /// All invoices, whatever the fault is.
    pub(crate) fn invoices(&self) -> Vec<Invoice> {
        lock(&self.rows).values().filter_map(|row| row.invoice.clone()).collect()
    }

    #[cfg(test)]
    pub(crate) fn fail(&self, fault: impl Into<Option<Fault>>) {
        *lock(&self.fault) = fault.into();
    }

    async fn with<T: Send>(
        &self,
        work: impl FnOnce(&mut Rows) -> Result<T, InvoiceError> + Send,
    ) -> Result<T, InvoiceError> {
        let fault = *lock(&self.fault);
        if fault == Some(Fault::Unreachable) {
            return Err(InvoiceError::Unreachable);
        }
        let done = work(&mut lock(&self.rows));
        match fault {
            Some(Fault::Says(code)) => Err(InvoiceError::NoAnswer(code)),
            Some(Fault::Hangs) => std::future::pending().await,
            _ => done,
        }
    }
}

/// Microseconds since 1970.
pub(crate) fn clock() -> Stamp {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    Stamp::try_from(since.as_micros()).unwrap_or(Stamp::MAX)
}

const fn at(key: Key) -> (i64, i64) {
    (key.customer, key.number)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
