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
//! Whoever uses the layers needs nothing of this module. It is public so that the steps can be read, searched and
//! driven by programs other than the crate itself.
//!
//! # The machines
//!
//! | machine | decides | carried out by |
//! |---|---|---|
//! | [`Write`] | mark, call the authority, copy, unmark or leave the mark | `dual_write` |
//! | [`CopyRun`] | stamp, read, replace, look again | `copy` |
//! | [`after_repair`] | what becomes of claimed marks | `reconcile` |
//! | [`Fill`] | drain, wait, page after page of both stores, certify | `fill` |
//! | [`MoveRun`] | one commit; or hold, drain, wait, hand over, and then the commit | `route` |
//!
//! A machine that is told what cannot happen ends on the safe side: a write that may have reached the authority leaves its
//! mark, a copy has failed, a fill
//! stops, a move keeps the old stage. Carrying a step out before the one before it has ended is the wrong program here:
//!
//! ```no_run
//! # use crossfade::protocol::{Secondary, Write, WriteEvent, WriteStep};
//! # async fn mark() {} async fn call() {} async fn wrong(secondary: Secondary) {
//! let (mut write, _mark) = Write::begin(secondary);
//! // Wrong: the machine is told of a mark that is not durable yet. A crash now loses the write on the other store.
//! write.next(WriteEvent::Marked);
//! tokio::join!(mark(), call());
//! # } async fn right(secondary: Secondary) {
//! let (mut write, _mark) = Write::begin(secondary);
//! // Right.
//! mark().await;
//! assert_eq!(write.next(WriteEvent::Marked), WriteStep::CallAuthority);
//! call().await;
//! # }
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
pub use stage_move::{CommitRequest, Grounds, MoveEvent, MoveRefused, MoveRun, MoveStep};
pub use wait::{Secondary, Wait};
pub use write::{Write, WriteEvent, WriteStep};
