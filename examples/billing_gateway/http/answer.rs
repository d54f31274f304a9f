//! Answers of a store as HTTP responses.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::request::{Body, InvoiceAnswer};
use crossfade::route::Store;

/// Which store answered; for the curious, and for the demo's own count.
pub(crate) const ANSWERED_BY: HeaderName = HeaderName::from_static("x-answered-by");

pub(super) type Answer = Result<Response, Problem>;

pub(super) fn respond(status: StatusCode, answer: InvoiceAnswer) -> Response {
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

pub(super) fn answered_by(store: Store) -> [(HeaderName, HeaderValue); 1] {
    [(ANSWERED_BY, HeaderValue::from_static(name(store)))]
}

pub(crate) fn name(store: Store) -> &'static str {
    match store {
        Store::Legacy => "legacy",
        Store::Target => "target",
    }
}

pub(super) fn unexpected() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the store answered something else than was asked")
}
