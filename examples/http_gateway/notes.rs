//! A service of notes in memory: GET, PUT and DELETE. It knows nothing of a migration.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

type Table = BTreeMap<(i64, i64), String>;

/// The service. A clone has the same notes.
#[derive(Clone, Debug)]
pub(crate) struct Notes {
    name: &'static str,
    table: Arc<Mutex<Table>>,
    /// What it answers in place of its work, after it was done: for tests.
    fails: Arc<Mutex<Option<StatusCode>>>,
    /// The headers of the newest request.
    seen: Arc<Mutex<HeaderMap>>,
}

#[derive(Debug, Serialize)]
struct Note {
    customer: i64,
    note: i64,
    text: String,
    served_by: &'static str,
}

#[derive(Debug, Deserialize)]
struct Body {
    text: String,
}

#[derive(Debug, Deserialize)]
struct Page {
    limit: Option<usize>,
    /// `customer/note`
    after: Option<String>,
}

impl Notes {
    pub(crate) fn of(name: &'static str) -> Self {
        Self { name, table: Arc::default(), fails: Arc::default(), seen: Arc::default() }
    }

    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/customers/{customer}/notes/{note}", get(read).put(put).delete(delete))
            .route("/customers/{customer}/notes", get(list))
            .route("/notes", get(walk))
            .with_state(self)
    }

    pub(crate) fn len(&self) -> usize {
        self.table().len()
    }

    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(crate) fn fail_with(&self, status: Option<StatusCode>) {
        *self.fails.lock().unwrap() = status;
    }

    #[cfg(test)]
    pub(crate) fn seen(&self) -> HeaderMap {
        self.seen.lock().unwrap().clone()
    }

    fn answer(&self, headers: HeaderMap, answer: impl IntoResponse) -> Response {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = headers;
        let fails = *self.fails.lock().unwrap_or_else(PoisonError::into_inner);
        fails.map_or_else(|| answer.into_response(), IntoResponse::into_response)
    }

    fn page(&self, from: (i64, i64), to: i64, page: &Page) -> Vec<Note> {
        let after = page.after.as_deref().and_then(|after| {
            let (customer, note) = after.split_once('/')?;
            Some((customer.parse().ok()?, note.parse().ok()?))
        });
        let begin = after.map_or(Bound::Included(from), Bound::Excluded);
        let notes = self.table();
        let rows = notes.range((begin, Bound::Included((to, i64::MAX))));
        rows.take(page.limit.unwrap_or(100)).map(|(key, text)| self.note(*key, text)).collect()
    }

    fn note(&self, (customer, note): (i64, i64), text: &str) -> Note {
        Note { customer, note, text: text.to_owned(), served_by: self.name }
    }
}

type At = Path<(i64, i64)>;

async fn read(State(notes): State<Notes>, Path(key): At, headers: HeaderMap) -> Response {
    let found = notes.table().get(&key).map(|text| Json(notes.note(key, text)));
    notes.answer(headers, found.ok_or(StatusCode::NOT_FOUND))
}

async fn put(
    State(notes): State<Notes>,
    Path(key): At,
    headers: HeaderMap,
    Json(body): Json<Body>,
) -> Response {
    if body.text.is_empty() {
        return notes.answer(headers, (StatusCode::UNPROCESSABLE_ENTITY, "a note says something\n"));
    }
    let note = notes.note(key, &body.text);
    notes.table().insert(key, body.text);
    notes.answer(headers, Json(note))
}

async fn delete(State(notes): State<Notes>, Path(key): At, headers: HeaderMap) -> Response {
    let removed = notes.table().remove(&key).is_some();
    notes.answer(headers, if removed { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND })
}

async fn list(
    State(notes): State<Notes>,
    Path(customer): Path<i64>,
    Query(page): Query<Page>,
    headers: HeaderMap,
) -> Response {
    notes.answer(headers, Json(notes.page((customer, i64::MIN), customer, &page)))
}

async fn walk(State(notes): State<Notes>, Query(page): Query<Page>, headers: HeaderMap) -> Response {
    notes.answer(headers, Json(notes.page((i64::MIN, i64::MIN), i64::MAX, &page)))
}
