//! The routes, and what they share.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{self, get, post};
use tokio::sync::Semaphore;
use tower::ServiceExt;

use super::around::around;
use super::closing::close;
use super::customers::put_customer;
use super::find::find;
use super::headers::store_of_read;
use super::invoices::{create, delete, put, read};
use super::list::list;
use super::payments::pay;
use super::problem::Problem;
use crate::customers::Customers;
use crate::request::{About, Call, InvoiceAnswer, InvoiceRequest, InvoiceService};
use crossfade::route::Store;

const REQUESTS_AT_ONCE_MAX: usize = 4_096;

/// What the routes need. Customers are reference data outside the migration.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    invoices: InvoiceService,
    pub(super) customers: Customers,
    slots: Arc<Semaphore>,
    /// Whether callers may name the store of a read.
    read_override: bool,
}

impl Gateway {
    pub(crate) fn new(invoices: InvoiceService, customers: Customers) -> Self {
        let slots = Arc::new(Semaphore::new(REQUESTS_AT_ONCE_MAX));
        Self { invoices, customers, slots, read_override: false }
    }

    /// Lets callers name the store of a read. For those who look into a migration, not for the world.
    pub(crate) fn allow_read_override(self, read_override: bool) -> Self {
        Self { read_override, ..self }
    }

    /// The routes, with all that is around them.
    pub(crate) fn into_router(self) -> Router {
        self.into_router_with(Router::new())
    }

    /// The same, with routes of others among them.
    pub(crate) fn into_router_with(self, others: Router) -> Router {
        let routes = Router::new()
            .route("/customers/{customer}", routing::put(put_customer))
            .route("/customers/{customer}/invoices", get(list).post(create))
            .route("/customers/{customer}/invoices/{invoice}", get(read).put(put).delete(delete))
            .route("/customers/{customer}/invoices/{invoice}/payments", post(pay))
            .route("/customers/{customer}/invoices/close", post(close))
            .route("/invoices", get(find))
            .route("/healthz", get(|| async { "ok\n" }))
            .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path") })
            .method_not_allowed_fallback(|| async {
                Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not take that method")
            })
            .with_state(self);
        around(routes.merge(others))
    }

    /// The store that the caller names for a read, if it may.
    pub(super) fn store_of_read(&self, headers: &HeaderMap) -> Result<Option<Store>, Problem> {
        if self.read_override { store_of_read(headers) } else { Ok(None) }
    }

    /// Writes to the invoices of one customer.
    pub(super) async fn write(&self, id: i64, call: Call) -> Result<InvoiceAnswer, Problem> {
        self.call(id, call, None).await
    }

    /// Asks about the invoices of one customer; of a read, perhaps one store.
    pub(super) async fn call(
        &self,
        id: i64,
        call: Call,
        store: Option<Store>,
    ) -> Result<InvoiceAnswer, Problem> {
        let Some(country) = self.customers.country(id).await? else {
            return Err(Problem::new(StatusCode::NOT_FOUND, format!("there is no customer {id}")));
        };
        self.ask(InvoiceRequest { about: About::Customer { id, country, call }, store }).await
    }

    pub(super) async fn ask(&self, request: InvoiceRequest) -> Result<InvoiceAnswer, Problem> {
        let Ok(_slot) = self.slots.try_acquire() else {
            return Err(Problem::overloaded());
        };
        Ok(self.invoices.clone().oneshot(request).await?)
    }
}
