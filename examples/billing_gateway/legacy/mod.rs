//! The store to leave: relational, with ids from the database, and no column for crossfade. SQLite, MariaDB or PostgreSQL.
//!
//! Rows travel as JSON in both directions ([`Row`]), so that one invoice with its lines, or five hundred, is one
//! constant statement, and only the statements differ between the databases: `sqlite.rs`, `mariadb.rs`, `postgres.rs`.
//! Money is kept exact as integer cents: SQLite's own `DECIMAL` would be a float.

mod import;
mod keys;
mod mariadb;
mod open;
mod pool;
mod postgres;
mod records;
mod requests;
mod row;
mod sqlite;
mod statements;
mod store;

pub(crate) use store::Legacy;
