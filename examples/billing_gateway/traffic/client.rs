//! One client: sends a job over HTTP, again if that is safe, and has noted what it was told.

use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::Bytes;
use axum::http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use tokio::time::Instant;

use super::ask::Ask;
use super::done::{Done, Trouble};
use super::job::Job;
use super::named;
use super::noting;
use super::reply::Reply;
use crate::http::ANSWERED_BY;
use crate::ledger::{At, Ledger};
use crossfade::route::Store;

/// Longer than the service's own limit: to meet it is a mistake of the service.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(25);
/// How long a client waits before it sends a create again; after the last of these it gives up.
const RETRY_AFTER: [Duration; 5] = [
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
];

/// A client with a connection of its own: HTTP/2, so that many requests can wait on one connection.
#[derive(Clone, Debug)]
pub(super) struct Client {
    http: HyperClient<HttpConnector, Full<Bytes>>,
    base: String,
}

/// One request and its reply, or how it ended without one. Of a request that was sent again: the first start, the last end.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) start: At,
    pub(super) end: At,
    pub(super) reply: Result<Reply, Trouble>,
    /// Answers 503 before this one; and whether one of these left open what became of the request.
    pub(super) unavailable: u64,
    pub(super) unknown_before: bool,
}

impl Client {
    pub(super) fn new(base: String) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { http: HyperClient::builder(TokioExecutor::new()).http2_only(true).build(connector), base }
    }

    /// Runs the job and notes what came of it. `named` is the store that a read is to be answered by; `began` is when
    /// the run began.
    pub(super) async fn run(&self, job: Job, named: Option<Store>, ledger: &Ledger, began: Instant) -> Done {
        let ask = Ask::of(&job).named(named);
        let mut exchange = self.exchange(&ask, began).await;
        if matches!(job, Job::Create { key: Some(_), .. }) {
            for wait in RETRY_AFTER {
                if !matches!(exchange.reply, Err(Trouble::Unavailable { .. })) {
                    break;
                }
                tokio::time::sleep(wait).await;
                exchange = self.exchange(&ask, began).await.after(&exchange);
            }
        }
        let answered = noting::note(ledger, job, &exchange).and_then(|answered| match named {
            Some(store) => named::judged(store, answered),
            None => Ok(answered),
        });
        let last = matches!(answered, Err(Trouble::Unavailable { .. }));
        Done { unavailable: exchange.unavailable + u64::from(last), answered }
    }

    async fn exchange(&self, ask: &Ask, began: Instant) -> Exchange {
        let start = began.elapsed();
        let reply = tokio::time::timeout(CLIENT_TIMEOUT, self.send(ask)).await;
        let reply = reply.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {CLIENT_TIMEOUT:?}")));
        let end = began.elapsed();
        Exchange { start, end, reply: settled(reply), unavailable: 0, unknown_before: false }
    }

    async fn send(&self, ask: &Ask) -> Result<Reply> {
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(format!("{}{}", self.base, ask.path))
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::from(ask.body.clone()))?;
        let response = self.http.request(request).await.context("the connection failed")?;
        let (parts, body) = response.into_parts();
        Ok(Reply {
            status: parts.status,
            answered_by: parts.headers.get(ANSWERED_BY).and_then(store_named),
            etag: parts.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned),
            body: body.collect().await?.to_bytes(),
        })
    }
}

impl Exchange {
    /// This one, which was sent because that one was not answered.
    fn after(self, earlier: &Self) -> Self {
        let unknown = !matches!(earlier.reply, Err(Trouble::Unavailable { surely_not: true }));
        Self {
            start: earlier.start,
            unavailable: earlier.unavailable + 1,
            unknown_before: earlier.unknown_before || unknown,
            ..self
        }
    }
}

/// The store that a header names.
fn store_named(value: &HeaderValue) -> Option<Store> {
    [Store::Legacy, Store::Target].into_iter().find(|store| value == store.as_str())
}

#[derive(Deserialize)]
struct SeenProblem {
    outcome: Option<String>,
}

/// The reply when it is an answer; how the request ended when it is not.
fn settled(reply: Result<Reply>) -> Result<Reply, Trouble> {
    let reply = reply.map_err(|error| Trouble::Broken(format!("{error:#}")))?;
    if reply.status != StatusCode::SERVICE_UNAVAILABLE {
        return Ok(reply);
    }
    let problem = serde_json::from_slice::<SeenProblem>(&reply.body);
    let surely_not = problem.is_ok_and(|problem| problem.outcome.as_deref() == Some("rejected"));
    Err(Trouble::Unavailable { surely_not })
}
