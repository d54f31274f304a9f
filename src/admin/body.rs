//! Reading the body of a request, within limits.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use tokio::time::timeout;

use super::problem::{Kind, Problem};
use crate::route::CONFIG_BYTES_MAX;

/// The most bytes of a request's body.
pub const BODY_BYTES_MAX: usize = CONFIG_BYTES_MAX;
/// How long a body may take to come.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// The whole body.
pub(super) async fn whole(body: Body) -> Result<Bytes, Problem> {
    let late = |_| Problem::new(Kind::TOO_SLOW, format!("the body took longer than {BODY_TIME_MAX:?}"));
    timeout(BODY_TIME_MAX, collect(body)).await.map_err(late)?
}

/// What is too long is read on for as much again, and forgotten: whoever is still sending would not hear why the
/// connection was closed.
async fn collect(mut body: Body) -> Result<Bytes, Problem> {
    let (mut whole, mut length) = (Vec::new(), 0);
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|error| Problem::new(Kind::BAD_REQUEST, error.to_string()))?;
        let data = frame.into_data().unwrap_or_default();
        length += data.len();
        match length {
            0..=BODY_BYTES_MAX => whole.extend_from_slice(&data),
            _ if length > 2 * BODY_BYTES_MAX => break,
            _ => whole = Vec::new(),
        }
    }
    if length > BODY_BYTES_MAX {
        let problem = format!("the body has more than {BODY_BYTES_MAX} bytes");
        return Err(Problem::new(Kind::TOO_LARGE, problem));
    }
    Ok(whole.into())
}
