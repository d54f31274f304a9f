//! `POST /admin/stage`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::json;

use super::api::Api;
use super::ask::{Ask, json as json_body, nobody_named};
use super::problem::{Answer, Kind, Problem};
use crate::journal::JournalError;
use crate::route::{RoutingHandle, Stage, SwapError};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveAsk {
    stage: Stage,
    #[serde(default = "nobody_named")]
    by: String,
    reason: String,
    #[serde(default)]
    force: bool,
}

/// Answers when the move is committed. It goes on when its caller goes away.
pub(super) async fn move_stage(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Problem> {
    let MoveAsk { stage, by, reason, force } = json_body(&headers, &body)?;
    let asked = Ask { by, reason }.asked()?;
    let from = api.routing.stage();
    let asked = if force { asked.with_force() } else { asked };
    let moved = api.routing.move_to(stage, asked).await;
    moved.map(drop).map_err(|refused| problem(refused, api.routing))?;
    Ok(Answer(json!({ "from": from, "stage": stage, "epoch": api.routing.0.epoch() })))
}

/// What a refused move is to its caller, and what to do about it.
pub(super) fn problem(refused: SwapError, routing: RoutingHandle) -> Problem {
    let detail = refused.to_string();
    match refused {
        SwapError::Illegal { from, .. } => Problem::new(Kind::ILLEGAL_MOVE, detail)
            .with("stage", from.as_str())
            .with("legal_moves", from.legal_moves().map(Stage::as_str).collect::<Vec<_>>()),
        SwapError::NoCertificate { .. } => Problem::new(Kind::NO_CERTIFICATE, detail)
            .with("do", "POST /admin/fill/start, and wait until /admin/status shows a certificate"),
        SwapError::DeadLetters { letters, .. } => Problem::new(Kind::DEAD_LETTERS, detail)
            .with("dead_letters", letters)
            .with("do", "see GET /admin/journal, mend what it shows, then POST /admin/dead-letters/retry"),
        SwapError::NoTargetWrites { .. } => Problem::new(Kind::NO_TARGET_WRITES, detail)
            .with("do", "deploy a build that can write to the target, then ask again"),
        SwapError::NoReason { .. } => Problem::new(Kind::BAD_REQUEST, detail).with("path", "reason"),
        SwapError::Config(_) => Problem::new(Kind::BAD_CONFIG, detail),
        // A mark of an unknown write waits that long before it may be repaired.
        SwapError::HoldRanOut { .. } => {
            Problem::new(Kind::HOLD_RAN_OUT, detail).retry_after(routing.config().late_bound.longest())
        }
        SwapError::Ids { .. } => Problem::new(Kind::IDS_NOT_HANDED_OVER, detail).retry_after(SOON),
        SwapError::Panicked => Problem::new(Kind::PANICKED, detail),
        SwapError::Journal(error) => unavailable(&error),
        SwapError::Closed => Problem::new(Kind::CLOSED, detail),
    }
}

/// When something may be there again that should never be away for long.
const SOON: Duration = Duration::from_secs(5);

pub(super) fn unavailable(error: &JournalError) -> Problem {
    let kind = if matches!(error, JournalError::Closed) { Kind::CLOSED } else { Kind::JOURNAL };
    Problem::new(kind, error.to_string()).retry_after(SOON)
}
