//! An HTTP request and its answer as the stack sees them: whole, and without what belongs to one connection only.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use crossfade::Refused;
use crossfade::data::{ClassifyOutcome, Group, Key, Outcome, Scopes};
use crossfade::route::{Operation, StorageRequest};
use serde_json::Value;

/// The longest body of a request or an answer, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A request that can be sent again: to the other service, to compare, or instead.
#[derive(Clone, Debug)]
pub(crate) struct HttpCall {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// Shared: a shadow read clones the request.
    pub(crate) headers: Arc<HeaderMap>,
    pub(crate) body: Bytes,
}

#[derive(Clone, Debug)]
pub(crate) struct HttpAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What of the notes a path names: `/customers/1/notes/2`, or all notes of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    Note(i64, i64),
    Notes(i64),
    /// Nothing that moves.
    Other,
}

impl Path {
    fn of(uri: &Uri) -> Self {
        let parts: Vec<&str> = uri.path().split('/').skip(1).collect();
        let id = |part: &str| part.parse::<i64>().ok();
        match parts[..] {
            ["customers", customer, "notes"] => id(customer).map_or(Self::Other, Self::Notes),
            ["customers", customer, "notes", note] => {
                id(customer).zip(id(note)).map_or(Self::Other, |(customer, note)| Self::Note(customer, note))
            }
            _ => Self::Other,
        }
    }
}

impl HttpCall {
    /// Whether the gateway knows what this is. What it does not know it cannot copy, so it is not let through.
    pub(crate) fn is_known(&self) -> bool {
        let reads = self.is_read() && Path::of(&self.uri) != Path::Other;
        let writes = [Method::PUT, Method::DELETE, Method::PATCH].contains(&self.method);
        reads || (writes && matches!(Path::of(&self.uri), Path::Note(..)))
    }

    pub(crate) fn is_read(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }
}

impl StorageRequest for HttpCall {
    fn operation(&self) -> Operation {
        match (self.is_read(), Path::of(&self.uri)) {
            (true, Path::Notes(_)) => Operation::read("list_notes"),
            (true, _) => Operation::read("get_note"),
            (false, _) if self.method == Method::DELETE => Operation::write("delete_note"),
            (false, _) => Operation::write("put_note"),
        }
    }

    fn scopes(&self) -> Scopes {
        match Path::of(&self.uri) {
            Path::Note(customer, note) => Key::new(&customer, &note).into(),
            Path::Notes(customer) => Group::new(&customer).into(),
            Path::Other => Scopes::none(),
        }
    }
}

/// Why a call has no answer of a service, or one that is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// No connection was had: surely nothing was done.
    #[error("{service} cannot be reached: {reason}")]
    Unreachable { service: String, reason: String },
    /// The call was sent, and nobody knows what became of it.
    #[error("{service} did not answer: {reason}")]
    NoAnswer { service: String, reason: String },
    /// The service says that it failed. It is an error, so that a read of the target can fall back.
    #[error("the service failed: {}", .0.status)]
    Failed(Box<HttpAnswer>),
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// What an answer means for a write. A 4xx changed nothing, except that a proxy says 408 of what it has passed on; a 5xx may
/// come after the work was done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByStatus;

impl ClassifyOutcome<HttpAnswer, HttpError> for ByStatus {
    fn classify(&self, answer: Result<&HttpAnswer, &HttpError>) -> Outcome {
        match answer {
            Ok(answer) if answer.status == StatusCode::REQUEST_TIMEOUT => Outcome::Unknown,
            Ok(answer) if answer.status.is_client_error() => Outcome::Rejected,
            Ok(_) => Outcome::Applied,
            Err(error) => error.outcome(),
        }
    }
}

impl HttpError {
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Unreachable { .. } | Self::Refused(_) => Outcome::Rejected,
            Self::Failed(answer) if answer.status == StatusCode::NOT_IMPLEMENTED => Outcome::Rejected,
            Self::NoAnswer { .. } | Self::Failed(_) => Outcome::Unknown,
        }
    }
}

impl HttpAnswer {
    /// What is compared: the status, and the body as JSON where it is some.
    pub(crate) fn to_json(&self) -> Value {
        let text = || Value::String(String::from_utf8_lossy(&self.body).into_owned());
        let body = serde_json::from_slice(&self.body).unwrap_or_else(|_| text());
        serde_json::json!({ "status": self.status.as_u16(), "body": body })
    }
}

impl IntoResponse for HttpAnswer {
    fn into_response(self) -> Response {
        (self.status, self.headers, self.body).into_response()
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Failed(answer) => return (**answer).clone().into_response(),
            Self::Unreachable { .. } | Self::NoAnswer { .. } => StatusCode::BAD_GATEWAY,
            Self::Refused(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, format!("{self}\n")).into_response()
    }
}

/// Headers that belong to one connection (RFC 9110, 7.6.1), those that `Connection` names, and those that are made anew.
pub(crate) fn without_hop_by_hop(headers: &HeaderMap) -> HeaderMap {
    const OF_ONE_HOP: [HeaderName; 8] = [
        header::CONNECTION,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
        header::CONTENT_LENGTH, // of the body as it is sent on
    ];
    const KEEP_ALIVE: [&str; 2] = ["keep-alive", "proxy-connection"];
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let stays = |name: &HeaderName| {
        !OF_ONE_HOP.contains(name)
            && !KEEP_ALIVE.contains(&name.as_str())
            && *name != header::HOST
            && !named.iter().any(|other| other == name.as_str())
    };
    headers
        .iter()
        .filter(|(name, _)| stays(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
