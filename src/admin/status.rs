//! `GET /admin/status`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::api::Api;
use super::problem::Answer;
use super::view;
use crate::journal::JournalStatus;
use crate::route::Stage;

/// How long the journal may take to say its status; then the rest is shown without.
const STATUS_WAIT: Duration = Duration::from_secs(2);

/// Everything at a glance. What is in memory is shown also when the journal does not answer.
pub(super) async fn status(State(api): State<Arc<Api>>) -> Answer {
    let (routing, core) = (api.routing, api.routing.0);
    let (stage, stats) = (routing.stage(), routing.stats());
    let journal = match timeout(STATUS_WAIT, routing.status()).await {
        Ok(Ok(status)) => Ok(status),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it has not answered for {STATUS_WAIT:?}")),
    };
    Answer(json!({
        "migration": api.migration,
        "version": env!("CARGO_PKG_VERSION"),
        "stage": stage,
        "epoch": core.epoch(),
        "authority": stage.authority(),
        "holding": core.gate.word().held(),
        "moves": moves(stage, journal.as_ref().ok()),
        "marks": routing.journal().marks(),
        "journal": journal.as_ref().map_or_else(|error| json!({ "error": error }), view::journal),
        "fill": api.fill.as_ref().map(super::fill::Desk::shown),
        "config": view::config(&routing.config()),
        "config_file": routing.reloads().map(|reloads| json!({
            "last_successful": reloads.last_successful,
            "last_success": view::time(reloads.last_success),
        })),
        "unaccounted_writes": stats.unaccounted_writes(),
        "stats": stats,
    }))
}

/// The legal moves, and what blocks each as far as the journal knows.
fn moves(stage: Stage, journal: Option<&JournalStatus>) -> Value {
    let moves = stage.legal_moves();
    moves
        .map(|to| {
            json!({
                "to": to,
                "holds_writes": stage.holds_writes(to),
                "blocked": journal.and_then(|status| blocked(stage, to, status)),
            })
        })
        .collect()
}

fn blocked(from: Stage, to: Stage, status: &JournalStatus) -> Option<&'static str> {
    if to > from && to.needs_certificate() && status.certificate.is_none() {
        return Some("no-certificate");
    }
    (from.holds_writes(to) && status.marks.dead > 0).then_some("dead-letters")
}
