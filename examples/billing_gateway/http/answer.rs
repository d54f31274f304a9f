//! Answers of a store as HTTP responses.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;

use super::problem::Problem;
use crate::domain::{Billing, Invoice, Line};
use crate::request::{Body, InvoiceAnswer};
use crossfade::route::Store;

/// Which store answered; for the curious, and for the demo's own count.
pub(crate) const ANSWERED_BY: HeaderName = HeaderName::from_static("x-answered-by");

pub(super) type Answer = Result<Response, Problem>;

/// An invoice as callers see it.
#[derive(Debug, Serialize)]
pub(super) struct Shown<'a> {
    id: i64,
    customer_id: i64,
    number: &'a str,
    issued_at: Timestamp,
    billing: &'a Billing,
    lines: &'a [Line],
    #[serde(with = "rust_decimal::serde::str")]
    total: Decimal,
    #[serde(with = "rust_decimal::serde::str")]
    received: Decimal,
    /// What is still to be paid.
    #[serde(with = "rust_decimal::serde::str")]
    balance: Decimal,
    paid: bool,
    closed: bool,
    /// Of the create that made it, when it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<&'a str>,
}

impl<'a> From<&'a Invoice> for Shown<'a> {
    fn from(invoice: &'a Invoice) -> Self {
        Self {
            id: invoice.id,
            customer_id: invoice.customer_id,
            number: &invoice.number,
            issued_at: invoice.issued_at,
            billing: &invoice.billing,
            lines: &invoice.lines,
            total: invoice.total,
            received: invoice.received,
            balance: invoice.balance(),
            paid: invoice.paid,
            closed: invoice.closed,
            idempotency_key: invoice.idempotency.as_ref().map(|idempotency| idempotency.key.as_str()),
        }
    }
}

/// The path of an invoice.
pub(super) fn place(invoice: &Invoice) -> String {
    format!("/customers/{}/invoices/{}", invoice.customer_id, invoice.id)
}

/// The answer to a request about one invoice.
pub(super) fn respond(status: StatusCode, answer: &InvoiceAnswer) -> Response {
    let from = answered_by(answer.from);
    match &answer.body {
        Body::Invoice(invoice) => {
            (status, from, [(header::ETAG, invoice.etag().to_string())], Json(Shown::from(&**invoice)))
                .into_response()
        }
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
