//! What is around every route: an id and a trace of each request, and limits of time and size.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{map_request, map_response};
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::{Level, Span};

use super::problem::{PROBLEM, Problem};

/// Longer than any store may take and any write is held: it only turns a mistake into an answer.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
const REQUEST_ID: &str = "x-request-id";
const REQUEST_ID_BYTES_MAX: usize = 64;
pub(super) const BODY_BYTES_MAX: usize = 128 * 1024;

/// The routes with everything that holds for all of them. Within each group the outermost comes first.
pub(super) fn around(routes: Router) -> Router {
    let limits = ServiceBuilder::new()
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX));
    let traces = ServiceBuilder::new()
        .layer(map_request(without_odd_id))
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid)) // one that the caller sent stays
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span_of as fn(&Request) -> Span)
                .on_response(DefaultOnResponse::new().level(Level::INFO)),
        )
        .layer(PropagateRequestIdLayer::x_request_id());
    routes.layer(limits).layer(map_response(into_problem)).layer(traces)
}

/// Whatever a caller calls its request, it goes to the log: only what looks like an id stays.
async fn without_odd_id(mut request: Request) -> Request {
    let odd = |id: &HeaderValue| {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        id.len() > REQUEST_ID_BYTES_MAX || !id.as_bytes().iter().all(plain)
    };
    if request.headers().get(REQUEST_ID).is_some_and(odd) {
        request.headers_mut().remove(REQUEST_ID);
    }
    request
}

/// The route in place of the path: ids of customers are not for logs.
fn span_of(request: &Request) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    tracing::info_span!("request", method = %request.method(), route, id)
}

/// The errors of these layers have no body, or a text: makes problems of them.
async fn into_problem(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.headers().get(header::CONTENT_TYPE) == Some(&PROBLEM) {
        return response;
    }
    match status {
        StatusCode::SERVICE_UNAVAILABLE => Problem::timed_out().into_response(),
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(status, format!("the body is above the limit of {BODY_BYTES_MAX} bytes"))
                .into_response()
        }
        _ => Problem::new(status, "").into_response(),
    }
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic itself is on stderr; callers need not know it.
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the service made a mistake").into_response()
}
