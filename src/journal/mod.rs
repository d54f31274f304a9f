//! The journal: the durable state of one migration.
//!
//! It holds the committed stage and its epoch, the session of the process, the *marks* - notes that a scope may differ
//! between the stores - the claims of repairs, the progress of the fill, the certificate, the ids that the target
//! gives out, and an audit log. It holds scopes, never payloads: a repair reads the authority again.
//!
//! ```
//! use crossfade::data::{Key, Scope};
//! use crossfade::journal::Journal;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let journal = Journal::memory(); // or Journal::open("sqlite:crossfade.db").await?
//!
//! // A writer that does not go through crossfade marks what it wrote.
//! journal.mark_for_repair(Scope::from(Key::new(&42, &1001))).await?;
//! assert_eq!(journal.marks(), 1);
//! assert_eq!(journal.status().await?.marks.left, 1);
//! # Ok(()) }
//! ```
//!
//! # Durability
//! A mark is durable before the authority is written. All marks of the moment share one commit. The SQLite journal
//! belongs to one process at a time; a second one is refused by name.
//!
//! # Limits
//! [`Limits`] names how many marks a journal holds. At the limit marks widen - to their group, then to everything -
//! and never vanish. The queue in front of the writer is bounded, too; what finds it full is refused, or stays a
//! mark, and is counted.
//!
//! # When it cannot record
//! With `writes.journal_unavailable = "reject"` (the default) a write whose mark cannot be recorded is refused and was
//! not made. With `"continue"` it goes on: everything is dirty, the certificate is void, and `canary` needs a new fill.
//!
//! # As a value
//! The rules of the journal are [`JournalState`], a plain value with no I/O: it is the journal in memory, the model
//! that the durable one is tested against, and what the exhaustive search of the protocol runs.

mod claiming;
mod clock;
mod error;
mod handle;
mod ids;
mod index;
mod limits;
mod marking;
mod model;
mod session;
#[cfg(feature = "sqlite")]
mod sqlite;
mod state;
#[cfg(feature = "sqlite")]
mod writer;
pub(crate) use claiming::{Claim, ClaimRequest};
pub(crate) use clock::micros;
pub use error::JournalError;
pub use handle::Journal;
pub use ids::{ID_BLOCK, IdBlocks};
pub use limits::Limits;
pub(crate) use marking::RunningMark;
pub use model::*;
pub use state::{AUDIT_LINES_MAX, JournalState};
#[cfg(feature = "sqlite")]
pub use writer::{BATCH_COMMANDS_MAX, QUEUE_COMMANDS_MAX};
