//! Why a content of the file is not in force.

use std::path::PathBuf;

use crate::route::{BadConfig, CONFIG_BYTES_MAX, Stage, SwapError};

/// Why the content of a config file is not in force. The last good config goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigFileError {
    /// It cannot be read: it is not there, no file, or its disk does not answer.
    #[error("config file {path} cannot be read: {detail}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// It is longer than a config may be.
    #[error("config file {path} has more than {CONFIG_BYTES_MAX} bytes")]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// It is no config.
    #[error("config file {path}: {bad}")]
    Bad {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        bad: BadConfig,
    },
    /// It ends in the midst of what it was before, as after a disk that was full. Nobody has meant that.
    #[error(
        "config file {path} looks cut off: it is the beginning of what it was. Write it whole, or reload it to have it so"
    )]
    CutOff {
        /// The file.
        path: PathBuf,
    },
    /// It names no stage. An empty file, and one that was cut off, would otherwise ask for `off`.
    #[error("config file {path} names no stage: write `stage = \"...\"` above the tables")]
    NoStage {
        /// The file.
        path: PathBuf,
    },
    /// The service's own [`check`](super::ConfigFile::check) does not let it pass.
    #[error("config file {path}: {reason}")]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What the check says.
        reason: String,
    },
    /// When the watching began, it named a stage that the committed one cannot move to.
    #[error("config file {path} asks for stage {asked}, the journal has {committed} committed, which can move to: {}", legal(*.committed))]
    Illegal {
        /// The file.
        path: PathBuf,
        /// The committed stage.
        committed: Stage,
        /// The stage that the file names.
        asked: Stage,
    },
    /// The stage that it asks for cannot be moved to now. Nothing of the file is in force.
    #[error("config file {path}: {refused}")]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        refused: SwapError,
    },
    /// It is no longer watched.
    #[error("the config file is no longer watched")]
    Stopped,
}

fn legal(from: Stage) -> String {
    let names: Vec<&str> = from.legal_moves().map(Stage::as_str).collect();
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}
