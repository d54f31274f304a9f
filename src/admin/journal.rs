//! `GET /admin/journal` and `POST /admin/dead-letters/retry`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::api::Api;
use super::ask::{Ask, json as json_body};
use super::problem::{Answer, Kind, Problem};
use super::stage::unavailable;
use super::view;
use crate::journal::JournalError;

/// How many lines of each list are shown unless the query asks for another number.
const LINES: u64 = 100;
/// How many lines of each list are shown at most.
pub const LINES_MAX: u64 = 1_000;
/// How long the journal may take for its answers.
const JOURNAL_WAIT: Duration = Duration::from_secs(10);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Lines {
    dead_letters: u64,
    audit: u64,
}

impl Default for Lines {
    fn default() -> Self {
        Self { dead_letters: LINES, audit: LINES }
    }
}

/// Marks by state, the dead letters that are oldest, the audit lines that are newest.
pub(super) async fn journal(
    State(api): State<Arc<Api>>,
    lines: Result<Query<Lines>, QueryRejection>,
) -> Result<Answer, Problem> {
    let Query(lines) = lines.map_err(|error| Problem::new(Kind::BAD_REQUEST, error.body_text()))?;
    let journal = api.routing.journal();
    let status = answered(journal.status()).await?;
    let letters = answered(journal.dead_letters(lines.dead_letters.min(LINES_MAX))).await?;
    let audit = answered(journal.audit_log(lines.audit.min(LINES_MAX))).await?;
    Ok(Answer(json!({
        "marks": status.marks,
        "dead_letters": letters.iter().map(view::mark).collect::<Value>(),
        "audit": audit.iter().map(view::audit_line).collect::<Value>(),
    })))
}

/// Gives all dead letters to the reconciler again.
pub(super) async fn retry_dead_letters(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Problem> {
    let asked = json_body::<Ask>(&headers, &body)?.asked()?;
    let journal = api.routing.journal();
    let letters = answered(journal.status()).await?.marks.dead;
    // Not cut off: whoever asked knows by the answer that all of them are tried again.
    journal.retry_dead_letters().await.map_err(|error| unavailable(&error))?;
    api.routing.0.audit(asked, format!("retry of {letters} dead letters")).await;
    Ok(Answer(json!({ "retried": letters })))
}

async fn answered<T>(asked: impl Future<Output = Result<T, JournalError>>) -> Result<T, Problem> {
    match timeout(JOURNAL_WAIT, asked).await {
        Ok(answer) => answer.map_err(|error| unavailable(&error)),
        Err(_) => {
            Err(Problem::new(Kind::JOURNAL, format!("the journal has not answered for {JOURNAL_WAIT:?}"))
                .retry_after(JOURNAL_WAIT))
        }
    }
}
