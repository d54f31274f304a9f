//! Marks that a transaction of the service makes inside itself, where the journal lies in the same database.
//!
//! The mark and what it stands for are one commit: there is no mark without its write, and no write without its mark,
//! whatever becomes of the commit. The transaction shares the lock of the epoch's row (`sql/mark_inside.rs`) until it ends, so
//! that a change of the authority waits for it and then sees its mark. In memory the scopes are dirty from before the
//! transaction begins.

mod mark;
mod marking;
mod transaction;

pub(crate) use mark::{Inside, NotMarked};
pub use mark::{Marked, TransactionMark};
pub use transaction::MarksInside;
pub(super) use transaction::Place;
