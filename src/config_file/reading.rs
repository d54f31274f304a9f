//! Reading the file, on a thread that may wait for its disk.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::error::ConfigFileError;
use crate::route::CONFIG_BYTES_MAX;

/// How long a disk may take. What is read later than that is looked at the next time.
const READ_WAIT: Duration = Duration::from_secs(5);

/// Reads one file; at most one thread waits for its disk.
#[derive(Debug)]
pub(super) struct Reader {
    path: PathBuf,
    waiting: Option<JoinHandle<io::Result<String>>>,
}

impl Reader {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), waiting: None }
    }

    pub(super) async fn read(&mut self) -> Result<String, ConfigFileError> {
        let path = self.path.clone();
        let mut reading = self.waiting.take().unwrap_or_else(|| spawn_blocking(move || read_file(&path)));
        let Ok(done) = timeout(READ_WAIT, &mut reading).await else {
            self.waiting = Some(reading);
            return Err(self.unreadable(format!("its disk has not answered for {READ_WAIT:?}")));
        };
        let text = done.map_err(|error| self.unreadable(error.to_string()))?;
        let text = text.map_err(|error| self.unreadable(error.to_string()))?;
        if text.len() > CONFIG_BYTES_MAX {
            return Err(ConfigFileError::TooLong { path: self.path.clone() });
        }
        Ok(text)
    }

    fn unreadable(&self, detail: String) -> ConfigFileError {
        ConfigFileError::Unreadable { path: self.path.clone(), detail }
    }
}

/// Reads one byte more than a config may have, at most.
fn read_file(path: &Path) -> io::Result<String> {
    // Opening a pipe would wait until somebody writes to it.
    if !path.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    let mut text = String::new();
    File::open(path)?.take(CONFIG_BYTES_MAX as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}
