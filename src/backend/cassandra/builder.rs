//! [`Builder`].

use std::fmt;
use std::time::Duration;

use scylla::statement::Consistency;

/// How a [`Cassandra`](super::Cassandra) store connects, and what bounds its work.
#[derive(Clone)]
#[must_use = "a builder does nothing until `open` is called"]
pub struct Builder {
    pub(super) url: String,
    pub(super) settings: Settings,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) consistency: Consistency,
    pub(super) deadline: Duration,
    /// None: that of callers.
    pub(super) background_deadline: Option<Duration>,
    pub(super) connect_timeout: Duration,
}

impl Settings {
    pub(super) fn deadline_of(self, background: bool) -> Duration {
        let background = self.background_deadline.filter(|_| background);
        background.unwrap_or(self.deadline)
    }
}

impl Builder {
    pub(super) fn new(url: &str) -> Self {
        let settings = Settings {
            consistency: Consistency::Quorum,
            deadline: Duration::from_secs(5),
            background_deadline: None,
            connect_timeout: Duration::from_secs(5),
        };
        Self { url: url.to_owned(), settings }
    }

    /// How many replicas a read or a write waits for. Default `QUORUM`. With `LOCAL_QUORUM`, conditional writes agree by
    /// `LOCAL_SERIAL`, else by `SERIAL`.
    pub fn consistency(mut self, consistency: Consistency) -> Self {
        self.settings.consistency = consistency;
        self
    }

    /// How long a statement may take; then it is given up and the outcome of a write is unknown. Default 5 s, more than the
    /// server's own timeout of a write (2 s), whose error says more. To be prepared, before it runs for the first time,
    /// a statement has the same time once more.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = deadline;
        self
    }

    /// The same for copies, repairs, fill and shadow reads, whose session has a profile of its own. Default: that of callers.
    /// A longer one gives the large pages of a fill their time, a shorter one keeps a slow store from being asked much by what
    /// nobody waits for.
    pub fn background_deadline(mut self, deadline: Duration) -> Self {
        self.settings.background_deadline = Some(deadline);
        self
    }

    /// How long a connection may take to be made. Default 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = timeout;
        self
    }
}

/// Without the URL, which may hold a password.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
