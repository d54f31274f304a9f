//! Invoices, lists, and input that is neither.

use axum::body::Body as HttpBody;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::json;
use tower::ServiceExt;

use super::support::{draft, send, service};
use crate::http::around::BODY_BYTES_MAX;

#[tokio::test]
async fn an_invoice_lives_from_create_to_delete() {
    let (router, _folder) = service().await;
    let made = send(&router, Method::POST, "/customers/1/invoices", draft(3, "0.10")).await;
    assert_eq!((made.status, &made.body["total"]), (StatusCode::CREATED, &json!("0.30")));
    let place = made.headers[header::LOCATION].to_str().unwrap().to_owned();
    assert_eq!(place, "/customers/1/invoices/1");

    let read = send(&router, Method::GET, &place, "").await;
    assert_eq!((read.status, &read.body), (StatusCode::OK, &made.body));
    let changed = send(&router, Method::PUT, &place, draft(4, "2.5")).await;
    assert_eq!((changed.status, &changed.body["total"]), (StatusCode::OK, &json!("10.00")));
    assert_eq!(changed.body["number"], made.body["number"]);
    assert_eq!(changed.body["issued_at"], made.body["issued_at"]);

    // What GET gave is what PUT takes.
    assert_eq!(send(&router, Method::PUT, &place, changed.body.to_string()).await.body, changed.body);
    assert_eq!(send(&router, Method::DELETE, &place, "").await.status, StatusCode::NO_CONTENT);
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        assert_eq!(send(&router, method, &place, draft(1, "1")).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_list_is_walked_page_by_page_and_a_token_names_its_store() {
    let (router, _folder) = service().await;
    for _ in 0..5 {
        send(&router, Method::POST, "/customers/1/invoices", draft(1, "1.00")).await;
    }
    let (mut ids, mut path) = (Vec::new(), "/customers/1/invoices?limit=2".to_owned());
    loop {
        let page = send(&router, Method::GET, &path, "").await;
        ids.extend(
            page.body["invoices"].as_array().unwrap().iter().map(|invoice| invoice["id"].as_i64().unwrap()),
        );
        let Some(next) = page.body["next"].as_str() else {
            break;
        };
        assert!(next.starts_with("legacy-"), "{next}");
        path = format!("/customers/1/invoices?limit=2&page={next}");
    }
    assert_eq!(ids, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn bad_input_is_a_problem_that_says_what_is_wrong() {
    let (router, _folder) = service().await;
    let many = json!({"billing": {"address": "a", "city": "b", "country": "c"},
        "lines": vec![json!({"item_id": 1, "description": "d", "quantity": 1, "unit_price": "1"}); 101]});
    let path = "/customers/1/invoices";
    for (path, body, status, says) in [
        (path, "{".to_owned(), 400, "JSON"),
        (path, draft(-1, "1"), 422, "quantity"),
        (path, draft(0, "1"), 422, "lines[0].quantity"),
        (path, draft(1, "-1"), 422, "lines[0].unit_price"),
        (path, draft(1, "much"), 422, "unit_price"),
        (path, draft(1, "1").replace("\"1\"", "1.5"), 422, "unit_price"),
        (path, many.to_string(), 422, "100 lines"),
        (path, " ".repeat(BODY_BYTES_MAX + 1), 413, "limit"),
        ("/customers/9/invoices", draft(1, "1"), 404, "customer 9"),
        ("/customers/x/invoices", draft(1, "1"), 400, "x"),
        ("/elsewhere", draft(1, "1"), 404, "path"),
        ("/healthz", draft(1, "1"), 405, "method"),
    ] {
        let answered = send(&router, Method::POST, path, body).await;
        assert_eq!(answered.status.as_u16(), status, "{path}: {}", answered.body);
        assert_eq!(answered.headers[header::CONTENT_TYPE], "application/problem+json");
        let detail = answered.body["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{detail:?} does not say {says:?}");
    }
    for query in ["limit=0", "limit=101", "limit=x", "page=target", "page=nowhere-1"] {
        let answered = send(&router, Method::GET, &format!("/customers/1/invoices?{query}"), "").await;
        assert_eq!(answered.status, StatusCode::BAD_REQUEST, "{query}");
    }
    let plain = Request::builder()
        .method(Method::POST)
        .uri("/customers/1/invoices")
        .body(HttpBody::from("x"))
        .unwrap();
    assert_eq!(router.oneshot(plain).await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn an_invoice_is_found_by_its_number() {
    let (router, _folder) = service().await;
    let made = send(&router, Method::POST, "/customers/1/invoices", draft(1, "1.00")).await;
    let path = format!("/invoices?number={}", made.body["number"].as_str().unwrap());
    let found = send(&router, Method::GET, &path, "").await;
    assert_eq!((found.status, &found.body), (StatusCode::OK, &made.body));
    assert_eq!(found.headers[header::CONTENT_LOCATION], "/customers/1/invoices/1");
    assert_eq!(found.headers[header::ETAG], made.headers[header::ETAG]);

    let none = send(&router, Method::GET, "/invoices?number=INV-1", "").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    assert_eq!(send(&router, Method::GET, "/invoices", "").await.status, StatusCode::BAD_REQUEST);
}
