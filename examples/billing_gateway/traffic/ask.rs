//! One job as an HTTP request.

use axum::body::Bytes;
use axum::http::{HeaderName, Method, header};
use serde::Serialize;
use serde_json::json;

use super::job::{Job, Tagged};
use crate::domain::Draft;
use crate::http::{CROSSFADE_READ, IDEMPOTENCY_KEY};
use crate::ledger::Key;
use crossfade::route::Store;

const LIST_LIMIT: u32 = 50;

/// A request that can be sent, more than once if need be.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) body: Bytes,
}

impl Ask {
    pub(super) fn of(job: &Job) -> Self {
        match job {
            Job::Create { customer, draft, key, .. } => {
                let create = Self::new(Method::POST, format!("/customers/{customer}/invoices"));
                create.body(draft).header(key.as_ref().map(|key| (IDEMPOTENCY_KEY, key.clone())))
            }
            Job::Put { key, draft, seen, .. } => Self::put(*key, draft, seen.as_ref()),
            Job::Delete { key, seen } => {
                Self::new(Method::DELETE, place(*key)).header(tag(header::IF_MATCH, seen.as_ref()))
            }
            Job::Pay { key, cents } => {
                let amount = format!("{}.{:02}", cents / 100, cents % 100);
                let path = format!("{}/payments", place(*key));
                Self::new(Method::POST, path).body(&json!({ "amount": amount }))
            }
            Job::Close { customer, invoices } => {
                let path = format!("/customers/{customer}/invoices/close");
                Self::new(Method::POST, path).body(&json!({ "invoices": invoices }))
            }
            Job::Get { key, seen } => {
                Self::new(Method::GET, place(*key)).header(tag(header::IF_NONE_MATCH, seen.as_ref()))
            }
            Job::Find { number, .. } => Self::new(Method::GET, format!("/invoices?number={number}")),
            Job::List(customer) => {
                Self::new(Method::GET, format!("/customers/{customer}/invoices?limit={LIST_LIMIT}"))
            }
        }
    }

    /// A read that is to be answered by this store.
    pub(super) fn named(self, store: Option<Store>) -> Self {
        self.header(store.map(|store| (CROSSFADE_READ, store.as_str().to_owned())))
    }

    fn put(key: Key, draft: &Draft, seen: Option<&Tagged>) -> Self {
        Self::new(Method::PUT, place(key)).body(draft).header(tag(header::IF_MATCH, seen))
    }

    fn new(method: Method, path: String) -> Self {
        Self { method, path, headers: Vec::new(), body: Bytes::new() }
    }

    fn body(self, body: &impl Serialize) -> Self {
        // A body that could not be written would be empty, and its answer a complaint.
        Self { body: serde_json::to_vec(body).unwrap_or_default().into(), ..self }
    }

    fn header(mut self, header: Option<(HeaderName, String)>) -> Self {
        self.headers.extend(header);
        self
    }
}

fn place(key: Key) -> String {
    format!("/customers/{}/invoices/{}", key.0, key.1)
}

fn tag(name: HeaderName, seen: Option<&Tagged>) -> Option<(HeaderName, String)> {
    seen.map(|seen| (name, seen.etag.clone()))
}
