//! The store to move to: one document an invoice, partitioned by customer, each row with a stamp.
//!
//! A deleted invoice leaves its row behind without a document (a tombstone), so that an older copy that lands late
//! cannot bring it back.

mod records;
mod requests;
mod schema;
mod store;

pub(crate) use requests::{IdSource, TargetWithIds};
pub(crate) use store::Target;
