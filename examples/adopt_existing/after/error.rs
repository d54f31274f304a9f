//! What can go wrong.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no such invoice")]
    NotFound,
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Refused(#[from] crossfade::Refused),
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Sql(_) | Self::Refused(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, self.to_string()).into_response()
    }
}
