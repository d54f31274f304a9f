//! Documents in a SQLite file.
//!
//! A deleted invoice leaves its row behind without a document (a tombstone), so that an older copy that lands late
//! cannot bring it back.

mod records;
mod requests;
mod schema;
mod store;

pub(super) use store::InFile;
