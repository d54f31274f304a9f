//! What the server still does for requests that were given up, found in its list of processes and ended.

mod counts;
mod door;
mod known;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
mod process;
mod reaper;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use counts::OverdueCounts;

pub(super) use process::Processes;
pub(super) use reaper::Reaper;
