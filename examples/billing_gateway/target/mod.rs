//! The store to move to: one document an invoice, partitioned by customer, each row with a stamp. SQLite or Cassandra.

mod cassandra;
mod records;
mod requests;
mod sqlite;
mod store;

pub(crate) use requests::{IdSource, TargetWithIds};
pub(crate) use store::Target;
