//! [`Migration::builder`]: the documented stack without choosing its order, and the ways into it.

mod builder;
mod ways;

pub use builder::{Migration, MigrationBuilder};
