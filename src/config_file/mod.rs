//! page
mod contents;
mod error;
mod events;
mod file;
mod reading;
mod watched;

pub use error::ConfigFileError;
pub use file::{ConfigFile, POLL_EVERY};
pub use watched::WatchedFile;
