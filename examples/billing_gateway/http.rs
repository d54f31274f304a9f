//! The HTTP side: axum routes on any service that answers invoice requests.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;

use crate::domain::{Draft, Invoice};
use crate::history::Customer;
use crate::problem::Problem;
use crate::request::{Body, Call, InvoiceAnswer, InvoiceRequest, InvoiceService};
use crossfade::route::Store;

/// Longer than any store may take and any hold may last: it only turns a mistake into an answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
const BODY_BYTES_MAX: usize = 128 * 1024;
const REQUESTS_AT_ONCE_MAX: usize = 4_096;
const PAGE_DEFAULT: u32 = 20;
const PAGE_MAX: u32 = 100;
/// Which store answered; for the curious, and for the demo's own count.
pub(crate) const ANSWERED_BY: HeaderName = HeaderName::from_static("x-answered-by");

/// What the routes need. Customers are reference data outside the migration, read once.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    invoices: InvoiceService,
    countries: Arc<HashMap<i64, Arc<str>>>,
    slots: Arc<Semaphore>,
}

impl Gateway {
    pub(crate) fn new(invoices: InvoiceService, customers: &[Customer]) -> Self {
        let countries = customers.iter().map(|customer| (customer.id, customer.country.clone())).collect();
        Self {
            invoices,
            countries: Arc::new(countries),
            slots: Arc::new(Semaphore::new(REQUESTS_AT_ONCE_MAX)),
        }
    }

    /// The routes, with panics turned into problems.
    pub(crate) fn into_router(self) -> Router {
        Router::new()
            .route("/customers/{customer}/invoices", get(list).post(create))
            .route("/customers/{customer}/invoices/{invoice}", get(read).put(put).delete(delete))
            .route("/healthz", get(|| async { "ok\n" }))
            .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path") })
            .method_not_allowed_fallback(|| async {
                Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not take that method")
            })
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .layer(CatchPanicLayer::custom(panicked))
            .with_state(self)
    }

    async fn call(&self, customer: i64, call: Call) -> Result<InvoiceAnswer, Problem> {
        let Some(country) = self.countries.get(&customer).cloned() else {
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

type Answer = Result<Response, Problem>;

#[derive(Deserialize)]
struct ListQuery {
    limit: Option<u32>,
    page: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct InvoiceList {
    pub(crate) invoices: Vec<Invoice>,
    /// Give it as `page` to get the invoices that follow. None: there are no more.
    pub(crate) next: Option<String>,
}

async fn create(
    State(gateway): State<Gateway>,
    path: Result<Path<i64>, PathRejection>,
    body: Result<Json<Draft>, JsonRejection>,
) -> Answer {
    let Path(customer) = path?;
    let answer = gateway.call(customer, Call::Create(draft(body)?)).await?;
    let location = match &answer.body {
        Body::Invoice(invoice) => format!("/customers/{customer}/invoices/{}", invoice.id),
        _ => String::new(),
    };
    Ok(([(header::LOCATION, location)], respond(StatusCode::CREATED, answer)).into_response())
}

async fn list(
    State(gateway): State<Gateway>,
    path: Result<Path<i64>, PathRejection>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Answer {
    let (Path(customer), Query(query)) = (path?, query?);
    let limit = query.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, format!("limit must be 1 to {PAGE_MAX}")));
    }
    let (store, after) = match query.page.as_deref().map(parse_page) {
        None => (None, 0),
        Some(Some((store, after))) => (Some(store), after),
        Some(None) => {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "page is not what a list gave as next"));
        }
    };
    // One more than asked for shows whether there is a next page.
    let mut answer = gateway.call(customer, Call::List { after, limit: limit + 1, store }).await?;
    let mut next = None;
    if let Body::List(invoices) = &mut answer.body
        && invoices.len() > limit as usize
    {
        invoices.truncate(limit as usize);
        next = invoices.last().map(|last| format!("{}-{}", name(answer.from), last.id));
    }
    let InvoiceAnswer { from, body } = answer;
    let Body::List(invoices) = body else {
        return Err(unexpected());
    };
    Ok((answered_by(from), Json(InvoiceList { invoices, next })).into_response())
}

async fn read(State(gateway): State<Gateway>, path: Result<Path<(i64, i64)>, PathRejection>) -> Answer {
    let Path((customer, invoice)) = path?;
    Ok(respond(StatusCode::OK, gateway.call(customer, Call::Get(invoice)).await?))
}

async fn put(
    State(gateway): State<Gateway>,
    path: Result<Path<(i64, i64)>, PathRejection>,
    body: Result<Json<Draft>, JsonRejection>,
) -> Answer {
    let Path((customer, invoice)) = path?;
    Ok(respond(StatusCode::OK, gateway.call(customer, Call::Put(invoice, draft(body)?)).await?))
}

async fn delete(State(gateway): State<Gateway>, path: Result<Path<(i64, i64)>, PathRejection>) -> Answer {
    let Path((customer, invoice)) = path?;
    Ok(respond(StatusCode::OK, gateway.call(customer, Call::Delete(invoice)).await?))
}

fn respond(status: StatusCode, answer: InvoiceAnswer) -> Response {
    let from = answered_by(answer.from);
    match answer.body {
        Body::Invoice(invoice) => (status, from, Json(invoice)).into_response(),
        Body::Deleted => (StatusCode::NO_CONTENT, from).into_response(),
        Body::Missing => {
            (from, Problem::new(StatusCode::NOT_FOUND, "there is no such invoice")).into_response()
        }
        Body::List(_) => unexpected().into_response(),
    }
}

fn draft(body: Result<Json<Draft>, JsonRejection>) -> Result<Draft, Problem> {
    let Json(draft) = body?;
    draft.checked().map_err(|invalid| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, invalid.to_string()))
}

/// A page token names the store that it came from: a walk stays with one store.
fn parse_page(token: &str) -> Option<(Store, i64)> {
    let (store, after) = token.split_once('-')?;
    let store = [Store::Legacy, Store::Target].into_iter().find(|&known| name(known) == store)?;
    Some((store, after.parse().ok()?))
}

fn answered_by(store: Store) -> [(HeaderName, HeaderValue); 1] {
    [(ANSWERED_BY, HeaderValue::from_static(name(store)))]
}

pub(crate) fn name(store: Store) -> &'static str {
    match store {
        Store::Legacy => "legacy",
        Store::Target => "target",
    }
}

fn unexpected() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the store answered something else than was asked")
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic itself is on stderr; callers need not know it.
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the service made a mistake").into_response()
}

macro_rules! problem_from {
    ($($rejection:ty),*) => {$(
        impl From<$rejection> for Problem {
            fn from(rejection: $rejection) -> Self {
                Self::new(rejection.status(), rejection.body_text())
            }
        }
    )*};
}
problem_from!(JsonRejection, PathRejection, QueryRejection);

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
