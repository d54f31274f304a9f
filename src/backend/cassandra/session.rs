//! [`Cassandra`].

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use scylla::client::session::Session;
use scylla::deserialize::value::DeserializeValue;
use scylla::serialize::value::SerializeValue;
use scylla::statement::Consistency;

use super::builder::{Builder, Settings};
use super::clock;
use super::connect::Sessions;
use super::error::{CassandraError, OpenError};
use super::keys::Keys;
use super::outcome::Sent;
use super::place::Place;
use super::service::CassandraService;
use super::statement::{Applied, ReadsRow, Statement};
use super::walk::Walk;
use crate::data::{DataSet, Outcome, Stamp};
use crate::route::Leg;

/// Cassandra or ScyllaDB as a store: a session for callers, one for background work, and statements that are prepared
/// once. Cheap to clone.
#[derive(Clone)]
pub struct Cassandra {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) place: Place,
    pub(super) settings: Settings,
    sessions: OnceLock<Sessions>,
    /// Why there are none yet.
    failure: Mutex<Option<String>>,
}

impl Cassandra {
    /// Connects with the defaults of [`Builder`]. The URL is `cassandra://[user:password@]host[:port][,host[:port]..]/keyspace`.
    ///
    /// # Errors
    /// As [`Builder::open`].
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::builder(url).open().await
    }

    /// Settings before connecting.
    pub fn builder(url: &str) -> Builder {
        Builder::new(url)
    }

    pub(super) fn new(place: Place, settings: Settings) -> Self {
        let inner = Inner { place, settings, sessions: OnceLock::new(), failure: Mutex::new(None) };
        Self { inner: Arc::new(inner) }
    }

    /// A `SELECT` whose rows are `Row`s: tuples, or structs that derive `scylla::DeserializeRow`. The driver may send it
    /// again.
    pub fn reads<Row: ReadsRow>(&self, cql: impl Into<String>) -> Statement<Row> {
        Statement::of_rows(self, cql.into())
    }

    /// A `SELECT` from one partition that first ends the conditional writes of it that had begun (`SERIAL`, or `LOCAL_SERIAL`
    /// with a consistency of `LOCAL_QUORUM`): what it does not see lands no more, unless it is still to begin. For
    /// [`RecordStore::read`](crate::data::RecordStore::read) of a store whose own writes are conditional. The driver may send
    /// it again.
    pub fn reads_serially<Row: ReadsRow>(&self, cql: impl Into<String>) -> Statement<Row> {
        let local = self.inner.settings.consistency == Consistency::LocalQuorum;
        let consistency = if local { Consistency::LocalSerial } else { Consistency::Serial };
        Statement::of_rows_at(self, cql.into(), consistency)
    }

    /// A write that may be sent again: an `INSERT`, `UPDATE` or `DELETE` of whole values `USING TIMESTAMP ?`.
    pub fn replaces(&self, cql: impl Into<String>) -> Statement {
        Statement::new(self, cql.into(), Sent::Repeatedly)
    }

    /// A write of the request path: sent once.
    pub fn writes(&self, cql: impl Into<String>) -> Statement {
        Statement::new(self, cql.into(), Sent::Once)
    }

    /// A write `IF` something: sent once, and says whether it was [`applied`](Statement::applied).
    pub fn writes_if(&self, cql: impl Into<String>) -> Statement<Applied> {
        Statement::new(self, cql.into(), Sent::Conditionally)
    }

    /// The pages of a table whose partition key is `group` and whose clustering key is `item`, each one column: see [`Walk`].
    #[must_use]
    pub fn walk<Row: ReadsRow>(&self, table: &str, group: &str, item: &str, columns: &[&str]) -> Walk<Row> {
        Walk::new(self, table, group, item, columns)
    }

    /// The keys of such a table, without their records: see [`Keys`].
    #[must_use]
    pub fn keys<D>(&self, table: &str, group: &str, item: &str) -> Keys<D>
    where
        D: DataSet,
        D::Group: SerializeValue + for<'frame, 'metadata> DeserializeValue<'frame, 'metadata>,
        D::Item: SerializeValue + for<'frame, 'metadata> DeserializeValue<'frame, 'metadata>,
    {
        Keys::new(self, table, group, item)
    }

    /// The request path as a tower service: `handler` gets the store and the request. In a shadow read its statements run on
    /// the session for background work.
    pub fn service<F, Req, Fut>(&self, handler: F) -> CassandraService<F>
    where
        F: Fn(Self, Req) -> Fut, // so that the store's type is known inside of a closure
    {
        CassandraService::new(self.clone(), handler)
    }

    /// The clock of the nodes in microseconds, for [`RecordStore::clock`](crate::data::RecordStore::clock): the earliest one,
    /// since any node may stamp the next write. Each node is asked; one that is away is left out, so keep their clocks
    /// together, as Cassandra needs anyway. Rounded down to the millisecond.
    ///
    /// # Errors
    /// When no node answers, or one that is connected does not.
    pub async fn clock(&self) -> Result<Stamp, CassandraError> {
        clock::earliest(self.background()?).await
    }

    /// The driver's session that fits who is asking: that for callers, or in a shadow read that for background work. For what
    /// a [`Statement`] does not do, such as batches.
    ///
    /// # Errors
    /// [`CassandraError::NotConnected`] before the first connection of [`Builder::open_lazy`].
    pub fn session(&self) -> Result<&Session, CassandraError> {
        self.fitting(false)
    }

    /// The driver's session for copies, repairs and fill.
    ///
    /// # Errors
    /// As [`session`](Self::session).
    pub fn background(&self) -> Result<&Session, CassandraError> {
        self.fitting(true)
    }

    /// Whether it was reached at least once.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.inner.sessions.get().is_some()
    }

    /// What an error means for a write: see the [module docs](super#what-an-error-means).
    #[must_use]
    pub fn outcome(error: &CassandraError) -> Outcome {
        error.outcome()
    }

    pub(super) fn fitting(&self, background: bool) -> Result<&Session, CassandraError> {
        let sessions = self.inner.sessions.get().ok_or_else(|| self.inner.why_not())?;
        let background = background || Leg::current() == Leg::Shadow;
        Ok(if background { &sessions.background } else { &sessions.callers })
    }
}

impl Inner {
    /// Once: later ones are the same.
    pub(super) fn connected(&self, sessions: Sessions) {
        drop(self.sessions.set(sessions));
    }

    pub(super) fn not_connected(&self, error: &OpenError) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
    }

    fn why_not(&self) -> CassandraError {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let reason = failure.as_deref().unwrap_or("the first try is running").to_owned();
        CassandraError::NotConnected { place: self.place.to_string(), reason }
    }
}

impl fmt::Debug for Cassandra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cassandra").field("place", &self.inner.place).finish_non_exhaustive()
    }
}
