//! One client: sends a job over HTTP and notes in the ledger what it was told.

use std::collections::BTreeMap;
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
use crate::ledger::{Fate, Key, Ledger, ListLook, Look, Version, Write, token_in};
use crate::load::Job;

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
    surely_not: bool,
    /// Of a broken one: what came.
    pub(crate) complaint: Option<String>,
}

/// A client with a connection of its own: HTTP/2, so that many requests can wait on one connection.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: HyperClient<HttpConnector, Full<Bytes>>,
    base: String,
}

/// As much of an invoice as the ledger needs.
#[derive(Deserialize)]
struct Seen {
    id: i64,
    billing: SeenBilling,
    total: String,
}

#[derive(Deserialize)]
struct SeenBilling {
    address: String,
}

#[derive(Deserialize)]
struct SeenList {
    invoices: Vec<Seen>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct SeenProblem {
    outcome: Option<String>,
}

struct Reply {
    status: StatusCode,
    from_target: bool,
    body: Bytes,
}

impl Client {
    pub(crate) fn new(base: String) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            http: HyperClient::builder(TokioExecutor::new())
                .http2_only(true)
                .build(connector),
            base,
        }
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
                note_write(
                    ledger,
                    Write {
                        creates: true,
                        ..write
                    },
                    reply,
                )
            }
            Job::Put(key, _, version) => note_write(
                ledger,
                Write::begun(key.0, Some(key.1), Some(version), start, end),
                reply,
            ),
            Job::Delete(key) => note_write(ledger, Write::begun(key.0, Some(key.1), None, start, end), reply),
        }
    }

    async fn send(&self, job: &Job) -> Result<Reply> {
        let (method, path, draft) = match job {
            Job::Create(customer, draft, _) => (Method::POST, format!("/{customer}/invoices"), Some(draft)),
            Job::Put(key, draft, _) => (Method::PUT, format!("/{}/invoices/{}", key.0, key.1), Some(draft)),
            Job::Delete(key) => (Method::DELETE, format!("/{}/invoices/{}", key.0, key.1), None),
            Job::Get(key) => (Method::GET, format!("/{}/invoices/{}", key.0, key.1), None),
            Job::List(customer) => (
                Method::GET,
                format!("/{customer}/invoices?limit={LIST_LIMIT}"),
                None,
            ),
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/customers{path}", self.base))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(draft.map(to_body).transpose()?.unwrap_or_default()))?;
        let response = self
            .http
            .request(request)
            .await
            .context("the connection failed")?;
        let from_target = response
            .headers()
            .get(ANSWERED_BY)
            .is_some_and(|store| store == "target");
        let status = response.status();
        Ok(Reply {
            status,
            from_target,
            body: response.into_body().collect().await?.to_bytes(),
        })
    }
}

fn note_get(ledger: &Ledger, key: Key, start: Duration, end: Duration, reply: Result<Reply>) -> Done {
    let reply = match settled(reply) {
        Ok(reply) => reply,
        Err(done) => return done,
    };
    let version = match reply.status {
        StatusCode::NOT_FOUND => None,
        _ => match serde_json::from_slice::<Seen>(&reply.body) {
            Ok(seen) => Some(seen.into_version()),
            Err(error) => return Done::broken(format!("an invoice that cannot be read: {error}")),
        },
    };
    ledger.note_look(Look {
        key,
        version,
        start,
        end,
    });
    Done {
        read: Some(reply.from_target),
        ..Done::fine()
    }
}

fn note_list(ledger: &Ledger, customer: i64, start: Duration, end: Duration, reply: Result<Reply>) -> Done {
    let reply = match settled(reply) {
        Ok(reply) => reply,
        Err(done) => return done,
    };
    let list = match serde_json::from_slice::<SeenList>(&reply.body) {
        Ok(list) => list,
        Err(error) => return Done::broken(format!("a list that cannot be read: {error}")),
    };
    let upto = list.next.and_then(|_| list.invoices.last().map(|last| last.id));
    let versions: BTreeMap<_, _> = list
        .invoices
        .into_iter()
        .map(|seen| (seen.id, seen.into_version()))
        .collect();
    ledger.note_list(ListLook {
        customer,
        after: 0,
        upto,
        versions,
        start,
        end,
    });
    Done {
        read: Some(reply.from_target),
        ..Done::fine()
    }
}

fn note_write(ledger: &Ledger, mut write: Write, reply: Result<Reply>) -> Done {
    let reply = match settled(reply) {
        Ok(reply) => reply,
        Err(done) => {
            write.fate = if done.surely_not {
                Fate::Failed
            } else {
                Fate::Unknown
            };
            ledger.note_write(write);
            return done;
        }
    };
    let mut done = Done::fine();
    if reply.status == StatusCode::NOT_FOUND {
        // Nothing was changed, and the client has seen that there is no such invoice.
        let key = (write.customer, write.invoice.unwrap_or_default());
        ledger.note_look(Look {
            key,
            version: None,
            start: write.start,
            end: write.end,
        });
        write.fate = Fate::Failed;
    } else {
        write.fate = Fate::Acked;
        if write.version.is_some() {
            done = note_written(&mut write, &reply);
        }
    }
    ledger.note_write(write);
    done
}

/// The answer to a create or a put holds what was written.
fn note_written(write: &mut Write, reply: &Reply) -> Done {
    let seen: Seen = match serde_json::from_slice(&reply.body) {
        Ok(seen) => seen,
        Err(error) => return Done::broken(format!("a written invoice that cannot be read: {error}")),
    };
    let id = seen.id;
    let created = write.creates.then_some((write.customer, id));
    write.invoice = Some(id);
    let version = seen.into_version();
    if write.version.as_ref() != Some(&version) {
        return Done::broken(format!(
            "{:?} was written and {version:?} came back",
            write.version
        ));
    }
    Done {
        created,
        ..Done::fine()
    }
}

/// The reply when it is an answer; how the request ended when it is not.
fn settled(reply: Result<Reply>) -> Result<Reply, Done> {
    let reply = reply.map_err(|error| Done::broken(format!("{error:#}")))?;
    match reply.status {
        StatusCode::OK | StatusCode::CREATED | StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(reply),
        StatusCode::SERVICE_UNAVAILABLE => {
            let problem = serde_json::from_slice::<SeenProblem>(&reply.body);
            let surely_not = problem.is_ok_and(|problem| problem.outcome.as_deref() == Some("rejected"));
            Err(Done {
                ended: Ended::Unavailable,
                surely_not,
                ..Done::fine()
            })
        }
        status => Err(Done::broken(format!(
            "{status}: {}",
            String::from_utf8_lossy(&reply.body)
        ))),
    }
}

fn to_body(draft: &Draft) -> Result<Bytes> {
    Ok(serde_json::to_vec(draft)?.into())
}

impl Done {
    fn fine() -> Self {
        Self {
            ended: Ended::Fine,
            read: None,
            created: None,
            complaint: None,
            surely_not: false,
        }
    }

    fn broken(complaint: String) -> Self {
        Self {
            ended: Ended::Broken,
            complaint: Some(complaint),
            ..Self::fine()
        }
    }
}

impl Seen {
    fn into_version(self) -> Version {
        Version {
            token: token_in(&self.billing.address),
            total: self.total,
        }
    }
}

impl Write {
    fn begun(
        customer: i64,
        invoice: Option<i64>,
        version: Option<Version>,
        start: Duration,
        end: Duration,
    ) -> Self {
        Self {
            customer,
            invoice,
            version,
            creates: false,
            start,
            end,
            fate: Fate::Unknown,
        }
    }
}
