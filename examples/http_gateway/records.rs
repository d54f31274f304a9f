//! A `RecordStore` made of GET, PUT and DELETE: all that copies need of a service.

use axum::http::{Method, StatusCode};
use crossfade::data::{DataSet, Outcome, Page, RecordKey, RecordStore, Stamp};
use serde::Deserialize;

use crate::call::HttpError;
use crate::upstream::Upstream;

/// The notes of customers.
#[derive(Debug)]
pub(crate) enum NotesData {}

impl DataSet for NotesData {
    type Group = i64;
    type Item = i64;
    type Record = String;

    fn same(a: &String, b: &String) -> bool {
        a == b
    }
}

/// A note as both services show it. What else they show is theirs.
#[derive(Debug, Deserialize)]
struct Shown {
    customer: i64,
    note: i64,
    text: String,
}

type Key = RecordKey<NotesData>;

/// A service has no column for a stamp, so copies to it are read again, and reads of a key stay away from the new service
/// while a copy of it runs.
impl RecordStore for Upstream {
    type Data = NotesData;
    type Error = HttpError;
    const KEEPS_STAMPS: bool = false;

    async fn read(&self, key: &Key, now: Stamp) -> Result<(Stamp, Option<String>), HttpError> {
        let answer = self.ask(Method::GET, &path(key), "").await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok((now, None)),
            StatusCode::OK => Ok((now, Some(shown::<Shown>(&answer.body)?.text))),
            _ => Err(HttpError::Failed(answer.into())),
        }
    }

    async fn replace(&self, key: &Key, record: Option<&String>, _: Stamp) -> Result<(), HttpError> {
        let answer = match record {
            Some(text) => {
                let body = serde_json::json!({ "text": text }).to_string();
                self.ask(Method::PUT, &path(key), &body).await?
            }
            None => self.ask(Method::DELETE, &path(key), "").await?,
        };
        let done = answer.status.is_success() || (record.is_none() && answer.status == StatusCode::NOT_FOUND);
        if done { Ok(()) } else { Err(HttpError::Failed(answer.into())) }
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&Key>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<NotesData>, HttpError> {
        let of = group.map_or_else(|| "/notes".to_owned(), |customer| format!("/customers/{customer}/notes"));
        let after = after.map_or_else(String::new, |key| format!("&after={}/{}", key.group, key.item));
        let answer = self.ask(Method::GET, &format!("{of}?limit={limit}{after}"), "").await?;
        if answer.status != StatusCode::OK {
            return Err(HttpError::Failed(answer.into()));
        }
        let notes: Vec<Shown> = shown(&answer.body)?;
        let records = notes.into_iter().map(|note| ((note.customer, note.note).into(), note.text));
        Ok(Page { stamp: now, records: records.collect() })
    }

    fn outcome(error: &HttpError) -> Outcome {
        error.outcome()
    }
}

fn path(key: &Key) -> String {
    format!("/customers/{}/notes/{}", key.group, key.item)
}

fn shown<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, HttpError> {
    serde_json::from_slice(body).map_err(|error| HttpError::NoAnswer {
        service: "the service".into(),
        reason: format!("its answer is no note: {error}"),
    })
}
