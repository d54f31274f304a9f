//! A write that holds only for one version of an invoice is made of that one alone, on both stores.

use super::support::{Stores, all_stores, checked, deciding, new};
use crate::domain::{ETag, Invoice, Precondition, Rejection};
use crate::request::StoreError;
use crate::request_store::{Failure, RequestStore};

fn only(invoice: &Invoice) -> Precondition {
    Precondition::OneOf(vec![ETag::from_text("another"), invoice.etag()])
}

fn changed<T>(answer: &Result<T, Failure>) -> bool {
    matches!(answer, Err(Failure::Known(StoreError::Rejected(Rejection::Changed))))
}

async fn keeps_preconditions(store: &impl RequestStore) {
    let first = store.create(1, new("1.00")).await.unwrap();
    let id = first.id;
    let second = store.put(1, id, checked("2.00"), only(&first)).await.unwrap();
    assert_ne!(second.etag(), first.etag());
    assert!(changed(&store.put(1, id, checked("3.00"), only(&first)).await));
    assert!(changed(&store.delete(1, id, only(&first)).await));
    assert_eq!(store.get(1, id).await.unwrap(), Some(second.clone()), "nothing was changed");

    let back = store.put(1, id, checked("1.00"), Precondition::None).await.unwrap();
    assert_eq!(back.etag(), first.etag(), "equal content has equal tags");
    store.delete(1, id, only(&first)).await.unwrap();
    let of_none = store.put(1, id, checked("1.00"), only(&first)).await;
    assert!(matches!(of_none, Err(Failure::Known(StoreError::Rejected(Rejection::NotFound)))));
}

/// Of many callers who saw the same version, one changes it.
async fn one_of_many_wins(store: &impl RequestStore) {
    let first = store.create(1, new("1.00")).await.unwrap();
    let puts: Vec<_> = (2..10)
        .map(|price| {
            let (store, seen) = (store.clone(), only(&first));
            tokio::spawn(async move { store.put(1, first.id, checked(&price.to_string()), seen).await })
        })
        .collect();
    let mut made = 0;
    for put in puts {
        made += u32::from(put.await.unwrap().is_ok());
    }
    assert_eq!(made, 1);
}

#[tokio::test]
async fn a_conditional_write_is_made_of_the_version_it_names_on_either_store() {
    for Stores { legacy, target, _folder } in all_stores().await {
        keeps_preconditions(&legacy).await;
        one_of_many_wins(&legacy).await;
        keeps_preconditions(&deciding(&target, 1)).await;
        one_of_many_wins(&deciding(&target, 100)).await;
    }
}
