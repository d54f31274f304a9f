//! What the stores in memory do, call by call.

mod calls;
mod faults;
mod traffic;

use std::time::Duration;

use tower::ServiceExt;

use super::number::{plain, typed};
use super::*;

const KEY: NumberKey = (1, 2);
const MS: fn(u64) -> Duration = Duration::from_millis;

fn key() -> crate::data::RecordKey<Numbers> {
    typed(KEY)
}

fn put(text: &str) -> Request {
    Request::Put { group: KEY.0, item: KEY.1, record: Number::new(1, text) }
}

const GET: Request = Request::Get { group: KEY.0, item: KEY.1 };

async fn ask<F: Flavour>(store: &MemoryStore<F>, request: Request) -> Result<Answer, StoreError> {
    Ok(store.clone().oneshot(request).await?.answer)
}

fn text<F: Flavour>(store: &MemoryStore<F>) -> Option<String> {
    store.get(KEY).map(|record| record.text)
}
