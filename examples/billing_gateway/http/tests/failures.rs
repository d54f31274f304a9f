//! Stores that fail, hang, or make the service panic.

use axum::Router;
use axum::http::{HeaderName, Method, StatusCode, header};
use tower::service_fn;

use super::support::{customers, send, send_with, service};
use crate::customers::Customers;
use crate::http::Gateway;
use crate::http::around::{BODY_BYTES_MAX, REQUEST_TIMEOUT};
use crate::request::{InvoiceAnswer, InvoiceRequest, InvoiceService, StoreError};
use crossfade::route::Store;

fn over(answer: fn() -> Result<InvoiceAnswer, StoreError>) -> Router {
    let service = service_fn(move |_: InvoiceRequest| async move { answer() });
    Gateway::new(InvoiceService::new(service), Customers::known(&customers())).into_router()
}

#[tokio::test]
async fn a_store_that_is_down_is_503_with_the_outcome_and_when_to_come_back() {
    let down = over(|| Err(crate::faults::refused(Store::Legacy)));
    let silent = over(|| Err(crate::faults::no_answer(Store::Target)));
    for (router, outcome) in [(down, "rejected"), (silent, "unknown")] {
        let answered = send(&router, Method::DELETE, "/customers/1/invoices/1", "").await;
        assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answered.headers.contains_key(header::RETRY_AFTER));
        assert_eq!(answered.body["outcome"], outcome);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_503_after_the_limit() {
    let service = service_fn(|_: InvoiceRequest| std::future::pending::<Result<InvoiceAnswer, StoreError>>());
    let router = Gateway::new(InvoiceService::new(service), Customers::known(&customers())).into_router();
    let began = tokio::time::Instant::now();
    let answered = send(&router, Method::GET, "/customers/1/invoices/1", "").await;
    assert_eq!((answered.status, began.elapsed()), (StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT));
    assert_eq!(answered.body["outcome"], "unknown");
    assert_eq!(answered.headers[header::RETRY_AFTER], "1");
}

#[tokio::test]
async fn a_panic_is_a_500_problem_without_its_text() {
    let router = over(|| panic!("secret"));
    let answered = send(&router, Method::GET, "/customers/1/invoices/1", "").await;
    assert_eq!(answered.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answered.body.to_string().contains("secret"));
}

#[tokio::test]
async fn every_answer_has_the_id_of_its_request_also_after_a_panic() {
    let id = HeaderName::from_static("x-request-id");
    let (good, _folder) = service().await;
    for (router, status) in
        [(good, StatusCode::NOT_FOUND), (over(|| panic!()), StatusCode::INTERNAL_SERVER_ERROR)]
    {
        let path = "/customers/1/invoices/1";
        let given = send_with(&router, Method::GET, path, &[(id.clone(), "mine-7")], "").await;
        assert_eq!((given.status, given.headers[&id].as_bytes()), (status, &b"mine-7"[..]));
        let (one, two) =
            (send(&router, Method::GET, path, "").await, send(&router, Method::GET, path, "").await);
        assert_ne!(one.headers[&id], two.headers[&id]);
    }
}

/// One that does not say its length is cut off where it passes the limit; one that says it is not read at all.
#[tokio::test]
async fn a_body_that_is_too_long_is_a_413_problem() {
    let (router, _folder) = service().await;
    let length = (BODY_BYTES_MAX + 1).to_string();
    for headers in [&[][..], &[(header::CONTENT_LENGTH, length.as_str())]] {
        let body = " ".repeat(BODY_BYTES_MAX + 1);
        let answered = send_with(&router, Method::POST, "/customers/1/invoices", headers, body).await;
        assert_eq!(answered.status, StatusCode::PAYLOAD_TOO_LARGE, "{headers:?}");
        assert_eq!(answered.headers[header::CONTENT_TYPE], "application/problem+json");
    }
}
