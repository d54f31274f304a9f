//! A router, requests to it, and what it answers.

use axum::Router;
use axum::body::Body as HttpBody;
use axum::http::{HeaderMap, HeaderName, Method, Request, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::customers::Customers;
use crate::faults::Faults;
use crate::faulty::Faulty;
use crate::history::{Customer, History};
use crate::http::Gateway;
use crate::legacy::Legacy;
use crate::request::InvoiceService;
use crossfade::route::Store;

pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

pub(super) fn customers() -> Vec<Customer> {
    vec![Customer { id: 1, name: "One".into(), country: "Norway".into() }]
}

/// A router over a fresh legacy store; the folder lives as long as it is held.
pub(super) async fn service() -> (Router, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let legacy = Legacy::open(&format!("sqlite:{}", folder.path().join("a.db").display())).await.unwrap();
    let history = History { customers: customers(), invoices: Vec::new() };
    history.write_to(&legacy).await.unwrap();
    let store = Faulty::new(legacy.clone(), Store::Legacy, Faults::new(1));
    (Gateway::new(InvoiceService::new(store), Customers::of(legacy)).into_router(), folder)
}

pub(super) async fn send(router: &Router, method: Method, path: &str, body: impl Into<HttpBody>) -> Answered {
    send_with(router, method, path, &[], body).await
}

pub(super) async fn send_with(
    router: &Router,
    method: Method,
    path: &str,
    headers: &[(HeaderName, &str)],
    body: impl Into<HttpBody>,
) -> Answered {
    let mut request =
        Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    answered(router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap()).await
}

async fn answered(response: Response) -> Answered {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answered {
        status: parts.status,
        headers: parts.headers,
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
    }
}

pub(super) fn draft(quantity: i64, price: &str) -> String {
    json!({
        "billing": {"address": "1 Main Street", "city": "Oslo", "country": "Norway"},
        "lines": [{"item_id": 7, "description": "A song", "quantity": quantity, "unit_price": price}],
    })
    .to_string()
}
