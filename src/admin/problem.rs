//! Errors as JSON problems (RFC 9457).

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

/// What kind of problem, as the page of this module lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) status: StatusCode,
}

macro_rules! kinds {
    ($($constant:ident = $name:literal, $status:ident;)+) => {
        impl Kind {
            $(pub(super) const $constant: Self = Self { name: $name, status: StatusCode::$status };)+
            /// All of them.
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$constant),+];
        }
    };
}

kinds! {
    NO_TOKEN = "no-token", UNAUTHORIZED;
    TOKEN_REQUIRED = "token-required", FORBIDDEN;
    NOT_FOUND = "not-found", NOT_FOUND;
    NO_SUCH_METHOD = "no-such-method", METHOD_NOT_ALLOWED;
    TOO_SLOW = "too-slow", REQUEST_TIMEOUT;
    TOO_LARGE = "too-large", PAYLOAD_TOO_LARGE;
    NO_SUCH_TYPE = "no-such-type", UNSUPPORTED_MEDIA_TYPE;
    BAD_REQUEST = "bad-request", UNPROCESSABLE_ENTITY;
    BAD_CONFIG = "bad-config", UNPROCESSABLE_ENTITY;
    ILLEGAL_MOVE = "illegal-move", CONFLICT;
    NO_CERTIFICATE = "no-certificate", CONFLICT;
    DEAD_LETTERS = "dead-letters", CONFLICT;
    STAGE_DIFFERS = "stage-differs", CONFLICT;
    FILL_RUNS = "fill-runs", CONFLICT;
    NO_FILL = "no-fill", CONFLICT;
    NO_TARGET_WRITES = "no-target-writes", CONFLICT;
    NOT_CONNECTED = "not-connected", NOT_FOUND;
    HOLD_RAN_OUT = "hold-ran-out", SERVICE_UNAVAILABLE;
    IDS_NOT_HANDED_OVER = "ids-not-handed-over", SERVICE_UNAVAILABLE;
    PANICKED = "panicked", INTERNAL_SERVER_ERROR;
    JOURNAL = "journal-unavailable", SERVICE_UNAVAILABLE;
    BUSY = "busy", SERVICE_UNAVAILABLE;
    CLOSED = "closed", SERVICE_UNAVAILABLE;
}

/// One problem.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    kind: Kind,
    detail: String,
    more: Map<String, Value>,
    retry_after: Option<Duration>,
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), more: Map::new(), retry_after: None }
    }

    /// With another member.
    pub(super) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.more.insert(member.to_owned(), value.into());
        self
    }

    /// That may be gone after this time.
    pub(super) const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    fn members(self) -> Map<String, Value> {
        let of = "https://docs.rs/crossfade/latest/crossfade/admin/index.html";
        let mut members = Map::new();
        members.insert("type".into(), format!("{of}#{}", self.kind.name).into());
        members.insert("title".into(), self.kind.name.replace('-', " ").into());
        members.insert("status".into(), self.kind.status.as_u16().into());
        members.insert("detail".into(), self.detail.into());
        members.extend(self.more);
        members
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.kind.status, self.retry_after);
        let mut response = (status, pretty(&Value::Object(self.members()))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs_f64().ceil() as u64));
        }
        response
    }
}

/// What is answered when all is well.
pub(super) struct Answer(pub(super) Value);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        const JSON: [(HeaderName, HeaderValue); 1] =
            [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        (JSON, pretty(&self.0)).into_response()
    }
}

/// For people at a terminal.
fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_every_kind_with_its_status() {
        let page = include_str!("mod.rs");
        for kind in Kind::ALL {
            let line = format!("<a id=\"{}\"></a>`{}` | {} |", kind.name, kind.name, kind.status.as_u16());
            assert!(page.contains(&line), "{line}");
        }
    }

    #[test]
    fn a_part_of_a_second_is_waited_for_as_a_whole_one() {
        let problem = Problem::new(Kind::BUSY, "").retry_after(Duration::from_millis(300)).into_response();
        assert_eq!(problem.headers()[header::RETRY_AFTER], "1");
    }
}
