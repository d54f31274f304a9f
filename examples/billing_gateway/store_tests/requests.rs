//! Both stores answer the gateway's requests alike.

use crossfade::data::RecordStore;

use super::support::{Stores, all_stores, checked, deciding, invoice, new, request};
use crate::domain::{Precondition, Rejection, key};
use crate::request::{Body, Call, StoreError};
use crate::request_store::RequestStore;

#[tokio::test]
async fn an_id_that_is_taken_is_an_error_and_never_an_invoice_that_is_replaced() {
    for Stores { target, _folder, .. } in all_stores().await {
        target.replace(&key(1, 5), Some(&invoice(1, 5, "1.00")), 1).await.unwrap();
        let service = deciding(&target, 5);
        let error = service.answer(request(Call::Create(new("2.00")))).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_put_or_delete_of_nothing_is_not_found_and_a_get_says_missing() {
    for Stores { legacy, target, _folder } in all_stores().await {
        let target = deciding(&target, 1);
        for call in [Call::Put(9, checked("1.00"), Precondition::None), Call::Delete(9, Precondition::None)] {
            assert!(matches!(
                legacy.answer(request(call.clone())).await,
                Err(StoreError::Rejected(Rejection::NotFound))
            ));
            assert!(matches!(
                target.answer(request(call)).await,
                Err(StoreError::Rejected(Rejection::NotFound))
            ));
        }
        assert_eq!(legacy.answer(request(Call::Get(9))).await.unwrap().body, Body::Missing);
        assert_eq!(target.answer(request(Call::Get(9))).await.unwrap().body, Body::Missing);
    }
}

#[tokio::test]
async fn legacy_gives_no_id_twice_and_its_sequence_can_be_raised() {
    for Stores { legacy, _folder, .. } in all_stores().await {
        let create = async || match legacy.answer(request(Call::Create(new("1.00")))).await.unwrap().body {
            Body::Invoice(invoice) => invoice.id,
            other => panic!("{other:?}"),
        };
        assert_eq!(legacy.largest_id().await.unwrap(), 0);
        assert_eq!(create().await, 1);
        legacy.answer(request(Call::Delete(1, Precondition::None))).await.unwrap();
        assert_eq!((legacy.largest_id().await.unwrap(), create().await), (1, 2));
        legacy.raise_sequence_above(1_000).await.unwrap();
        assert_eq!(create().await, 1_001);
        legacy.raise_sequence_above(50).await.unwrap();
        assert_eq!((create().await, legacy.largest_id().await.unwrap()), (1_002, 1_002));
    }
}

async fn finds_by_number(store: &impl RequestStore) {
    let made = store.create(2, new("1.00")).await.unwrap();
    assert_eq!(store.find(&made.number).await.unwrap().as_ref(), Some(&made));
    assert_eq!(store.find("INV-2026-9").await.unwrap(), None);
    store.delete(2, made.id, Precondition::None).await.unwrap();
    assert_eq!(store.find(&made.number).await.unwrap(), None);
}

#[tokio::test]
async fn an_invoice_is_found_by_its_number_on_either_store() {
    for Stores { legacy, target, _folder } in all_stores().await {
        finds_by_number(&legacy).await;
        finds_by_number(&deciding(&target, 1)).await;
    }
}
