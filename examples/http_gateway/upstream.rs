//! One of the two services, over HTTP.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri, header, uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::Service;

use crate::call::{BODY_BYTES_MAX, HttpAnswer, HttpCall, HttpError, without_hop_by_hop};

/// How long a service may take to answer. The late bound of the routing config lies above it, and above what the service
/// itself still does after its caller went away.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// A service by its URL. A clone shares the connections.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    authority: uri::Authority,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Upstream {
    pub(crate) fn new(url: &str) -> Result<Self> {
        let uri: Uri =
            url.parse().with_context(|| format!("{url:?} is no URL: write it like http://127.0.0.1:8080"))?;
        let Some(authority) = uri.authority().cloned().filter(|_| uri.scheme() == Some(&uri::Scheme::HTTP))
        else {
            bail!("{url:?}: this example speaks http:// only");
        };
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Ok(Self { authority, client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    pub(crate) async fn send(&self, call: HttpCall) -> Result<HttpAnswer, HttpError> {
        let answered = tokio::time::timeout(ANSWER_MAX, self.exchange(call)).await;
        let answer =
            answered.unwrap_or_else(|_| Err(self.no_answer(format!("nothing within {ANSWER_MAX:?}"))))?;
        if answer.status.is_server_error() { Err(HttpError::Failed(answer.into())) } else { Ok(answer) }
    }

    async fn exchange(&self, call: HttpCall) -> Result<HttpAnswer, HttpError> {
        let response = self.client.request(self.request(call)).await.map_err(|error| {
            let (service, reason) = (self.authority.to_string(), error.to_string());
            if error.is_connect() {
                HttpError::Unreachable { service, reason }
            } else {
                HttpError::NoAnswer { service, reason }
            }
        })?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
        let body = body.map_err(|error| self.no_answer(error.to_string()))?.to_bytes();
        Ok(HttpAnswer { status: parts.status, headers: without_hop_by_hop(&parts.headers), body })
    }

    /// The same request, to this service.
    fn request(&self, call: HttpCall) -> Request<Full<Bytes>> {
        let mut to = call.uri.into_parts();
        (to.scheme, to.authority) = (Some(uri::Scheme::HTTP), Some(self.authority.clone()));
        let mut request = Request::new(Full::new(call.body));
        *request.method_mut() = call.method;
        // Every part was one of a URI before; a path that is not there is the root.
        *request.uri_mut() = Uri::from_parts(to).unwrap_or_default();
        *request.headers_mut() = without_hop_by_hop(&call.headers);
        request
    }

    fn no_answer(&self, reason: String) -> HttpError {
        HttpError::NoAnswer { service: self.authority.to_string(), reason }
    }

    /// A call without a caller's headers.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &str) -> Result<HttpAnswer, HttpError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
        let uri = path.parse().unwrap_or_default();
        let body = Bytes::copy_from_slice(body.as_bytes());
        self.send(HttpCall { method, uri, headers: Arc::new(headers), body }).await
    }

    /// Writes a note, as a client does.
    pub(crate) async fn put(&self, customer: i64, note: i64, text: &str) -> Result<()> {
        let body = serde_json::json!({ "text": text }).to_string();
        let answer = self.ask(Method::PUT, &format!("/customers/{customer}/notes/{note}"), &body).await?;
        if !answer.status.is_success() {
            bail!("the note was not written: {}", answer.status);
        }
        Ok(())
    }

    /// Reads a note, as a client does.
    pub(crate) async fn get(&self, customer: i64, note: i64) -> Result<Option<String>> {
        let answer = self.ask(Method::GET, &format!("/customers/{customer}/notes/{note}"), "").await?;
        let found = answer.status != StatusCode::NOT_FOUND;
        Ok(found.then(|| String::from_utf8_lossy(&answer.body).into_owned()))
    }
}

impl Service<HttpCall> for Upstream {
    type Response = HttpAnswer;
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpAnswer, HttpError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        Poll::Ready(Ok(())) // a connection is awaited inside of the call, within its bound
    }

    fn call(&mut self, call: HttpCall) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { this.send(call).await })
    }
}
