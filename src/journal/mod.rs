//! The journal (page to be written).
mod clock;
mod error;
mod handle;
mod ids;
mod index;
mod limits;
mod model;
mod state;
pub(crate) use clock::micros;
pub use error::JournalError;
pub use handle::Journal;
pub(crate) use handle::{Claim, ClaimRequest, RunningMark};
pub use ids::{ID_BLOCK, IdBlocks};
pub use limits::Limits;
pub use model::*;
pub use state::{AUDIT_LINES_MAX, JournalState};
