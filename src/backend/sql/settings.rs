//! [`Builder`].

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use sqlx::Database;

/// How a [`SqlStore`](super::SqlStore) connects, and what bounds its work.
#[derive(Clone)]
#[must_use = "a builder does nothing until `open` is called"]
pub struct Builder<DB> {
    pub(super) url: String,
    pub(super) settings: Settings,
    database: PhantomData<fn() -> DB>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) connections: u32,
    pub(super) background_connections: u32,
    pub(super) acquire_timeout: Duration,
    pub(super) statement_timeout: Duration,
    pub(super) deadline: Duration,
    pub(super) ends_overdue: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 16,
            background_connections: 8,
            acquire_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(10),
            ends_overdue: true,
        }
    }
}

impl<DB: Database> Builder<DB> {
    pub(super) fn new(url: &str) -> Self {
        Self { url: url.to_owned(), settings: Settings::default(), database: PhantomData }
    }

    /// The most connections for callers. Default 16.
    pub fn connections(mut self, connections: u32) -> Self {
        self.settings.connections = connections.max(1);
        self
    }

    /// The most connections for copies, repairs, fill and shadow reads, beside those for callers. Default 8.
    pub fn background_connections(mut self, connections: u32) -> Self {
        self.settings.background_connections = connections.max(1);
        self
    }

    /// How long a request waits for a connection; then it is rejected. Default 2 s.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.settings.acquire_timeout = timeout;
        self
    }

    /// How long the server lets a statement run, or wait for a lock. MariaDB waits for locks in whole seconds. Default 5 s.
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.settings.statement_timeout = timeout.max(Duration::from_millis(1));
        self
    }

    /// How long a whole request may take, waiting for its connection included; then it is given up and its outcome is
    /// unknown. Default 10 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = deadline;
        self
    }

    /// Whether connections of callers are ended whose statement runs longer than [`deadline`](Self::deadline), after a request
    /// was given up: see [what it does](super#what-runs-past-its-deadline). On by default. Off is for a proxy that gives one
    /// connection of the server to several clients: whom it ends there is not known.
    pub fn ends_overdue(mut self, ends: bool) -> Self {
        self.settings.ends_overdue = ends;
        self
    }
}

/// Without the URL, which may hold a password.
impl<DB> fmt::Debug for Builder<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
