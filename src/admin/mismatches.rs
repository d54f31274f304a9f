//! `GET /admin/mismatches`.

use std::sync::Arc;

use axum::extract::State;
use serde_json::{Value, json};

use super::api::Api;
use super::problem::{Answer, Kind, Problem};
use super::view;
use crate::mismatch_metrics::Sample;

/// The newest mismatches, newest first, as the ring keeps them: scopes hashed, values only if the comparison was told
/// to show them.
pub(super) async fn mismatches(State(api): State<Arc<Api>>) -> Result<Answer, Problem> {
    let samples = api.samples.as_ref().ok_or_else(|| {
        Problem::new(Kind::NOT_CONNECTED, "the service has not given its samples to `Admin::samples`")
    })?;
    let shown: Value = samples.newest_first().iter().map(shown).collect();
    Ok(Answer(json!({ "mismatches": shown })))
}

fn shown(sample: &Sample) -> Value {
    json!({
        "at": view::time(sample.at),
        "stage": sample.stage,
        "answered": sample.answered,
        "class": sample.class,
        "scope": sample.scope,
        "differences": sample.differences,
    })
}
