//! Closing many invoices at once.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};

use super::answer::Answer;
use super::gateway::Gateway;
use super::list::respond_list;
use crate::domain::Closing;
use crate::request::Call;

pub(super) async fn close(
    State(gateway): State<Gateway>,
    path: Result<Path<i64>, PathRejection>,
    body: Result<Json<Closing>, JsonRejection>,
) -> Answer {
    let (Path(customer), Json(closing)) = (path?, body?);
    let invoices = closing.checked()?;
    respond_list(&gateway.write(customer, Call::Close(invoices)).await?, None)
}
