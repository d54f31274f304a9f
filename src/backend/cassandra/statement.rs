//! [`Statement`].

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use scylla::response::query_result::{QueryResult, QueryRowsResult};
use scylla::serialize::row::SerializeRow;
use scylla::statement::Consistency;
use scylla::statement::prepared::PreparedStatement;
use scylla::value::{CqlValue, Row as AnyRow};

use super::error::{CassandraError, OpenError};
use super::in_time::in_time;
use super::outcome::Sent;
use super::prepared::{Fits, Prepared, shown};
use super::session::Cassandra;
use crate::route::{Deadline, Leg};

/// A type that rows are read as: a tuple, or a struct that derives `scylla::DeserializeRow`, without borrowed parts.
pub trait ReadsRow: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata> + Send + 'static {}

impl<Row> ReadsRow for Row where Row: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata> + Send + 'static
{}

/// What a write `IF` something answers: whether it was applied.
#[derive(Debug)]
#[non_exhaustive]
pub enum Applied {}

/// One statement, prepared when it is used first, once for each of the two sessions. Clones share that. Made by
/// [`Cassandra::reads`], [`replaces`](Cassandra::replaces), [`writes`](Cassandra::writes) and
/// [`writes_if`](Cassandra::writes_if).
///
/// Values are tuples (up to 16), or structs that derive `scylla::SerializeRow`. A future that is dropped leaves its request
/// running in the server.
pub struct Statement<Row = ()> {
    shared: Arc<Prepared>,
    background: bool,
    row: PhantomData<fn() -> Row>,
}

impl<Row> Statement<Row> {
    pub(super) fn new(store: &Cassandra, cql: String, sent: Sent) -> Self {
        Self::of(Prepared::new(store, cql, sent, |_| Ok(())))
    }

    fn of(prepared: Prepared) -> Self {
        Self { shared: Arc::new(prepared), background: false, row: PhantomData }
    }

    /// The same statement, always on the session for background work: for a [`RecordStore`](crate::data::RecordStore).
    #[must_use]
    pub fn background(&self) -> Self {
        Self { background: true, ..self.clone() }
    }

    /// The statement.
    #[must_use]
    pub fn cql(&self) -> &str {
        &self.shared.cql
    }

    /// Prepares it on both sessions and compares the types of its columns with those that the service reads, so that a schema
    /// that does not fit is an error of the start and not of a request.
    ///
    /// # Errors
    /// [`OpenError::Statement`] when it cannot be prepared, [`OpenError::ColumnType`] when a column has another type.
    pub async fn check(&self) -> Result<(), OpenError> {
        for statement in [self, &self.background()] {
            statement.check_once().await?;
        }
        Ok(())
    }

    async fn check_once(&self) -> Result<(), OpenError> {
        let (place, statement) = (self.shared.store.inner.place.to_string(), self.shared.cql.clone());
        let prepared = match self.prepared().await {
            Ok((_, prepared)) => prepared,
            Err(source) => return Err(OpenError::Statement { place, statement, source }),
        };
        let columns = prepared.get_current_result_set_col_specs();
        let found = columns.get();
        (self.shared.fits)(found.as_slice()).map_err(|source| {
            let wanted = type_name::<Row>();
            OpenError::ColumnType { place, statement, found: shown(found), wanted, source }
        })
    }

    async fn execute(&self, values: impl SerializeRow) -> Result<QueryResult, CassandraError> {
        let (session, prepared) = self.prepared().await?;
        let executed = in_time(session.execute_unpaged(prepared, values)).await;
        executed.map_err(|source| CassandraError::execution(self.shared.sent, source))
    }

    async fn rows(&self, values: impl SerializeRow) -> Result<QueryRowsResult, CassandraError> {
        self.execute(values).await?.into_rows_result().map_err(CassandraError::answer)
    }

    async fn prepared(&self) -> Result<(&Session, &PreparedStatement), CassandraError> {
        let session = self.shared.store.fitting(self.background)?;
        let background = self.background || Leg::current() == Leg::Shadow;
        let own = self.shared.store.inner.settings.deadline_of(background);
        let deadline = Deadline::current().map_or(own, |leg| own.min(leg.left()));
        let prepared = self.shared.on(session, background, deadline);
        Ok((session, prepared.await?))
    }
}

impl Statement {
    /// Executes it.
    ///
    /// # Errors
    /// [`CassandraError`], whose [`outcome`](CassandraError::outcome) says what became of a write.
    pub async fn run(&self, values: impl SerializeRow) -> Result<(), CassandraError> {
        self.execute(values).await.map(drop)
    }
}

impl Statement<Applied> {
    /// Executes it; whether its condition held, so that it was applied.
    ///
    /// # Errors
    /// [`CassandraError`], whose [`outcome`](CassandraError::outcome) says what became of the write.
    pub async fn applied(&self, values: impl SerializeRow) -> Result<bool, CassandraError> {
        // The columns that follow depend on whether it was.
        let row = self.rows(values).await?.first_row::<AnyRow>().map_err(CassandraError::answer)?;
        match row.columns.first() {
            Some(Some(CqlValue::Boolean(applied))) => Ok(*applied),
            _ => Err(CassandraError::Answer("it does not say whether the write was applied".to_owned())),
        }
    }
}

impl<Row: ReadsRow> Statement<Row> {
    pub(super) fn of_rows(store: &Cassandra, cql: String) -> Self {
        Self::of(Prepared::new(store, cql, Sent::Repeatedly, Self::fits()))
    }

    pub(super) fn of_rows_at(store: &Cassandra, cql: String, consistency: Consistency) -> Self {
        Self::of(Prepared::new(store, cql, Sent::Repeatedly, Self::fits()).at(consistency))
    }

    fn fits() -> Fits {
        <Row as DeserializeRow<'static, 'static>>::type_check
    }

    /// The first row of the answer.
    ///
    /// # Errors
    /// [`CassandraError`].
    pub async fn one(&self, values: impl SerializeRow) -> Result<Option<Row>, CassandraError> {
        self.rows(values).await?.maybe_first_row().map_err(CassandraError::answer)
    }

    /// All rows of the answer, at once: the statement has to bound them by `LIMIT`.
    ///
    /// # Errors
    /// [`CassandraError`].
    pub async fn all(&self, values: impl SerializeRow) -> Result<Vec<Row>, CassandraError> {
        let rows = self.rows(values).await?;
        let rows = rows.rows().map_err(CassandraError::answer)?;
        rows.collect::<Result<_, _>>().map_err(CassandraError::answer)
    }
}

impl<Row> Clone for Statement<Row> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), background: self.background, row: PhantomData }
    }
}

impl<Row> fmt::Debug for Statement<Row> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Statement");
        shown.field("cql", &self.shared.cql).field("background", &self.background).finish_non_exhaustive()
    }
}
