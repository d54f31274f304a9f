//! One client: sends a job over HTTP and notes in the ledger what it was told.

use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::Bytes;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use tokio::time::Instant;

use crate::domain::Draft;
use crate::http::ANSWERED_BY;
use crate::ledger::{Key, Ledger, Write};
use crate::load::Job;
use crate::noting::{note_get, note_list, note_write};

/// Longer than the service's own limit: to meet it is a mistake of the service.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(10);
const LIST_LIMIT: u32 = 50;

/// How a request ended, for the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Fine,
    /// 503: faults do that.
    Unavailable,
    /// Anything that the service should never answer.
    Broken,
}

/// What a request was and how it ended.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) ended: Ended,
    /// A read that was answered; and whether it was the target that did so.
    pub(crate) read: Option<bool>,
    pub(crate) created: Option<Key>,
    /// Of an unavailable one: the service said that surely nothing was changed.
    pub(crate) surely_not: bool,
    /// Of a broken one: what came.
    pub(crate) complaint: Option<String>,
}

/// A client with a connection of its own: HTTP/2, so that many requests can wait on one connection.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: HyperClient<HttpConnector, Full<Bytes>>,
    base: String,
}

#[derive(Deserialize)]
struct SeenProblem {
    outcome: Option<String>,
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) from_target: bool,
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) fn new(base: String) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { http: HyperClient::builder(TokioExecutor::new()).http2_only(true).build(connector), base }
    }

    /// Runs the job and notes what came of it. `began` is when the run began.
    pub(crate) async fn run(&self, job: Job, ledger: &Ledger, began: Instant) -> Done {
        let start = began.elapsed();
        let reply = tokio::time::timeout(CLIENT_TIMEOUT, self.send(&job)).await;
        let reply = reply.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {CLIENT_TIMEOUT:?}")));
        let end = began.elapsed();
        match job {
            Job::Get(key) => note_get(ledger, key, start, end, reply),
            Job::List(customer) => note_list(ledger, customer, start, end, reply),
            Job::Create(customer, _, version) => {
                let write = Write::begun(customer, None, Some(version), start, end);
                note_write(ledger, Write { creates: true, ..write }, reply)
            }
            Job::Put(key, _, version) => {
                note_write(ledger, Write::begun(key.0, Some(key.1), Some(version), start, end), reply)
            }
            Job::Delete(key) => note_write(ledger, Write::begun(key.0, Some(key.1), None, start, end), reply),
        }
    }

    async fn send(&self, job: &Job) -> Result<Reply> {
        let (method, path, draft) = match job {
            Job::Create(customer, draft, _) => (Method::POST, format!("/{customer}/invoices"), Some(draft)),
            Job::Put(key, draft, _) => (Method::PUT, format!("/{}/invoices/{}", key.0, key.1), Some(draft)),
            Job::Delete(key) => (Method::DELETE, format!("/{}/invoices/{}", key.0, key.1), None),
            Job::Get(key) => (Method::GET, format!("/{}/invoices/{}", key.0, key.1), None),
            Job::List(customer) => (Method::GET, format!("/{customer}/invoices?limit={LIST_LIMIT}"), None),
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/customers{path}", self.base))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(draft.map(to_body).transpose()?.unwrap_or_default()))?;
        let response = self.http.request(request).await.context("the connection failed")?;
        let from_target = response.headers().get(ANSWERED_BY).is_some_and(|store| store == "target");
        let status = response.status();
        Ok(Reply { status, from_target, body: response.into_body().collect().await?.to_bytes() })
    }
}

/// The reply when it is an answer; how the request ended when it is not.
pub(crate) fn settled(reply: Result<Reply>) -> Result<Reply, Done> {
    let reply = reply.map_err(|error| Done::broken(format!("{error:#}")))?;
    match reply.status {
        StatusCode::OK | StatusCode::CREATED | StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(reply),
        StatusCode::SERVICE_UNAVAILABLE => {
            let problem = serde_json::from_slice::<SeenProblem>(&reply.body);
            let surely_not = problem.is_ok_and(|problem| problem.outcome.as_deref() == Some("rejected"));
            Err(Done { ended: Ended::Unavailable, surely_not, ..Done::fine() })
        }
        status => Err(Done::broken(format!("{status}: {}", String::from_utf8_lossy(&reply.body)))),
    }
}

fn to_body(draft: &Draft) -> Result<Bytes> {
    Ok(serde_json::to_vec(draft)?.into())
}

impl Done {
    pub(crate) fn fine() -> Self {
        Self { ended: Ended::Fine, read: None, created: None, complaint: None, surely_not: false }
    }

    pub(crate) fn broken(complaint: String) -> Self {
        Self { ended: Ended::Broken, complaint: Some(complaint), ..Self::fine() }
    }
}
