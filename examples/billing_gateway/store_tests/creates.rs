//! A create that is sent twice makes one invoice, on both stores.

use crossfade::data::RecordStore;

use super::support::{Stores, all_stores, deciding, new, new_with_key};
use crate::domain::{Invoice, NewInvoice, Precondition, Rejection, key};
use crate::request::StoreError;
use crate::request_store::{Failure, RequestStore};

async fn made(store: &impl RequestStore, new: NewInvoice) -> Invoice {
    store.create(1, new).await.unwrap()
}

async fn retries_make_one_invoice(store: &impl RequestStore) {
    let first = made(store, new_with_key("1.00", "a")).await;
    assert_eq!(made(store, new_with_key("1.00", "a")).await, first);
    assert_ne!(made(store, new_with_key("1.00", "b")).await.id, first.id, "another key");
    assert_ne!(made(store, new("1.00")).await.id, made(store, new("1.00")).await.id, "no key");
    assert_ne!(store.create(2, new_with_key("1.00", "a")).await.unwrap().id, first.id, "another customer");
    assert_eq!(store.list(1, 0, 10).await.unwrap().len(), 4);
}

async fn many_at_once_make_one_invoice(store: &impl RequestStore) {
    let tries: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { made(&store, new_with_key("3.00", "together")).await.id })
        })
        .collect();
    let mut ids = Vec::new();
    for try_ in tries {
        ids.push(try_.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

async fn another_draft_under_a_key_is_rejected(store: &impl RequestStore) {
    made(store, new_with_key("1.00", "c")).await;
    let failure = store.create(1, new_with_key("2.00", "c")).await.unwrap_err();
    assert!(matches!(failure, Failure::Known(StoreError::Rejected(Rejection::KeyReused))), "{failure:?}");
}

async fn a_deleted_invoice_frees_its_key(store: &impl RequestStore) {
    let first = made(store, new_with_key("1.00", "d")).await;
    store.delete(1, first.id, Precondition::None).await.unwrap();
    let second = made(store, new_with_key("1.00", "d")).await;
    assert_ne!(second.id, first.id);
    assert_eq!(made(store, new_with_key("1.00", "d")).await, second);
}

async fn keeps_the_rules_of_keys(store: &impl RequestStore) {
    retries_make_one_invoice(store).await;
    many_at_once_make_one_invoice(store).await;
    another_draft_under_a_key_is_rejected(store).await;
    a_deleted_invoice_frees_its_key(store).await;
}

#[tokio::test]
async fn a_create_with_a_key_makes_one_invoice_on_either_store() {
    for Stores { legacy, target, _folder } in all_stores().await {
        keeps_the_rules_of_keys(&legacy).await;
        keeps_the_rules_of_keys(&deciding(&target, 1)).await;
    }
}

#[tokio::test]
async fn a_retry_is_known_on_the_other_store_once_the_invoice_was_copied() {
    for Stores { legacy, target, _folder } in all_stores().await {
        let first = made(&legacy, new_with_key("1.00", "a")).await;
        target.replace(&key(1, first.id), Some(&first), 1).await.unwrap();
        assert_eq!(made(&deciding(&target, 100), new_with_key("1.00", "a")).await, first);

        let second = made(&deciding(&target, 100), new_with_key("1.00", "b")).await;
        legacy.replace(&key(1, second.id), Some(&second), 2).await.unwrap();
        assert_eq!(made(&legacy, new_with_key("1.00", "b")).await, second);
    }
}

/// Copies come in no order: that of a new invoice may arrive before the delete of the one that had its key.
#[tokio::test]
async fn two_invoices_with_one_key_may_stand_in_the_store_that_follows() {
    for Stores { legacy, target, _folder } in all_stores().await {
        let old = new_with_key("1.00", "a").into_invoice(1, 5);
        let young = new_with_key("1.00", "a").into_invoice(1, 6);
        for invoice in [&old, &young] {
            legacy.replace(&key(1, invoice.id), Some(invoice), 1).await.unwrap();
            target.replace(&key(1, invoice.id), Some(invoice), 1).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_create_takes_the_place_of_a_deleted_row_and_never_of_an_invoice() {
    for Stores { legacy: _, target, _folder } in all_stores().await {
        // A change of invoices that were not there yet was of unknown outcome, and its repair copied that there are none.
        for id in 1..=2 {
            target.replace(&key(1, id), None, 5).await.unwrap();
        }
        let taken = super::support::invoice(1, 3, "9.00");
        target.replace(&key(1, 3), Some(&taken), 5).await.unwrap();
        let deciding = deciding(&target, 1);
        assert_eq!((made(&deciding, new("1.00")).await.id, made(&deciding, new("1.00")).await.id), (1, 2));
        let refused = deciding.create(1, new("1.00")).await.unwrap_err();
        assert!(matches!(refused, Failure::Known(StoreError::Unavailable { .. })), "{refused:?}");
        assert_eq!(target.read(&key(1, 3), 0).await.unwrap().1, Some(taken));
    }
}
