//! The service over the legacy store alone: what callers get for good and for bad requests.

use axum::Router;
use axum::body::Body as HttpBody;
use axum::http::{Method, Request, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::{ServiceExt, service_fn};

use super::answer::ANSWERED_BY;
use super::gateway::{BODY_BYTES_MAX, Gateway, REQUEST_TIMEOUT};
use super::headers::IDEMPOTENCY_KEY;
use crate::faults::Faults;
use crate::faulty::Faulty;
use crate::history::Customer;
use crate::legacy::Legacy;
use crate::request::{InvoiceAnswer, InvoiceRequest, InvoiceService, StoreError};
use crossfade::route::Store;

struct Answered {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: Value,
}

fn customers() -> Vec<Customer> {
    vec![Customer { id: 1, name: "One".into(), country: "Norway".into() }]
}

/// A router over a fresh legacy store; the folder lives as long as it is held.
async fn service() -> (Router, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let legacy = Legacy::open(&format!("sqlite:{}", folder.path().join("a.db").display())).await.unwrap();
    let history = crate::history::History { customers: customers(), invoices: Vec::new() };
    history.write_to(&legacy).await.unwrap();
    let store = Faulty::new(legacy, Store::Legacy, Faults::new(1));
    (Gateway::new(InvoiceService::new(store), &customers()).into_router(), folder)
}

async fn send(router: &Router, method: Method, path: &str, body: impl Into<HttpBody>) -> Answered {
    let request =
        Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
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

fn draft(quantity: i64, price: &str) -> String {
    json!({
        "billing": {"address": "1 Main Street", "city": "Oslo", "country": "Norway"},
        "lines": [{"item_id": 7, "description": "A song", "quantity": quantity, "unit_price": price}],
    })
    .to_string()
}

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
        (path, " ".repeat(BODY_BYTES_MAX + 1), 413, "length limit"),
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

fn over(answer: fn() -> Result<InvoiceAnswer, StoreError>) -> Router {
    let service = service_fn(move |_: InvoiceRequest| async move { answer() });
    Gateway::new(InvoiceService::new(service), &customers()).into_router()
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
    let router = Gateway::new(InvoiceService::new(service), &customers()).into_router();
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

async fn send_create(router: &Router, keys: &[&str], body: String) -> Answered {
    let mut request = Request::post("/customers/1/invoices").header(header::CONTENT_TYPE, "application/json");
    for key in keys {
        request = request.header(IDEMPOTENCY_KEY, *key);
    }
    answered(router.clone().oneshot(request.body(HttpBody::from(body)).unwrap()).await.unwrap()).await
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

async fn send_with(router: &Router, method: Method, name: header::HeaderName, tag: &str) -> Answered {
    let request = Request::builder().method(method).uri("/customers/1/invoices/1").header(name, tag);
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let body = HttpBody::from(draft(9, "1.00"));
    answered(router.clone().oneshot(request.body(body).unwrap()).await.unwrap()).await
}

#[tokio::test]
async fn the_version_that_a_caller_has_seen_decides_over_its_writes_and_spares_it_reads() {
    let (router, _folder) = service().await;
    let made = send(&router, Method::POST, "/customers/1/invoices", draft(1, "1.00")).await;
    let first = made.headers[header::ETAG].to_str().unwrap().to_owned();
    let read = send(&router, Method::GET, "/customers/1/invoices/1", "").await;
    assert_eq!(read.headers[header::ETAG], first.as_str());

    let spared = send_with(&router, Method::GET, header::IF_NONE_MATCH, &format!("\"x\", {first}")).await;
    assert_eq!((spared.status, &spared.body), (StatusCode::NOT_MODIFIED, &Value::Null));
    assert_eq!(spared.headers[header::ETAG], first.as_str());
    assert_eq!(spared.headers[ANSWERED_BY], "legacy");

    let put = send_with(&router, Method::PUT, header::IF_MATCH, &first).await;
    assert_eq!(put.status, StatusCode::OK);
    assert_ne!(put.headers[header::ETAG], first.as_str());
    let read = send_with(&router, Method::GET, header::IF_NONE_MATCH, &first).await;
    assert_eq!((read.status, &read.body), (StatusCode::OK, &put.body));
    for method in [Method::PUT, Method::DELETE] {
        let late = send_with(&router, method, header::IF_MATCH, &first).await;
        assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
        assert_eq!(late.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(late.body["outcome"], "rejected");
    }
    assert_eq!(
        send_with(&router, Method::DELETE, header::IF_MATCH, "*").await.status,
        StatusCode::NO_CONTENT
    );
    let none = send_with(&router, Method::DELETE, header::IF_MATCH, &first).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND, "without the condition it would be 404 too");
    let bad = send_with(&router, Method::PUT, header::IF_MATCH, "latest").await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
}
