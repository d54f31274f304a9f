//! Payments of an invoice.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::answer::{Answer, respond};
use super::gateway::Gateway;
use crate::domain::Payment;
use crate::request::Call;

pub(super) async fn pay(
    State(gateway): State<Gateway>,
    path: Result<Path<(i64, i64)>, PathRejection>,
    body: Result<Json<Payment>, JsonRejection>,
) -> Answer {
    let (Path((customer, invoice)), Json(payment)) = (path?, body?);
    let amount = payment.checked()?;
    Ok(respond(StatusCode::OK, &gateway.write(customer, Call::Pay(invoice, amount)).await?))
}
