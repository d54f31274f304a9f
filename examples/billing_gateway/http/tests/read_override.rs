//! The header that names the store of a read.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{Method, StatusCode};
use tower::service_fn;

use super::support::{customers, draft, send_with};
use crate::customers::Customers;
use crate::http::Gateway;
use crate::http::headers::CROSSFADE_READ;
use crate::request::{About, Body, Call, InvoiceAnswer, InvoiceRequest, InvoiceService, StoreError};
use crossfade::route::{StorageRequest, Store};

type Asked = Arc<Mutex<Vec<Option<Store>>>>;

/// A gateway over a store that notes which store each request names.
fn gateway() -> (Gateway, Asked) {
    let asked = Asked::default();
    let notes = asked.clone();
    let service = service_fn(move |request: InvoiceRequest| {
        notes.lock().unwrap().push(request.read_override());
        let body = match request.about {
            About::Customer { call: Call::List { .. }, .. } => Body::List(Vec::new()),
            _ => Body::Missing,
        };
        std::future::ready(Ok::<_, StoreError>(InvoiceAnswer { from: Store::Legacy, body }))
    });
    (Gateway::new(InvoiceService::new(service), Customers::known(&customers())), asked)
}

const READS: [&str; 3] = ["/customers/1/invoices/1", "/customers/1/invoices", "/invoices?number=INV-1"];

async fn get(router: &Router, path: &str, store: &str) -> StatusCode {
    send_with(router, Method::GET, path, &[(CROSSFADE_READ, store)], "").await.status
}

#[tokio::test]
async fn a_caller_names_the_store_of_a_read_where_that_is_allowed() {
    let (gateway, asked) = gateway();
    let router = gateway.allow_read_override(true).into_router();
    for path in READS {
        get(&router, path, "target").await;
        get(&router, path, "legacy").await;
        assert_eq!(*asked.lock().unwrap(), [Some(Store::Target), Some(Store::Legacy)], "{path}");
        asked.lock().unwrap().clear();
        assert_eq!(get(&router, path, "both").await, StatusCode::BAD_REQUEST, "{path}");
        assert!(asked.lock().unwrap().is_empty());
    }
    get(&router, "/customers/1/invoices?page=legacy-7", "target").await;
    assert_eq!(*asked.lock().unwrap(), [Some(Store::Legacy)], "a walk stays with its store");
}

#[tokio::test]
async fn elsewhere_the_header_is_ignored() {
    let (gateway, asked) = gateway();
    let router = gateway.clone().into_router();
    for path in READS {
        get(&router, path, "target").await;
        assert_ne!(get(&router, path, "both").await, StatusCode::BAD_REQUEST, "{path}");
    }
    let open = gateway.allow_read_override(true).into_router();
    let header = [(CROSSFADE_READ, "target")];
    send_with(&open, Method::PUT, READS[0], &header, draft(1, "1.00")).await;
    send_with(&open, Method::DELETE, READS[0], &header, "").await;
    assert_eq!(*asked.lock().unwrap(), [None; 8]);
}
