//! A closing changes all of its invoices or none, on both stores.

use super::support::{Stores, all_stores, checked, deciding, new};
use crate::domain::{Precondition, Rejection};
use crate::request::StoreError;
use crate::request_store::{Failure, RequestStore};

async fn closes_all_or_none(store: &impl RequestStore) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(store.create(1, new("1.00")).await.unwrap().id);
    }
    let of_another = store.create(2, new("1.00")).await.unwrap().id;
    store.delete(1, ids[2], Precondition::None).await.unwrap();

    let failure = store.close(1, &[ids[0], ids[2], of_another]).await.unwrap_err();
    let Failure::Known(StoreError::Rejected(rejection)) = failure else { panic!("{failure:?}") };
    assert_eq!(rejection, Rejection::Missing(vec![ids[2], of_another]));
    assert!(!store.get(1, ids[0]).await.unwrap().unwrap().closed, "nothing was changed");

    let mut closed = store.close(1, &ids[..2]).await.unwrap();
    closed.sort_by_key(|invoice| invoice.id);
    assert_eq!(
        closed.iter().map(|invoice| (invoice.id, invoice.closed)).collect::<Vec<_>>(),
        [(ids[0], true), (ids[1], true)]
    );
    assert_eq!(store.get(1, ids[0]).await.unwrap().as_ref(), Some(&closed[0]));
    assert_eq!(store.close(1, &ids[..1]).await.unwrap()[0], closed[0], "again");
    assert!(
        store.put(1, ids[0], checked("9.00"), Precondition::None).await.unwrap().closed,
        "a put keeps it"
    );
    assert!(!store.get(2, of_another).await.unwrap().unwrap().closed);
}

#[tokio::test]
async fn a_closing_changes_all_its_invoices_or_none_on_either_store() {
    for Stores { legacy, target, _folder } in all_stores().await {
        closes_all_or_none(&legacy).await;
        closes_all_or_none(&deciding(&target, 1)).await;
    }
}
