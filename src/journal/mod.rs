//! The journal (page to be written).
mod error;
mod model;
mod state;
pub use error::JournalError;
pub use model::*;
pub use state::{AUDIT_LINES_MAX, JournalState};
