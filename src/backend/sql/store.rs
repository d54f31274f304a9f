//! [`SqlStore`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{Executor, Pool};

use super::dialect::Dialect;
use super::error::OpenError;
use super::overdue::{OverdueCounts, Reaper};
use super::place::Place;
use super::service::SqlService;
use super::settings::{Builder, Settings};
use super::statements::Statements;
use super::table::Table;
use crate::data::{DataSet, Outcome};
use crate::route::Leg;

/// A database as a store: a pool for callers, one for background work, and bounds on what the server may still do. Cheap to
/// clone.
pub struct SqlStore<DB: Dialect> {
    // One count for all of it: a stack is cloned for each request, and threads that count together wait for each other.
    pub(super) inner: Arc<Inner<DB>>,
}

pub(super) struct Inner<DB: Dialect> {
    pub(super) callers: Pool<DB>,
    pub(super) background: Pool<DB>,
    pub(super) place: Arc<Place>,
    pub(super) settings: Settings,
    pub(super) reaper: Arc<Reaper<DB>>,
}

impl<DB> SqlStore<DB>
where
    DB: Dialect,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    /// Connects with the defaults of [`Builder`].
    ///
    /// # Errors
    /// As [`Builder::open`].
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::builder(url).open().await
    }

    /// Settings before connecting.
    pub fn builder(url: &str) -> Builder<DB> {
        Builder::new(url)
    }

    /// The pool that fits who is asking: that for callers, or in a shadow read that for background work.
    #[must_use]
    pub fn pool(&self) -> &Pool<DB> {
        if Leg::current() == Leg::Shadow { &self.inner.background } else { &self.inner.callers }
    }

    /// The pool for copies, repairs and fill: for the statements of a [`RecordStore`](crate::data::RecordStore).
    #[must_use]
    pub fn background(&self) -> &Pool<DB> {
        &self.inner.background
    }

    /// What an error means for a write: see the [module docs](super#what-an-error-means).
    #[must_use]
    pub fn outcome(error: &sqlx::Error) -> Outcome {
        match error {
            sqlx::Error::Database(error) => DB::outcome_of(&**error),
            // Never sent: no connection was had, or the values could not be written down.
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Configuration(_)
            | sqlx::Error::InvalidArgument(_)
            | sqlx::Error::Encode(_) => Outcome::Rejected,
            sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                Outcome::Rejected
            }
            _ => Outcome::Unknown,
        }
    }

    /// How long after a request was given up one of its writes may still land: what
    /// [`late_bound`](crate::route::LateBounds) of this store has to exceed. What it leaves out is in the
    /// [module docs](super#when-a-write-may-still-land).
    #[must_use]
    pub fn lands_within(&self) -> Duration {
        // The statement may have been sent at the last moment before the request was given up.
        self.inner.settings.statement_timeout
    }

    /// Compares [`lands_within`](Self::lands_within) with the late bound of the routing config. Ask it at the start.
    ///
    /// # Errors
    /// [`OpenError::LateBound`] when the late bound is not longer.
    pub fn check_late_bound(&self, late_bound: Duration) -> Result<(), OpenError> {
        let lands_within = self.lands_within();
        if lands_within < late_bound {
            return Ok(());
        }
        Err(OpenError::LateBound { database: DB::NAME, lands_within, late_bound })
    }

    /// What became of requests that were given up: see [what it does](super#what-runs-past-its-deadline).
    #[must_use]
    pub fn overdue(&self) -> OverdueCounts {
        self.inner.reaper.counts()
    }

    /// The statements of a table that holds the records of `D`.
    #[must_use]
    pub fn table<D: DataSet>(table: &Table) -> Statements<DB, D> {
        Statements::new(table)
    }

    /// The request path as a tower service: `handler` gets the pool that fits the call, and the request.
    ///
    /// A request that has begun runs to its end or the deadline, also when its caller goes away: then it goes on in a task. At
    /// the deadline it is an [`Io`](sqlx::Error::Io) error of the kind `TimedOut`, whose outcome is unknown. It begins when
    /// it is first polled, and until its caller goes away it moves only when it is polled: one that is kept and not polled keeps what it
    /// has, past the deadline too, but asks for nothing more then.
    pub fn service<F, Req, Fut>(&self, handler: F) -> SqlService<DB, F>
    where
        F: Fn(Pool<DB>, Req) -> Fut, // so that the pool's type is known inside of a closure
    {
        SqlService::new(self.clone(), handler)
    }

    /// Closes both pools, waiting for what runs.
    pub async fn close(&self) {
        self.inner.callers.close().await;
        self.inner.background.close().await;
    }
}

impl<DB: Dialect> Clone for SqlStore<DB> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<DB: Dialect> fmt::Debug for SqlStore<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore")
            .field("database", &DB::NAME)
            .field("place", &self.inner.place.to_string())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(feature = "mysql")]
mod tests {
    use super::*;

    #[test]
    fn a_clone_counts_one_owner() {
        assert_eq!(size_of::<SqlStore<sqlx::MySql>>(), size_of::<Arc<()>>());
    }

    #[tokio::test]
    async fn a_shadow_read_takes_its_connection_from_background_work() {
        let store =
            SqlStore::<sqlx::MySql>::builder("mysql://db/billing").connections(3).background_connections(2);
        let store = store.open_lazy().unwrap();
        let connections = || store.pool().options().get_max_connections();
        assert_eq!(connections(), 3);
        assert_eq!(Leg::Shadow.scope(async { connections() }).await, 2);
        assert_eq!(store.background().options().get_max_connections(), 2);
    }

    #[tokio::test]
    async fn a_late_bound_has_to_be_longer_than_what_the_server_may_still_do() {
        let store =
            SqlStore::<sqlx::MySql>::builder("mysql://db/billing").statement_timeout(Duration::from_secs(2));
        let store = store.open_lazy().unwrap();
        let refused = store.check_late_bound(Duration::from_secs(2)).unwrap_err();
        assert!(matches!(refused, OpenError::LateBound { .. }), "{refused}");
        store.check_late_bound(Duration::from_secs(3)).unwrap();
    }
}
