//! Both stores, fresh, and what is asked of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::tests::draft;
use crate::domain::{Draft, Idempotency, Invoice, NewInvoice};
use crate::history::{Customer, History};
use crate::legacy::Legacy;
use crate::request::{About, Call, InvoiceRequest, StoreError};
use crate::target::{IdSource, Target, TargetWithIds};
use crate::test_stores::{Urls, fresh_in};

/// Both stores, fresh. A test keeps the folder to its end: a pool may open a further connection at any time, and a pattern that
/// leaves a field out with `..` drops it at once.
pub(super) struct Stores {
    pub(super) legacy: Legacy,
    pub(super) target: Target,
    pub(super) _folder: tempfile::TempDir,
}

/// Both in files.
pub(super) async fn in_files() -> Stores {
    let folder = tempfile::tempdir().unwrap();
    let urls = fresh_in(&folder).remove(0);
    opened(&urls, folder).await
}

/// Both in files, and each of the servers that the environment names, once.
pub(super) async fn all_stores() -> Vec<Stores> {
    let mut all = Vec::new();
    for number in 0..fresh_in(&tempfile::tempdir().unwrap()).len() {
        let folder = tempfile::tempdir().unwrap();
        let urls = fresh_in(&folder).remove(number);
        all.push(opened(&urls, folder).await);
    }
    all
}

async fn opened(urls: &Urls, folder: tempfile::TempDir) -> Stores {
    urls.make().await;
    let legacy = Legacy::open(&urls.legacy).await.unwrap();
    let customers = (1..=2).map(|id| Customer { id, name: "A".into(), country: "Norway".into() }).collect();
    History { customers, invoices: Vec::new() }.write_to(&legacy).await.unwrap();
    Stores { legacy, target: Target::open(&urls.target).await.unwrap(), _folder: folder }
}

pub(super) fn invoice(customer: i64, id: i64, price: &str) -> Invoice {
    new(price).into_invoice(customer, id)
}

pub(super) fn checked(price: &str) -> Draft {
    draft(price, 2).checked().unwrap()
}

/// A create without a key.
pub(super) fn new(price: &str) -> NewInvoice {
    NewInvoice { draft: checked(price), idempotency: None }
}

pub(super) fn new_with_key(price: &str, key: &str) -> NewInvoice {
    let draft = checked(price);
    NewInvoice { idempotency: Some(Idempotency::new(key, &draft).unwrap()), draft }
}

pub(super) fn request(call: Call) -> InvoiceRequest {
    InvoiceRequest { about: About::Customer { id: 1, country: "Norway".into(), call }, store: None }
}

/// Ids that rise from the first one.
#[derive(Clone)]
pub(super) struct NextId(Arc<AtomicI64>);

impl IdSource for NextId {
    async fn next(&self) -> Result<i64, StoreError> {
        Ok(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// The target as it answers requests once it decides.
pub(super) fn deciding(target: &Target, first_id: i64) -> TargetWithIds<NextId> {
    TargetWithIds { store: target.clone(), ids: NextId(Arc::new(AtomicI64::new(first_id))) }
}
