//! Stores that fail, hang, or make the service panic.

use axum::Router;
use axum::http::{Method, StatusCode, header};
use tower::service_fn;

use super::support::{customers, send};
use crate::customers::Customers;
use crate::http::Gateway;
use crate::http::gateway::REQUEST_TIMEOUT;
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
}

#[tokio::test]
async fn a_panic_is_a_500_problem_without_its_text() {
    let router = over(|| panic!("secret"));
    let answered = send(&router, Method::GET, "/customers/1/invoices/1", "").await;
    assert_eq!(answered.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answered.body.to_string().contains("secret"));
}
