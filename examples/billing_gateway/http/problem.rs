//! Errors as JSON problems (RFC 9457).

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use crossfade::data::Outcome;
use serde::Serialize;

use crate::domain::{InvalidClosing, InvalidDraft, InvalidPayment, Rejection};
use crate::request::StoreError;

/// How many seconds a caller should wait before it asks a store again that did not answer.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

pub(super) const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// One problem. Its type is `about:blank`: the status says what kind it is.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Problem {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    /// Of a write that failed: `rejected` (surely not done) or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    /// Of a write over many invoices: those that are not there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    invoices: Vec<i64>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            outcome: None,
            invoices: Vec::new(),
        }
    }

    /// A call that was not answered in time.
    pub(crate) fn timed_out() -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "the request took too long");
        Self { outcome: Some("unknown"), ..problem }
    }

    /// A call that was not begun because too many are running.
    pub(crate) fn overloaded() -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once");
        Self { outcome: Some("rejected"), ..problem }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let outcome = if error.outcome() == Outcome::Rejected { "rejected" } else { "unknown" };
        let problem = Self { outcome: Some(outcome), ..Self::new(status_of(&error), error.to_string()) };
        match error {
            StoreError::Rejected(Rejection::Missing(invoices)) => Self { invoices, ..problem },
            _ => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, PROBLEM);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }
}

fn status_of(error: &StoreError) -> StatusCode {
    match error {
        StoreError::Rejected(Rejection::NotFound | Rejection::Missing(_)) => StatusCode::NOT_FOUND,
        StoreError::Rejected(Rejection::Changed) => StatusCode::PRECONDITION_FAILED,
        StoreError::Rejected(Rejection::Overpaid { .. } | Rejection::BelowReceived { .. }) => {
            StatusCode::CONFLICT
        }
        StoreError::Rejected(Rejection::KeyReused) => StatusCode::UNPROCESSABLE_ENTITY,
        StoreError::Unavailable { .. } | StoreError::NoAnswer { .. } | StoreError::Refused(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

macro_rules! problem_from {
    ($($rejection:ty),*) => {$(
        impl From<$rejection> for Problem {
            fn from(rejection: $rejection) -> Self {
                Self::new(rejection.status(), rejection.body_text())
            }
        }
    )*};
}
problem_from!(JsonRejection, PathRejection, QueryRejection);

/// Input that can be read and makes no sense.
macro_rules! unprocessable {
    ($($invalid:ty),*) => {$(
        impl From<$invalid> for Problem {
            fn from(invalid: $invalid) -> Self {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, invalid.to_string())
            }
        }
    )*};
}
unprocessable!(InvalidDraft, InvalidPayment, InvalidClosing);
