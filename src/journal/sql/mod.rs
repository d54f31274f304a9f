//! The journal in tables: what `JournalState` does to a value, done by statements that every database understands.
//!
//! A database brings a [`Connection`], which runs statements, and a [`Dialect`], which spells what differs. When a
//! transaction begins and ends is the database's own affair.

mod audit;
mod claims;
mod connection;
mod dialect;
mod inside;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod mark_inside;
mod mark_rows;
mod marks;
mod numbers;
mod running_marks;
mod sessions;
mod stages;
mod state_row;
mod statements;
mod tables;

#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(super) use connection::cells_and_values;
pub(super) use connection::{Cells, Connection, Value};
pub(super) use dialect::Dialect;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(super) use dialect::ServerDialect;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(super) use mark_inside::mark_inside;
#[cfg(test)]
pub(super) use mark_rows::select;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(super) use running_marks::RunningMarks;
pub(super) use state_row::StateRow;
#[cfg(feature = "sqlite")]
pub(super) use statements::LOAD_STATE;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(super) use statements::{BATCH_COLUMN, LOAD_AND_LOCK_STATE};
#[cfg(test)]
pub(super) use statements::{DEAD, LEFT_ON_SCOPE, SELECT_MARK, due};
pub(super) use tables::run;
