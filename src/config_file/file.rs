//! [`ConfigFile`].

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::check::Check;
use super::contents::parse;
use super::error::ConfigFileError;
use super::reading::Reader;
use super::watched::{WatchedFile, watch};
use crate::route::{RoutingConfig, RoutingHandle};

/// How often the file is read although no event told of a change.
pub const POLL_EVERY: Duration = Duration::from_secs(30);

/// A routing config in a TOML file: see the [module docs](super).
#[derive(Clone, Debug)]
pub struct ConfigFile {
    pub(super) path: PathBuf,
    pub(super) poll_every: Duration,
    pub(super) check: Check,
}

impl ConfigFile {
    /// The file with this name. It may be a symbolic link, and be replaced at any time.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), poll_every: POLL_EVERY, check: Check::default() }
    }

    /// Reads it this often although no event told of a change, at least every 10 ms; [`POLL_EVERY`] by default. On file
    /// systems over a network events may never come.
    #[must_use]
    pub fn poll_every(mut self, pace: Duration) -> Self {
        self.poll_every = pace;
        self
    }

    /// What the service itself asks of each content, before it is in force: for what the config alone cannot know. A content that
    /// does not pass is refused like any bad one, and the last good config goes on. It takes the place of an earlier check, and
    /// is shown with `{:#}`.
    ///
    /// ```no_run
    /// # use crossfade::{backend::sql::MySql, config_file::ConfigFile};
    /// # async fn example(mysql: MySql) {
    /// // Whoever edits the file does not know how long a write to this store may take to land.
    /// let file = ConfigFile::new("invoices.toml").check(move |config| mysql.check_late_bound(config.late_bound.legacy));
    /// # let _ = file;
    /// # }
    /// ```
    #[must_use]
    pub fn check<E: Display>(
        mut self,
        check: impl Fn(&RoutingConfig) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        self.check = Check::new(check);
        self
    }

    /// Reads and checks it once, for [`RoutingHandle::open`].
    ///
    /// # Errors
    /// When it cannot be read, or what is in it cannot be meant.
    pub async fn read(&self) -> Result<RoutingConfig, ConfigFileError> {
        let text = Reader::new(&self.path).read().await?;
        self.parse(&text)
    }

    pub(super) fn parse(&self, text: &str) -> Result<RoutingConfig, ConfigFileError> {
        let config = parse(&self.path, text)?;
        self.check.pass(&self.path, &config).map(|()| config)
    }

    /// Puts what is in the file in force, all but its stage, and watches it from now on in a task of this runtime.
    ///
    /// # Errors
    /// When it cannot be read, what is in it cannot be meant, or it names a stage that is no legal move from the
    /// committed one.
    pub async fn watch(self, routing: RoutingHandle) -> Result<WatchedFile, ConfigFileError> {
        watch(self, routing).await
    }

    /// The folder whose events tell of a change: also of a link in it that is swapped, as Kubernetes does with a
    /// ConfigMap.
    pub(super) fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        }
    }
}
