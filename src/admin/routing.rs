//! `PUT /admin/routing`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use serde_json::json;

use super::api::Api;
use super::ask::{Ask, media_type};
use super::problem::{Answer, Kind, Problem};
use super::stage::problem;
use super::view;
use crate::route::{Language, RoutingConfig, Stage, read_config};

/// Puts another config in force. Who asks and why are in the query, since the body is the config.
pub(super) async fn put_routing(
    State(api): State<Arc<Api>>,
    ask: Result<Query<Ask>, QueryRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Problem> {
    let who = |error: QueryRejection| {
        Problem::new(Kind::BAD_REQUEST, format!("add `?reason=...&by=...`: {}", error.body_text()))
    };
    let asked = ask.map_err(who)?.0.asked()?;
    let config = config(&headers, &body, api.routing.stage())?;
    let put = api.routing.configure(config, asked).await;
    put.map(drop).map_err(|refused| problem(refused, api.routing))?;
    let in_force = api.routing.config();
    Ok(Answer(json!({ "stage": in_force.stage, "config": view::config(&in_force) })))
}

/// The config in the body. It may name the committed stage, or none.
fn config(headers: &HeaderMap, body: &Bytes, committed: Stage) -> Result<RoutingConfig, Problem> {
    let language = match media_type(headers) {
        Some("application/toml") => Language::Toml,
        Some("application/json") => Language::Json,
        _ => {
            let right = "send the config with `Content-Type: application/toml` or `application/json`";
            return Err(Problem::new(Kind::NO_SUCH_TYPE, right));
        }
    };
    let text = std::str::from_utf8(body)
        .map_err(|error| Problem::new(Kind::BAD_CONFIG, error.to_string()).with("path", ""))?;
    let written = read_config(text, language)
        .map_err(|bad| Problem::new(Kind::BAD_CONFIG, bad.reason).with("path", bad.path))?;
    if written.names_stage && written.config.stage != committed {
        let detail = format!(
            "the config names {}, committed is {committed}: leave the stage out, or move it by POST /admin/stage",
            written.config.stage
        );
        return Err(Problem::new(Kind::STAGE_DIFFERS, detail).with("stage", committed.as_str()));
    }
    Ok(written.config)
}
