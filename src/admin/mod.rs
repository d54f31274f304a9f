//! page
mod api;
mod ask;
mod fill;
mod guard;
mod journal;
mod mismatches;
mod problem;
mod routing;
mod serve;
mod stage;
mod status;
mod token;
mod view;

pub use api::Admin;
pub use ask::{BY_BYTES_MAX, REASON_BYTES_MAX};
pub use guard::{BODY_BYTES_MAX, BODY_TIME_MAX, REQUESTS_MAX};
pub use journal::LINES_MAX;
pub use serve::{CONNECTION_TIME_MAX, CONNECTIONS_MAX, HEAD_TIME_MAX, ServeError};
pub use token::{AdminToken, TOKEN_BYTES_MIN, TokenError};
