//! The admin API over HTTP (feature `admin`): what is going on, and every lever that an operator needs.
//!
//! ```
//! use crossfade::admin::{Admin, AdminToken};
//! use tokio::net::TcpListener;
//! # use crossfade::{copy::Copier, fill::Fill, journal::Journal, mismatch_metrics::{MismatchMetricsLayer, by}};
//! # use crossfade::route::{RoutingConfig, RoutingHandle};
//! # use crossfade::test_util::{MemoryStore, Response};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let copier = Copier::new(routing, MemoryStore::legacy(), MemoryStore::target());
//! # let compared = MismatchMetricsLayer::new(by(|a: &Response, b: &Response| a.answer == b.answer));
//! # let stop = async {};
//! let admin = Admin::new("invoices", routing)
//!     .samples(compared.samples())          // of the `MismatchMetricsLayer`
//!     .fill(move || Fill::new(copier));     // `POST /admin/fill/start`
//! admin.serve(TcpListener::bind("127.0.0.1:0").await?, stop).await?;
//! # Ok(()) }
//! ```
//!
//! # Paths
//!
//! | | |
//! |---|---|
//! | `GET /admin/status` | stage, epoch, legal moves and what blocks them, marks by state, fill, certificate, config, counters |
//! | `PUT /admin/routing?reason=..&by=..` | puts another config in force: `application/toml` or `application/json`. It moves no stage: it names the committed one or none. Kept in memory: what is to outlast a restart belongs into the file or the code too |
//! | `POST /admin/stage` | `{"stage": "canary", "reason": "..", "by": "anna", "force": false}`: answers when the move is committed |
//! | `GET /admin/mismatches` | the newest mismatches, if [`Admin::samples`] gave them |
//! | `GET /admin/journal?dead_letters=100&audit=100` | marks by state, the oldest dead letters, the newest lines of the audit log |
//! | `POST /admin/dead-letters/retry` | `{"by": "anna", "reason": ".."}`: gives all dead letters to the reconciler again |
//! | `POST /admin/fill/start`, `pause`, `resume`, `stop` | the same body: the fill that [`Admin::fill`] makes |
//!
//! Every change says why, and is a line of the audit log; `by` says who asks, and is `admin API` when it is left out. The page [`operations`](crate::operations) has the
//! commands for a shell. A stage move goes on when its caller goes away.
//!
//! No key and no customer is shown in clear: scopes are salted hashes, as in logs ([`log_keys`](crate::data::log_keys)), the lists of
//! the cohort are shown as how long they are, and the fill without the key that it is at.
//!
//! # Who is let in
//!
//! | | with a token | without |
//! |---|---|---|
//! | [`serve`](Admin::serve) on 127.0.0.1 or `[::1]` | whoever shows it | this machine, by a name of its own (`localhost`, a loopback address) |
//! | `serve` on another address | whoever shows it | refused: [`ServeError::TokenRequired`] |
//! | [`router`](Admin::router) in a server of yours | whoever shows it | as above, if the server says where its callers are; else nobody |
//!
//! Whoever is let in can move the stage. There is no TLS: on a network that you do not trust, put the API behind a proxy
//! that has it, and set a token also when that proxy is on the same machine, since all callers are then local.
//!
//! ```no_run
//! # use crossfade::{admin::{Admin, AdminToken}, route::RoutingHandle};
//! # use std::future::pending;
//! # use tokio::net::TcpListener;
//! # async fn serve(routing: RoutingHandle) -> Result<(), Box<dyn std::error::Error>> {
//! // Wrong: refused with an error, since others could reach it.
//! let listener = TcpListener::bind("0.0.0.0:9090").await?;
//! Admin::new("invoices", routing).serve(listener, pending()).await?;
//!
//! // Right. A variable that is not set is no token either: `AdminToken::new` refuses less than 16 bytes.
//! # let listener = TcpListener::bind("0.0.0.0:9091").await?;
//! let token = AdminToken::new(std::env::var("ADMIN_TOKEN")?)?;
//! Admin::new("invoices", routing).token(token).serve(listener, pending()).await?;
//! # Ok(()) }
//! ```
//!
//! A service with several migrations nests their [`router`](Admin::router)s, here for `/invoices/admin/status` and
//! `/notes/admin/status`; connections and heads are then bounded by the server that they are in:
//!
//! ```
//! # use crossfade::{admin::{Admin, AdminToken}, route::RoutingHandle};
//! # fn app(invoices: RoutingHandle, notes: RoutingHandle, token: AdminToken) -> axum::Router {
//! axum::Router::new()
//!     .nest("/invoices", Admin::new("invoices", invoices).token(token.clone()).router())
//!     .nest("/notes", Admin::new("notes", notes).token(token).router())
//! # }
//! ```
//!
//! # Problems
//!
//! What is refused is answered as `application/problem+json` (RFC 9457): `type` ends in one of these names, `detail` says
//! what happened, and some have more members (`path`, `legal_moves`, `do`).
//!
//! | problem | status | when |
//! |---|---|---|
//! | <a id="no-token"></a>`no-token` | 401 | the token is missing or wrong |
//! | <a id="token-required"></a>`token-required` | 403 | no token is set, and the caller is not this machine |
//! | <a id="not-found"></a>`not-found` | 404 | no such path |
//! | <a id="not-connected"></a>`not-connected` | 404 | the service has not given its samples, or its fill |
//! | <a id="no-such-method"></a>`no-such-method` | 405 | the path has another method |
//! | <a id="too-slow"></a>`too-slow` | 408 | the body did not come in time |
//! | <a id="illegal-move"></a>`illegal-move` | 409 | the committed stage cannot move there; `legal_moves` says where it can |
//! | <a id="no-certificate"></a>`no-certificate` | 409 | fill first, or `force` and say why |
//! | <a id="dead-letters"></a>`dead-letters` | 409 | they block a change of the authority: retry them |
//! | <a id="stage-differs"></a>`stage-differs` | 409 | the config names another stage than the committed one |
//! | <a id="fill-runs"></a>`fill-runs` | 409 | a fill is running already |
//! | <a id="no-fill"></a>`no-fill` | 409 | no fill is running |
//! | <a id="no-target-writes"></a>`no-target-writes` | 409 | some way in cannot write to the target, which would decide; deploy a build that can |
//! | <a id="too-large"></a>`too-large` | 413 | the body is too long |
//! | <a id="no-such-type"></a>`no-such-type` | 415 | the body is of another type |
//! | <a id="bad-request"></a>`bad-request` | 422 | something is missing, unknown or empty; `path` says what |
//! | <a id="bad-config"></a>`bad-config` | 422 | the config cannot be meant; `path` says where. The last good one goes on |
//! | <a id="hold-ran-out"></a>`hold-ran-out` | 503 | marks were left when writes had been held long enough; ask again after `Retry-After` |
//! | <a id="ids-not-handed-over"></a>`ids-not-handed-over` | 503 | a store or the journal failed at it; the old stage goes on |
//! | <a id="panicked"></a>`panicked` | 500 | the clock of a store or the handover of ids panicked; the old stage goes on |
//! | <a id="journal-unavailable"></a>`journal-unavailable` | 503 | its disk is full, locked or slow |
//! | <a id="busy"></a>`busy` | 503 | too many requests at once |
//! | <a id="closed"></a>`closed` | 503 | the migration is closed |
//!
//! # Limits
//!
//! | limit | | at the limit |
//! |---|---|---|
//! | [`REQUESTS_MAX`] at once | 32 | `busy` |
//! | [`CONNECTIONS_MAX`] open, each of one request | 64 | others wait in the system's queue |
//! | [`HEAD_TIME_MAX`] for the head of a request | 10 s | the connection is closed |
//! | [`BODY_TIME_MAX`], [`BODY_BYTES_MAX`] | 10 s, 4 MiB | `too-slow`, `too-large` |
//! | [`CONNECTION_TIME_MAX`] | 3 min | the connection is closed; a stage move goes on |
//! | [`LINES_MAX`] of each list | 1,000 (100 unless the query says so) | the rest is left out |
//! | [`BY_BYTES_MAX`], [`REASON_BYTES_MAX`] | 200, 2,000 bytes | `bad-request` |
//! | the journal's answer | 2 s for the status, 10 s for the rest | the status is shown without; `journal-unavailable` |
//! | [`TOKEN_BYTES_MIN`] | 16 bytes | [`TokenError`] |
//!
//! Connections and heads are bounded by [`serve`](Admin::serve); with [`router`](Admin::router) by your server.

mod api;
mod ask;
mod body;
mod fill;
mod guard;
mod journal;
mod mismatches;
mod problem;
mod routing;
mod serve;
mod stage;
mod status;
mod token;
mod view;

pub use api::Admin;
pub use ask::{BY_BYTES_MAX, REASON_BYTES_MAX};
pub use body::{BODY_BYTES_MAX, BODY_TIME_MAX};
pub use guard::REQUESTS_MAX;
pub use journal::LINES_MAX;
pub use serve::{CONNECTION_TIME_MAX, CONNECTIONS_MAX, HEAD_TIME_MAX, ServeError};
pub use token::{AdminToken, TOKEN_BYTES_MIN, TokenError};
