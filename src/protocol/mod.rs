//! The write protocol as pure steps: no I/O, no clock, no async.
//!
//! What a write, a copy, a repair, a fill page and a stage move do next is decided here, by small state machines
//! over plain data. The async code asks a machine for its next [step](WriteStep), does it, and tells the machine
//! what came of it; it decides nothing itself. The same machines run in an exhaustive search of the protocol
//! (`tests/it/search`), which is why each of them is `Copy`, comparable and hashable.
//!
//! ```
//! use crossfade::data::Outcome;
//! use crossfade::protocol::{Secondary, Wait, Write, WriteEvent, WriteStep};
//! use crossfade::route::Store;
//!
//! let secondary = Secondary { store: Store::Target, keeps_stamps: true };
//! let (mut write, step) = Write::begin(secondary);
//! assert_eq!(step, WriteStep::Mark);
//! assert_eq!(write.next(WriteEvent::Marked), WriteStep::CallAuthority);
//! // Nobody knows whether it was applied: the mark stays, and waits until the write can no longer land.
//! let step = write.next(WriteEvent::Answered(Outcome::Unknown));
//! assert_eq!(step, WriteStep::Leave(Wait::LateBound(Store::Legacy)));
//! ```
//!
//! # Rules
//! The rules of the protocol are named R1 to R10; `ARCHITECTURE.md` has the table of where each is kept and which
//! test fails without it.

mod copy;
mod fill;
mod repair;
mod stage_move;
mod wait;
mod write;

pub use copy::{CopyEnd, CopyEvent, CopyRun, CopyStep, LOOKS_MAX};
pub use fill::{Fill, FillEvent, FillStep, Side};
pub use repair::{RepairEnd, RepairStep, after_repair};
pub use stage_move::{CommitRequest, MoveEvent, MoveRefused, MoveRun, MoveStep};
pub use wait::{Secondary, Wait};
pub use write::{Write, WriteEvent, WriteStep};
