//! What callers say in headers.

use axum::http::{HeaderMap, HeaderName, StatusCode};

use super::answer::name;
use super::problem::Problem;
use crate::domain::{Draft, Idempotency};
use crossfade::route::Store;

/// Names a create, so that it can be sent again.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Names the store that has to answer a read.
pub(crate) const CROSSFADE_READ: HeaderName = HeaderName::from_static("crossfade-read");

/// The store that a read is to be answered by, if the caller names one.
pub(super) fn store_of_read(headers: &HeaderMap) -> Result<Option<Store>, Problem> {
    let Some(value) = headers.get(CROSSFADE_READ) else { return Ok(None) };
    let store = [Store::Legacy, Store::Target].into_iter().find(|&store| value == name(store));
    store.map(Some).ok_or_else(|| {
        Problem::new(StatusCode::BAD_REQUEST, format!("{CROSSFADE_READ} is either legacy or target"))
    })
}

/// The key of a create, if it has one.
pub(super) fn idempotency(headers: &HeaderMap, draft: &Draft) -> Result<Option<Idempotency>, Problem> {
    let bad = |what: &dyn ToString| Problem::new(StatusCode::BAD_REQUEST, what.to_string());
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    if keys.next().is_some() {
        return Err(bad(&"a create has one idempotency key"));
    }
    // Bytes that are no text are no key either.
    let key = key.to_str().unwrap_or_default();
    Idempotency::new(key, draft).map(Some).map_err(|invalid| bad(&invalid))
}
