//! The handlers.

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use sqlx::MySqlPool;

use super::error::Error;
use super::invoices;
use crate::domain::{Invoice, Line};

type Answer<T> = Result<Json<T>, Error>;

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) pool: MySqlPool,
}

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/customers/{customer}/invoices", get(list).post(create))
        .route("/customers/{customer}/invoices/{id}", get(find).delete(delete))
        .route("/customers/{customer}/invoices/{id}/lines", post(add_line))
        .route("/customers/{customer}/invoices/{id}/payment", post(pay))
        .with_state(app)
}

async fn list(State(app): State<App>, Path(customer): Path<i64>) -> Answer<Vec<(i64, Invoice)>> {
    Ok(Json(invoices::list(app.pool, customer).await?))
}

async fn find(State(app): State<App>, Path((customer, id)): Path<(i64, i64)>) -> Answer<Invoice> {
    let invoice = invoices::find(app.pool, customer, id).await?;
    invoice.map(Json).ok_or(Error::NotFound)
}

async fn create(
    State(app): State<App>,
    Path(customer): Path<i64>,
    Json(lines): Json<Vec<Line>>,
) -> Answer<i64> {
    Ok(Json(invoices::create(app.pool, customer, lines).await?))
}

async fn add_line(
    State(app): State<App>,
    Path((customer, id)): Path<(i64, i64)>,
    Json(line): Json<Line>,
) -> Answer<i64> {
    Ok(Json(invoices::add_line(app.pool, customer, id, line).await?))
}

async fn pay(State(app): State<App>, Path((customer, id)): Path<(i64, i64)>) -> Answer<bool> {
    Ok(Json(invoices::pay(app.pool, customer, id).await?))
}

async fn delete(State(app): State<App>, Path((customer, id)): Path<(i64, i64)>) -> Answer<bool> {
    Ok(Json(invoices::delete(app.pool, customer, id).await?))
}
