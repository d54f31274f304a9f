//! One invoice: make, read, change and delete it.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;

use super::answer::{Answer, answered_by, place, respond};
use super::conditional::{has_already, if_match};
use super::gateway::Gateway;
use super::headers::idempotency;
use super::problem::Problem;
use crate::domain::{Draft, NewInvoice};
use crate::request::{Body, Call, InvoiceAnswer};

pub(super) async fn create(
    State(gateway): State<Gateway>,
    path: Result<Path<i64>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Draft>, JsonRejection>,
) -> Answer {
    let Path(customer) = path?;
    let draft = draft(body)?;
    let idempotency = idempotency(&headers, &draft)?;
    let answer = gateway.write(customer, Call::Create(NewInvoice { draft, idempotency })).await?;
    let location = match &answer.body {
        Body::Invoice(invoice) => place(invoice),
        _ => String::new(),
    };
    Ok(([(header::LOCATION, location)], respond(StatusCode::CREATED, &answer)).into_response())
}

pub(super) async fn read(
    State(gateway): State<Gateway>,
    path: Result<Path<(i64, i64)>, PathRejection>,
    headers: HeaderMap,
) -> Answer {
    let Path((customer, invoice)) = path?;
    let answer = gateway.call(customer, Call::Get(invoice), gateway.store_of_read(&headers)?).await?;
    respond_unless_known(&headers, &answer)
}

/// The answer to a read, or only that nothing has changed since the caller read before.
pub(super) fn respond_unless_known(headers: &HeaderMap, answer: &InvoiceAnswer) -> Answer {
    if let Body::Invoice(invoice) = &answer.body
        && has_already(headers, &invoice.etag())?
    {
        let tag = [(header::ETAG, invoice.etag().to_string())];
        return Ok((StatusCode::NOT_MODIFIED, answered_by(answer.from), tag).into_response());
    }
    Ok(respond(StatusCode::OK, answer))
}

pub(super) async fn put(
    State(gateway): State<Gateway>,
    path: Result<Path<(i64, i64)>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Draft>, JsonRejection>,
) -> Answer {
    let Path((customer, invoice)) = path?;
    let put = Call::Put(invoice, draft(body)?, if_match(&headers)?);
    Ok(respond(StatusCode::OK, &gateway.write(customer, put).await?))
}

pub(super) async fn delete(
    State(gateway): State<Gateway>,
    path: Result<Path<(i64, i64)>, PathRejection>,
    headers: HeaderMap,
) -> Answer {
    let Path((customer, invoice)) = path?;
    let delete = Call::Delete(invoice, if_match(&headers)?);
    Ok(respond(StatusCode::OK, &gateway.write(customer, delete).await?))
}

fn draft(body: Result<Json<Draft>, JsonRejection>) -> Result<Draft, Problem> {
    let Json(draft) = body?;
    Ok(draft.checked()?)
}
