//! Who asks for a change, and why.

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::problem::{Kind, Problem};
use crate::route::Asked;

/// The most bytes of the name of whoever asks.
pub const BY_BYTES_MAX: usize = 200;
/// The most bytes of a reason.
pub const REASON_BYTES_MAX: usize = 2_000;

/// Who asks, and why: what every change says for the audit log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    #[serde(default = "nobody_named")]
    pub(super) by: String,
    pub(super) reason: String,
}

impl Ask {
    pub(super) fn asked(self) -> Result<Asked, Problem> {
        said("by", &self.by, BY_BYTES_MAX)?;
        said("reason", &self.reason, REASON_BYTES_MAX)?;
        Ok(Asked::by(self.by, self.reason))
    }
}

/// Who asks when the caller does not say.
pub(super) fn nobody_named() -> String {
    "admin API".into()
}

fn said(member: &str, text: &str, bytes_max: usize) -> Result<(), Problem> {
    let bytes = text.len();
    let problem = match text.trim() {
        "" => format!("`{member}` says nothing; it goes to the audit log"),
        _ if bytes > bytes_max => format!("`{member}` has {bytes} bytes; {bytes_max} are the most"),
        _ => return Ok(()),
    };
    Err(Problem::new(Kind::BAD_REQUEST, problem).with("path", member))
}

/// The body as JSON. Its type has to be named: a page in a browser can then not send it to another origin unasked.
pub(super) fn json<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Problem> {
    if media_type(headers) != Some("application/json") {
        return Err(Problem::new(Kind::NO_SUCH_TYPE, "send JSON, with `Content-Type: application/json`"));
    }
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(body)).map_err(|error| {
        let path = error.path().to_string();
        Problem::new(Kind::BAD_REQUEST, error.inner().to_string()).with("path", path)
    })
}

/// The media type of the body, without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let named = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    named.split(';').next().map(str::trim)
}
