//! A served API and somebody who calls it.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use crossfade::admin::{Admin, ServeError};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::World;

/// An API that is served until this is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) token: Option<String>,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) task: JoinHandle<Result<(), ServeError>>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

pub(crate) async fn serve(admin: Admin) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(admin.serve(listener, async move { drop(stopped.await) }));
    Served { address, token: None, stop, task }
}

pub(crate) async fn serve_world(world: &World) -> Served {
    serve(Admin::new("numbers", world.routing)).await
}

/// Who asks and why, with more members.
pub(crate) fn ask(more: Value) -> Value {
    let mut ask = json!({ "by": "anna", "reason": "a drill" });
    ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ask
}

impl Served {
    pub(crate) fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        match &self.token {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answered {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let answer =
            tokio::time::timeout(Duration::from_secs(60), client.request(request)).await.unwrap().unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or_else(|_| panic!("no JSON: {body:?}"));
        Answered { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.send(self.request(Method::GET, path).body(Full::default()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answered {
        let request = self.request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Full::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn put(&self, path: &str, media_type: &str, body: &str) -> Answered {
        let request = self.request(Method::PUT, path).header(header::CONTENT_TYPE, media_type);
        self.send(request.body(Full::from(body.to_owned())).unwrap()).await
    }

    pub(crate) async fn status(&self) -> Value {
        let answered = self.get("/admin/status").await;
        assert_eq!(answered.status, StatusCode::OK, "{answered:?}");
        answered.body
    }
}

impl Answered {
    /// That it is this problem, and says so in the form of RFC 9457.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, name: &str) -> &Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(self.body["status"], status);
        let kind = self.body["type"].as_str().unwrap();
        assert!(kind.ends_with(&format!("#{name}")), "{kind}");
        assert!(self.body["title"].is_string() && self.body["detail"].is_string(), "{self:?}");
        &self.body
    }

    #[track_caller]
    pub(crate) fn is_well(&self) -> &Value {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        assert_eq!(self.headers[header::CACHE_CONTROL], "no-store");
        &self.body
    }
}
