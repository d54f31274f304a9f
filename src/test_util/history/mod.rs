//! What callers saw, and whether it can be true: [`History`].
//!
//! A [`History`] records when each write and each read began and ended, in the order of one counter, and what came
//! of it. From that alone it tells which values a read may return and which a store may hold at the end:
//!
//! - *no acknowledged write is lost*: the final record of the authority is that of a write that no acknowledged
//!   write has surely replaced;
//! - *convergence*: both stores hold the same;
//! - *no stale read*: a read does not return a value that an acknowledged write had surely replaced before the read
//!   began.
//!
//! *Surely replaced* means that the newer write began after the older one had ended and was itself acknowledged.
//! Writes that ran at the same time may take either order; a write of unknown outcome may land at any time after it
//! began, or never; a rejected one never does. So a correct register is never accused, however its calls overlap. A
//! history in which two writes of one key have equal values is judged as leniently as either allows: give each
//! write a value of its own to see most.
//!
//! [`History::reads_out_of_order`] asks for more: that the reads of a key agree on one order of its values.
//!
//! ```
//! use crossfade::test_util::History;
//!
//! let history = History::new();
//! let write = history.write("k", Some("old"));
//! write.acked();
//! let write = history.write("k", Some("new"));
//! write.acked();
//! let read = history.read();
//! read.returned("k", Some("old")); // both writes had ended before this read began
//!
//! let violations = history.violations([("k", "new")]);
//! assert_eq!(violations.len(), 1);
//! assert!(violations[0].to_string().contains("stale"), "{}", violations[0]);
//! ```

mod judge;
mod layer;
mod log;
#[cfg(test)]
mod made_up;
mod order;
#[cfg(test)]
mod tests;
mod violation;

pub use layer::{HistoryLayer, WithHistory};
pub use log::{History, Reading, Writing};
pub use violation::{Span, Violation, WriteShown, differences};
