//! Looking an invoice up by the number that is printed on it.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::IntoResponse;
use serde::Deserialize;

use super::answer::{Answer, place};
use super::gateway::Gateway;
use super::invoices::respond_unless_known;
use crate::request::{About, Body, InvoiceRequest};

#[derive(Deserialize)]
pub(super) struct FindQuery {
    number: String,
}

/// Answers with the invoice and, in `Content-Location`, with where it is.
pub(super) async fn find(
    State(gateway): State<Gateway>,
    query: Result<Query<FindQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Answer {
    let Query(query) = query?;
    let (about, store) = (About::Number(query.number), gateway.store_of_read(&headers)?);
    let answer = gateway.ask(InvoiceRequest { about, store }).await?;
    let place: Option<[(HeaderName, String); 1]> = match &answer.body {
        Body::Invoice(invoice) => Some([(header::CONTENT_LOCATION, place(invoice))]),
        _ => None,
    };
    Ok((place, respond_unless_known(&headers, &answer)?).into_response())
}
