//! The handlers.

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use crossfade::data::{Group, Key};
use crossfade::journal::Journal;

use super::error::Error;
use super::invoices;
use crate::domain::{Invoice, Line};
use crate::migration::{Invoices, target};

type Answer<T> = Result<Json<T>, Error>;

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) invoices: Invoices,
    pub(crate) journal: &'static Journal,
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
    let (of, on_target) = (Group::new(&customer), move |target| target::list(target, customer));
    Ok(Json(app.invoices.read("list", of, move |pool| invoices::list(pool, customer), on_target).await?))
}

async fn find(State(app): State<App>, Path((customer, id)): Path<(i64, i64)>) -> Answer<Invoice> {
    let (key, on_target) = (Key::new(&customer, &id), move |target| target::find(target, customer, id));
    let find = app.invoices.get("find", key, move |pool| invoices::find(pool, customer, id), on_target);
    let invoice = find.await?;
    invoice.map(Json).ok_or(Error::NotFound)
}

async fn create(
    State(app): State<App>,
    Path(customer): Path<i64>,
    Json(lines): Json<Vec<Line>>,
) -> Answer<i64> {
    let (group, key) = (Group::new(&customer), move |id: &i64| Key::new(&customer, id));
    let create = move |pool, mark| invoices::create(pool, (app.journal, mark), customer, lines);
    Ok(Json(app.invoices.create_legacy_in_transaction("create", group, create, key).await?))
}

async fn add_line(
    State(app): State<App>,
    Path((customer, id)): Path<(i64, i64)>,
    Json(line): Json<Line>,
) -> Answer<i64> {
    let add_line = move |pool, mark| invoices::add_line(pool, (app.journal, mark), customer, id, line);
    let key = Key::new(&customer, &id);
    Ok(Json(app.invoices.write_legacy_in_transaction("add_line", key, add_line).await?))
}

async fn pay(State(app): State<App>, Path((customer, id)): Path<(i64, i64)>) -> Answer<bool> {
    let (key, pay) = (Key::new(&customer, &id), move |pool| invoices::pay(pool, customer, id));
    Ok(Json(app.invoices.write_legacy("pay", key, pay).await?))
}

async fn delete(State(app): State<App>, Path((customer, id)): Path<(i64, i64)>) -> Answer<bool> {
    let delete = move |pool, mark| invoices::delete(pool, (app.journal, mark), customer, id);
    let key = Key::new(&customer, &id);
    Ok(Json(app.invoices.write_legacy_in_transaction("delete", key, delete).await?))
}
