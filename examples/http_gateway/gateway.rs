//! The stack between an HTTP server and two HTTP services.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use crossfade::canary_read::CanaryReadLayer;
use crossfade::copy::Copier;
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::journal::Journal;
use crossfade::mismatch_metrics::{MismatchMetricsLayer, Samples, by_json};
use crossfade::reconcile::{Reconciler, ReconcilerHandle};
use crossfade::route::{RouteLayer, RoutingConfig, RoutingHandle};
use crossfade::store::TargetLayer;
use http_body_util::{BodyExt, Limited};
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::call::{BODY_BYTES_MAX, ByStatus, HttpAnswer, HttpCall, HttpError};
use crate::upstream::Upstream;

/// The late bounds lie above the two seconds that a service may take, and what it does after its caller gave up.
const CONFIG: &str = r#"
    [writes]
    wait = "100ms"

    [shadow]
    sample = "100%"

    [late_bound]
    legacy = "5s"
    target = "5s"

    [cohort]
    weight = "50%"
"#;

pub(crate) type Stack = BoxCloneSyncService<HttpCall, HttpAnswer, HttpError>;

/// The two services.
#[derive(Clone, Debug)]
pub(crate) struct Upstreams {
    pub(crate) legacy: Upstream,
    pub(crate) target: Upstream,
}

/// The gateway, and what moves its stage.
pub(crate) struct Gateway {
    pub(crate) routing: RoutingHandle,
    pub(crate) copier: Copier<Upstream, Upstream>,
    /// The newest mismatches.
    #[cfg_attr(not(test), expect(dead_code))]
    pub(crate) samples: Samples,
    stack: Stack,
    reconciler: ReconcilerHandle,
}

impl Gateway {
    pub(crate) async fn open(journal: &str, upstreams: Upstreams) -> Result<Self> {
        Self::open_with(journal, upstreams, CONFIG).await
    }

    pub(crate) async fn open_with(journal: &str, upstreams: Upstreams, config: &str) -> Result<Self> {
        let Upstreams { legacy, target } = upstreams;
        let journal = Journal::open(journal).await.context("cannot open the journal")?;
        let routing = RoutingHandle::resume(&journal, RoutingConfig::from_toml(config)?).await?;
        let copier = Copier::new(routing, legacy.clone(), target.clone());
        let mismatches = MismatchMetricsLayer::new(
            by_json(HttpAnswer::to_json).ignore("/body/served_by").ignore("/body/*/served_by"),
        );
        let samples = mismatches.samples();
        let stack = Stack::new(
            ServiceBuilder::new()
                .layer(RouteLayer::new(routing))
                .layer(CanaryReadLayer::new())
                .layer(
                    FallbackLayer::new()
                        .missing(|answer: &HttpAnswer| answer.status == StatusCode::NOT_FOUND),
                )
                .layer(mismatches)
                .layer(DualWriteLayer::new(copier).classified_by(ByStatus))
                .layer(TargetLayer::new(target))
                .service(legacy),
        );
        let reconciler = Reconciler::new(copier).spawn();
        Ok(Self { routing, copier, samples, stack, reconciler })
    }

    /// A server's routes: every path goes through the stack.
    pub(crate) fn router(&self) -> Router {
        let whole = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(10));
        Router::new()
            .fallback(pass_on)
            .with_state(self.stack.clone())
            .layer(whole)
            .layer(TraceLayer::new_for_http())
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.reconciler.stop().await;
        Ok(self.routing.close().await?)
    }
}

async fn pass_on(State(stack): State<Stack>, request: Request) -> Response {
    let call = match read(request).await {
        Ok(call) => call,
        Err(status) => return status.into_response(),
    };
    if !call.is_known() {
        let why = "this gateway moves notes, and does not know what this changes\n";
        return (StatusCode::NOT_FOUND, why).into_response();
    }
    match stack.oneshot(call).await {
        Ok(answer) => answer.into_response(),
        Err(error) => error.into_response(),
    }
}

/// The whole request: a body that is a stream could be sent once only.
async fn read(request: Request<Body>) -> Result<HttpCall, StatusCode> {
    let (parts, body) = request.into_parts();
    let body =
        Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    Ok(HttpCall {
        method: parts.method,
        uri: parts.uri,
        headers: Arc::new(parts.headers),
        body: body.to_bytes(),
    })
}

#[cfg(test)]
impl Gateway {
    pub(crate) fn stack(&self) -> Stack {
        self.stack.clone()
    }
}
