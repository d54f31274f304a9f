//! Creates that are sent twice, writes of one version, payments.

use axum::Router;
use axum::http::{HeaderName, Method, StatusCode, header};
use serde_json::{Value, json};

use super::support::{Answered, draft, send, send_with, service};
use crate::http::ANSWERED_BY;
use crate::http::headers::IDEMPOTENCY_KEY;

async fn send_create(router: &Router, keys: &[&str], body: String) -> Answered {
    let headers: Vec<_> = keys.iter().map(|&key| (IDEMPOTENCY_KEY, key)).collect();
    send_with(router, Method::POST, "/customers/1/invoices", &headers, body).await
}

#[tokio::test]
async fn a_create_that_is_sent_again_with_its_key_is_answered_alike() {
    let (router, _folder) = service().await;
    let first = send_create(&router, &["order-7"], draft(1, "1.00")).await;
    let again = send_create(&router, &["order-7"], draft(1, "1.00")).await;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(
        (&first.body, &first.headers[header::LOCATION]),
        (&again.body, &again.headers[header::LOCATION])
    );
    assert_eq!(first.body["idempotency_key"], "order-7");
    assert_eq!(send_create(&router, &[], draft(1, "1.00")).await.body["id"], 2);
    let other = send_create(&router, &["order-7"], draft(2, "1.00")).await;
    assert_eq!(
        (other.status, &other.body["outcome"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("rejected"))
    );
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let (router, _folder) = service().await;
    let long = "k".repeat(65);
    for keys in [&[""][..], &["a b"], &[&long], &["é"], &["a", "b"]] {
        let answered = send_create(&router, keys, draft(1, "1.00")).await;
        assert_eq!(answered.status, StatusCode::BAD_REQUEST, "{keys:?}");
    }
}

/// A request about the first invoice, with a draft and a tag.
async fn with_tag(router: &Router, method: Method, name: HeaderName, tag: &str) -> Answered {
    send_with(router, method, "/customers/1/invoices/1", &[(name, tag)], draft(9, "1.00")).await
}

#[tokio::test]
async fn the_version_that_a_caller_has_seen_decides_over_its_writes_and_spares_it_reads() {
    let (router, _folder) = service().await;
    let made = send(&router, Method::POST, "/customers/1/invoices", draft(1, "1.00")).await;
    let first = made.headers[header::ETAG].to_str().unwrap().to_owned();
    let read = send(&router, Method::GET, "/customers/1/invoices/1", "").await;
    assert_eq!(read.headers[header::ETAG], first.as_str());

    let spared = with_tag(&router, Method::GET, header::IF_NONE_MATCH, &format!("\"x\", {first}")).await;
    assert_eq!((spared.status, &spared.body), (StatusCode::NOT_MODIFIED, &Value::Null));
    assert_eq!(spared.headers[header::ETAG], first.as_str());
    assert_eq!(spared.headers[ANSWERED_BY], "legacy");

    let put = with_tag(&router, Method::PUT, header::IF_MATCH, &first).await;
    assert_eq!(put.status, StatusCode::OK);
    assert_ne!(put.headers[header::ETAG], first.as_str());
    let read = with_tag(&router, Method::GET, header::IF_NONE_MATCH, &first).await;
    assert_eq!((read.status, &read.body), (StatusCode::OK, &put.body));
    for method in [Method::PUT, Method::DELETE] {
        let late = with_tag(&router, method, header::IF_MATCH, &first).await;
        assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
        assert_eq!(late.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(late.body["outcome"], "rejected");
    }
    assert_eq!(with_tag(&router, Method::DELETE, header::IF_MATCH, "*").await.status, StatusCode::NO_CONTENT);
    let none = with_tag(&router, Method::DELETE, header::IF_MATCH, &first).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND, "without the condition it would be 404 too");
    let bad = with_tag(&router, Method::PUT, header::IF_MATCH, "latest").await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
}

async fn pay(router: &Router, amount: &Value) -> Answered {
    let body = json!({ "amount": amount }).to_string();
    send(router, Method::POST, "/customers/1/invoices/1/payments", body).await
}

#[tokio::test]
async fn payments_lower_the_balance_until_the_invoice_is_paid() {
    let (router, _folder) = service().await;
    send(&router, Method::POST, "/customers/1/invoices", draft(2, "10.00")).await;
    let part = pay(&router, &json!("12.5")).await;
    assert_eq!(part.status, StatusCode::OK);
    assert_eq!([&part.body["received"], &part.body["balance"]], ["12.50", "7.50"]);
    let over = pay(&router, &json!("7.51")).await;
    assert_eq!((over.status, &over.body["outcome"]), (StatusCode::CONFLICT, &json!("rejected")));
    let low = send(&router, Method::PUT, "/customers/1/invoices/1", draft(1, "12.49")).await;
    assert_eq!((low.status, &low.body["outcome"]), (StatusCode::CONFLICT, &json!("rejected")));

    let rest = pay(&router, &json!("7.50")).await;
    assert_eq!((&rest.body["balance"], &rest.body["paid"]), (&json!("0.00"), &json!(true)));
    let read = send(&router, Method::GET, "/customers/1/invoices/1", "").await;
    assert_eq!((&read.body, &read.headers[header::ETAG]), (&rest.body, &rest.headers[header::ETAG]));
}

#[tokio::test]
async fn a_payment_of_no_money_is_refused() {
    let (router, _folder) = service().await;
    send(&router, Method::POST, "/customers/1/invoices", draft(2, "10.00")).await;
    for amount in [json!("0"), json!("-1"), json!("0.001"), json!("much"), json!(1.5), Value::Null] {
        assert_eq!(pay(&router, &amount).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{amount}");
    }
    let read = send(&router, Method::GET, "/customers/1/invoices/1", "").await;
    assert_eq!((&read.body["received"], &read.body["paid"]), (&json!("0.00"), &json!(false)));
}

async fn close(router: &Router, ids: &Value) -> Answered {
    let body = json!({ "invoices": ids }).to_string();
    send(router, Method::POST, "/customers/1/invoices/close", body).await
}

#[tokio::test]
async fn many_invoices_are_closed_at_once_or_none() {
    let (router, _folder) = service().await;
    for _ in 0..3 {
        send(&router, Method::POST, "/customers/1/invoices", draft(1, "1.00")).await;
    }
    let closed = close(&router, &json!([2, 1, 2])).await;
    assert_eq!(closed.status, StatusCode::OK);
    let ids: Vec<_> =
        closed.body["invoices"].as_array().unwrap().iter().map(|i| (&i["id"], &i["closed"])).collect();
    assert_eq!(ids, [(&json!(1), &json!(true)), (&json!(2), &json!(true))]);

    let missing = close(&router, &json!([3, 9, 8])).await;
    assert_eq!((missing.status, &missing.body["invoices"]), (StatusCode::NOT_FOUND, &json!([8, 9])));
    assert_eq!(missing.body["outcome"], "rejected");
    let third = send(&router, Method::GET, "/customers/1/invoices/3", "").await;
    assert_eq!(third.body["closed"], false);
    for bad in [json!([]), (0..101).collect(), json!(["one"]), json!(1)] {
        assert_eq!(close(&router, &bad).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    assert_eq!(close(&router, &(1..101).collect()).await.status, StatusCode::NOT_FOUND, "100 may be named");
}
