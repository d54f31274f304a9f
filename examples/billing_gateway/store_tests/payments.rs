//! A payment changes what was received on the condition that it fits, on both stores.

use super::support::{Stores, all_stores, checked, deciding, new};
use crate::domain::{Precondition, Rejection};
use crate::request::StoreError;
use crate::request_store::{Failure, RequestStore};

fn rejection<T: std::fmt::Debug>(answer: Result<T, Failure>) -> Rejection {
    match answer.unwrap_err() {
        Failure::Known(StoreError::Rejected(rejection)) => rejection,
        other => panic!("{other:?}"),
    }
}

async fn keeps_the_balance(store: &impl RequestStore) {
    let amount = |text: &str| text.parse().unwrap();
    let made = store.create(1, new("1.00")).await.unwrap();
    let paid = store.pay(1, made.id, amount("0.75")).await.unwrap();
    assert_eq!((paid.received.to_string().as_str(), paid.paid), ("0.75", false));
    assert_ne!(paid.etag(), made.etag());

    let over = Rejection::Overpaid { amount: amount("1.26"), balance: amount("1.25") };
    assert_eq!(rejection(store.pay(1, made.id, amount("1.26")).await), over);
    assert_eq!(store.get(1, made.id).await.unwrap(), Some(paid), "nothing was changed");
    let low = store.put(1, made.id, checked("0.37"), Precondition::None).await;
    assert_eq!(rejection(low), Rejection::BelowReceived { total: amount("0.74"), received: amount("0.75") });

    let rest = store.pay(1, made.id, amount("1.25")).await.unwrap();
    assert_eq!((rest.received.to_string().as_str(), rest.paid), ("2.00", true));
    let raised = store.put(1, made.id, checked("1.50"), Precondition::None).await.unwrap();
    assert_eq!((raised.received.to_string().as_str(), raised.paid), ("2.00", false));
    assert_eq!(store.get(1, made.id).await.unwrap(), Some(raised));
    assert_eq!(rejection(store.pay(1, 99, amount("1.00")).await), Rejection::NotFound);
    assert_eq!(rejection(store.pay(2, made.id, amount("1.00")).await), Rejection::NotFound);
}

/// Twelve payments of a dime want to go into a dollar.
async fn payments_at_once_never_exceed_the_total(store: &impl RequestStore) {
    let made = store.create(1, new("0.50")).await.unwrap();
    let payments: Vec<_> = (0..12)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.pay(1, made.id, "0.10".parse().unwrap()).await.is_ok() })
        })
        .collect();
    let mut made_it = 0;
    for payment in payments {
        made_it += u32::from(payment.await.unwrap());
    }
    let invoice = store.get(1, made.id).await.unwrap().unwrap();
    assert_eq!((made_it, invoice.received, invoice.paid), (10, invoice.total, true));
}

#[tokio::test]
async fn the_balance_is_kept_on_either_store() {
    for Stores { legacy, target, _folder } in all_stores().await {
        keeps_the_balance(&legacy).await;
        payments_at_once_never_exceed_the_total(&legacy).await;
        keeps_the_balance(&deciding(&target, 1)).await;
        payments_at_once_never_exceed_the_total(&deciding(&target, 200)).await;
    }
}
