//! A connection as the server tells it from others, and what it does there.

use std::future::Future;
use std::time::Duration;

use sqlx::Database;

/// A connection in the server's list of processes.
#[allow(unnameable_types, reason = "a part of `Dialect`, which is sealed")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    pub(super) id: i64,
    /// What tells it from another one that has its id later.
    pub(super) from: String,
}

/// What the server does for a connection.
#[allow(unnameable_types, reason = "a part of `Dialect`, which is sealed")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    pub(super) process: Process,
    /// None: nothing.
    pub(super) busy: Option<Busy>,
}

/// For how long it runs a statement, or holds a transaction open and waits: somewhere in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busy {
    pub(super) at_least: Duration,
    pub(super) at_most: Duration,
}

impl Busy {
    /// The server does not say.
    pub(super) const FOR_UNKNOWN: Self = Self { at_least: Duration::ZERO, at_most: Duration::MAX };

    #[cfg(any(test, feature = "postgres"))]
    pub(super) const fn exactly(time: Duration) -> Self {
        Self { at_least: time, at_most: time }
    }

    /// The server counts seconds on its clock, and not those that went by: 0.2 s may be one.
    #[cfg(any(test, feature = "mysql"))]
    pub(super) fn clock_seconds(seconds: u64) -> Self {
        let (at_least, at_most) = (seconds.saturating_sub(1), seconds.saturating_add(1));
        Self { at_least: Duration::from_secs(at_least), at_most: Duration::from_secs(at_most) }
    }
}

impl Running {
    /// Whether it may be doing what it began so long ago or earlier.
    pub(super) fn may_have_begun(&self, ago: Duration) -> bool {
        self.busy.is_some_and(|busy| busy.at_most >= ago)
    }

    /// Whether it surely does the same for longer than this.
    pub(super) fn exceeds(&self, limit: Duration) -> bool {
        self.busy.is_some_and(|busy| busy.at_least > limit)
    }

    #[cfg(test)]
    pub(super) fn rests(process: Process) -> Self {
        Self { process, busy: None }
    }
}

/// A database whose server lists what it does, and lets a user end what is its own.
#[allow(unnameable_types, reason = "a part of `Dialect`, which is sealed")]
pub trait Processes: Database {
    /// Whether there is a server that goes on without its client.
    const HAS_SERVER: bool;

    /// Whom the server knows a connection as. None when that does not tell it from every later one.
    fn process_of(
        connection: &mut Self::Connection,
    ) -> impl Future<Output = sqlx::Result<Option<Process>>> + Send;

    /// The connections of this user.
    fn list(connection: &mut Self::Connection) -> impl Future<Output = sqlx::Result<Vec<Running>>> + Send;

    /// Ends a connection that was found to exceed this limit. That it is gone already is no error.
    fn end(
        connection: &mut Self::Connection,
        process: &Process,
        limit: Duration,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn running(busy: Option<Busy>) -> Running {
        Running { process: Process { id: 1, from: String::new() }, busy }
    }

    #[test]
    fn seconds_on_a_clock_are_read_carefully_both_ways() {
        let two = running(Some(Busy::clock_seconds(2)));
        assert!(two.exceeds(SECOND / 2) && !two.exceeds(SECOND));
        assert!(two.may_have_begun(3 * SECOND) && !two.may_have_begun(4 * SECOND));
    }

    #[test]
    fn what_rests_is_no_suspect_and_what_is_not_known_is_one_that_is_left_alone() {
        let rests = running(None);
        assert!(!rests.exceeds(Duration::ZERO) && !rests.may_have_begun(Duration::ZERO));
        let unknown = running(Some(Busy::FOR_UNKNOWN));
        assert!(!unknown.exceeds(Duration::ZERO) && unknown.may_have_begun(1000 * SECOND));
    }
}
