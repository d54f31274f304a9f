//! The invoices of a customer, page by page.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Shown, answered_by, name, unexpected};
use super::gateway::Gateway;
use super::problem::Problem;
use crate::request::{Body, Call, InvoiceAnswer};
use crossfade::route::Store;

const PAGE_DEFAULT: u32 = 20;
const PAGE_MAX: u32 = 100;

#[derive(Deserialize)]
pub(super) struct ListQuery {
    limit: Option<u32>,
    page: Option<String>,
}

#[derive(Serialize)]
struct InvoiceList<'a> {
    invoices: Vec<Shown<'a>>,
    /// Give it as `page` to get the invoices that follow. None: there are no more.
    next: Option<String>,
}

pub(super) async fn list(
    State(gateway): State<Gateway>,
    path: Result<Path<i64>, PathRejection>,
    query: Result<Query<ListQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Answer {
    let (Path(customer), Query(query)) = (path?, query?);
    let limit = query.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, format!("limit must be 1 to {PAGE_MAX}")));
    }
    let (store, after) = match query.page.as_deref().map(parse_page) {
        None => (gateway.store_of_read(&headers)?, 0),
        Some(Some((store, after))) => (Some(store), after),
        Some(None) => {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "page is not what a list gave as next"));
        }
    };
    // One more than asked for shows whether there is a next page.
    let mut answer = gateway.call(customer, Call::List { after, limit: limit + 1 }, store).await?;
    let mut next = None;
    if let Body::List(invoices) = &mut answer.body
        && invoices.len() > limit as usize
    {
        invoices.truncate(limit as usize);
        next = invoices.last().map(|last| format!("{}-{}", name(answer.from), last.id));
    }
    respond_list(&answer, next)
}

/// Invoices, and where to go on.
pub(super) fn respond_list(answer: &InvoiceAnswer, next: Option<String>) -> Answer {
    let Body::List(invoices) = &answer.body else {
        return Err(unexpected());
    };
    let invoices = invoices.iter().map(Shown::from).collect();
    Ok((answered_by(answer.from), Json(InvoiceList { invoices, next })).into_response())
}

/// A page token names the store that it came from: a walk stays with one store.
fn parse_page(token: &str) -> Option<(Store, i64)> {
    let (store, after) = token.split_once('-')?;
    let store = [Store::Legacy, Store::Target].into_iter().find(|&known| name(known) == store)?;
    Some((store, after.parse().ok()?))
}
