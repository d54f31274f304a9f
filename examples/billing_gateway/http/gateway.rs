//! The routes, and what they share.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};
use tokio::sync::Semaphore;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;

use super::closing::close;
use super::invoices::{create, delete, put, read};
use super::list::list;
use super::payments::pay;
use super::problem::{Problem, panicked};
use crate::customers::Customers;
use crate::request::{Call, InvoiceAnswer, InvoiceRequest, InvoiceService};

/// Longer than any store may take and any hold may last: it only turns a mistake into an answer.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
pub(super) const BODY_BYTES_MAX: usize = 128 * 1024;
const REQUESTS_AT_ONCE_MAX: usize = 4_096;

/// What the routes need. Customers are reference data outside the migration.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    invoices: InvoiceService,
    customers: Customers,
    slots: Arc<Semaphore>,
}

impl Gateway {
    pub(crate) fn new(invoices: InvoiceService, customers: Customers) -> Self {
        Self { invoices, customers, slots: Arc::new(Semaphore::new(REQUESTS_AT_ONCE_MAX)) }
    }

    /// The routes, with panics turned into problems.
    pub(crate) fn into_router(self) -> Router {
        Router::new()
            .route("/customers/{customer}/invoices", get(list).post(create))
            .route("/customers/{customer}/invoices/{invoice}", get(read).put(put).delete(delete))
            .route("/customers/{customer}/invoices/{invoice}/payments", post(pay))
            .route("/customers/{customer}/invoices/close", post(close))
            .route("/healthz", get(|| async { "ok\n" }))
            .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path") })
            .method_not_allowed_fallback(|| async {
                Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not take that method")
            })
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .layer(CatchPanicLayer::custom(panicked))
            .with_state(self)
    }

    pub(super) async fn call(&self, customer: i64, call: Call) -> Result<InvoiceAnswer, Problem> {
        let Some(country) = self.customers.country(customer).await? else {
            return Err(Problem::new(StatusCode::NOT_FOUND, format!("there is no customer {customer}")));
        };
        let Ok(_slot) = self.slots.try_acquire() else {
            return Err(Problem::overloaded());
        };
        let request = InvoiceRequest { customer, country, call };
        match tokio::time::timeout(REQUEST_TIMEOUT, self.invoices.clone().oneshot(request)).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(Problem::timed_out()),
        }
    }
}
