//! The admin API as an operator's script uses it: the demo moves crossfade, and learns how it goes, by HTTP alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use axum::body::Bytes;
use axum::http::{Method, Request, StatusCode, header};
use crossfade::route::{RoutingConfig, Stage};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::mover::{Cohort, FillProgress, Statistics, Status};

/// Who asks, as the audit log has it.
const BY: &str = "billing_gateway";
/// Longer than a stage move holds writes.
const CALL_MAX: Duration = Duration::from_secs(30);
/// How often it is asked how far the fill is.
const FILL_EVERY: Duration = Duration::from_millis(50);

/// Calls one server.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    http: HyperClient<HttpConnector, Full<Bytes>>,
    base: String,
}

impl Caller {
    pub(crate) fn new(base: String) -> Self {
        Self { http: HyperClient::builder(TokioExecutor::new()).build_http(), base }
    }

    pub(crate) async fn get(&self, path: &str) -> Result<String> {
        self.call(Method::GET, path, "text/plain", String::new()).await
    }

    /// The body of the answer. One that is no success is an error, which names the call, the status and the body.
    async fn call(&self, method: Method, path: &str, media_type: &str, body: String) -> Result<String> {
        let name = format!("{method} {}{path}", self.base);
        let answer = timeout(CALL_MAX, self.send(method, path, media_type, body)).await;
        let answer = answer.with_context(|| format!("{name}: no answer within {CALL_MAX:?}"))?;
        let (status, body) = answer.with_context(|| name.clone())?;
        ensure!(status.is_success(), "{name}: {status}: {body}");
        Ok(body)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        media_type: &str,
        body: String,
    ) -> Result<(StatusCode, String)> {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        let request = request.header(header::CONTENT_TYPE, media_type).body(Full::from(body))?;
        let (parts, body) = self.http.request(request).await?.into_parts();
        Ok((parts.status, String::from_utf8(body.collect().await?.to_bytes().into())?))
    }
}

/// The admin API of one migration.
#[derive(Clone, Debug)]
pub(crate) struct AdminClient {
    caller: Caller,
    /// Changes that were asked for and made.
    changes: Arc<AtomicU64>,
}

/// As much of the status as the demo needs.
#[derive(Debug, Deserialize)]
struct Shown {
    marks: u64,
    stats: ShownStats,
    fill: ShownFill,
    journal: ShownJournal,
}

#[derive(Debug, Deserialize)]
struct ShownStats {
    marks: u64,
    keys_copied: u64,
    writes_in_flight: u64,
    fallbacks_on_error: u64,
    fallbacks_on_missing: u64,
    fallbacks_on_inconsistent: u64,
    mismatches_missing_in_target: u64,
    mismatches_missing_in_legacy: u64,
    mismatches_value: u64,
    mismatches_transient: u64,
}

#[derive(Debug, Deserialize)]
struct ShownFill {
    running: bool,
    ended: Option<String>,
}

/// Nothing but the error while the journal does not answer.
#[derive(Debug, Deserialize)]
struct ShownJournal {
    error: Option<String>,
    fill: Option<ShownCopied>,
    certificate: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct ShownCopied {
    copied: u64,
}

/// What the journal says in the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    /// Changes that were asked for over the API, and lines that the audit log has of them.
    pub(crate) changes: u64,
    pub(crate) audited: u64,
    pub(crate) dead_letters: u64,
    /// The newest mismatches.
    pub(crate) mismatches: Vec<String>,
}

impl AdminClient {
    pub(crate) fn new(base: String) -> Self {
        Self { caller: Caller::new(base), changes: Arc::default() }
    }

    /// Returns when the move is committed.
    pub(crate) async fn move_to(&self, stage: Stage) -> Result<()> {
        let asked = json!({ "stage": stage.as_str(), "by": BY, "reason": "the demo walks on" });
        self.change(Method::POST, "/admin/stage", "application/json", asked.to_string()).await
    }

    /// Puts the same config in force with another cohort.
    pub(crate) async fn set_cohort(&self, config: &str, cohort: &Cohort) -> Result<()> {
        let mut config = RoutingConfig::from_toml(config)?;
        cohort.choose(&mut config)?;
        let mut config = serde_json::to_value(config)?;
        if let Some(settings) = config.as_object_mut() {
            settings.remove("stage"); // it moves none
        }
        let path = format!("/admin/routing?by={BY}&reason=the+demo+chooses+the+cohort");
        self.change(Method::PUT, &path, "application/json", config.to_string()).await
    }

    /// Copies everything that legacy has; returns when the target may be read.
    pub(crate) async fn fill(&self, mut progress: impl FnMut(FillProgress) + Send) -> Result<()> {
        let asked = json!({ "by": BY, "reason": "the demo fills the target" });
        self.change(Method::POST, "/admin/fill/start", "application/json", asked.to_string()).await?;
        loop {
            sleep(FILL_EVERY).await;
            let Shown { fill, journal, .. } = self.shown().await?;
            let copied = journal.fill.map_or(0, |fill| fill.copied);
            match fill.ended {
                _ if fill.running || journal.error.is_some() => {
                    progress(FillProgress { copied, done: false });
                }
                _ if journal.certificate.is_some() => break progress(FillProgress { copied, done: true }),
                ended => bail!("the fill ended without a certificate: {}", ended.unwrap_or_default()),
            }
        }
        Ok(())
    }

    pub(crate) async fn status(&self) -> Result<Status> {
        let Shown { marks, stats, .. } = self.shown().await?;
        let statistics = Statistics {
            marks: stats.marks,
            copies: stats.keys_copied,
            fallbacks: stats.fallbacks_on_error
                + stats.fallbacks_on_missing
                + stats.fallbacks_on_inconsistent,
            mismatches_confirmed: stats.mismatches_missing_in_target
                + stats.mismatches_missing_in_legacy
                + stats.mismatches_value,
            mismatches_transient: stats.mismatches_transient,
        };
        Ok(Status { marks_left: marks + stats.writes_in_flight, statistics })
    }

    /// What the journal and the mismatches say of the run.
    pub(crate) async fn account(&self) -> Result<Account> {
        let journal = self.get("/admin/journal?audit=1000").await?;
        let mismatches = self.get("/admin/mismatches").await?;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let audit = list(&journal["audit"]);
        Ok(Account {
            changes: self.changes.load(Ordering::Relaxed),
            audited: audit.iter().filter(|line| line["who"] == BY).count() as u64,
            dead_letters: list(&journal["dead_letters"]).len() as u64,
            mismatches: list(&mismatches["mismatches"]).iter().map(Value::to_string).collect(),
        })
    }

    async fn change(&self, method: Method, path: &str, media_type: &str, body: String) -> Result<()> {
        self.caller.call(method, path, media_type, body).await?;
        self.changes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn shown(&self) -> Result<Shown> {
        Ok(serde_json::from_value(self.get("/admin/status").await?)?)
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let body = self.caller.get(path).await?;
        serde_json::from_str(&body).with_context(|| format!("GET {path}: {body}"))
    }
}

#[cfg(test)]
#[path = "admin_client_tests.rs"]
mod tests;
