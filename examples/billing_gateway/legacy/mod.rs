//! The store to leave: relational, with ids from the database, and no column for crossfade.
//!
//! Rows travel as JSON in both directions ([`Row`]), so that one invoice with its lines, or five hundred, is one
//! constant statement. Money is kept exact as integer cents: SQLite's own `DECIMAL` would be a float.

mod records;
mod requests;
mod row;
mod schema;
mod store;

pub(crate) use row::Row;
pub(crate) use store::Legacy;
