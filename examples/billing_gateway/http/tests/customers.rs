//! Customers, which are not migrated.

use axum::http::{Method, StatusCode};

use super::support::{draft, send, service};

const NEW: &str = r#"{"name": "Ada", "country": "Norway"}"#;

#[tokio::test]
async fn a_customer_that_is_added_can_be_billed() {
    let (router, _folder) = service().await;
    let invoices = "/customers/77/invoices";
    assert_eq!(send(&router, Method::POST, invoices, draft(1, "1.00")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(send(&router, Method::PUT, "/customers/77", NEW).await.status, StatusCode::NO_CONTENT);
    assert_eq!(send(&router, Method::POST, invoices, draft(1, "1.00")).await.status, StatusCode::CREATED);
    assert_eq!(send(&router, Method::PUT, "/customers/77", NEW).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_customer_without_name_or_country_is_refused() {
    let (router, _folder) = service().await;
    for body in [r#"{"name": " ", "country": "Norway"}"#, r#"{"name": "Ada"}"#] {
        let refused = send(&router, Method::PUT, "/customers/77", body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    let none = send(&router, Method::GET, "/customers/77/invoices", "").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}
