//! [`SqlStore`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{Column, Executor, Pool, SqlSafeStr, SqlStr, Statement};

use super::dialect::Dialect;
use super::error::OpenError;
use super::place::Place;
use super::service::SqlService;
use super::settings::{Builder, Settings};
use super::statements::{Statements, sql};
use super::table::Table;
use crate::data::{DataSet, Outcome};
use crate::route::Leg;

/// A database as a store: a pool for callers, one for background work, and bounds on what the server may still do. Cheap to
/// clone.
pub struct SqlStore<DB: Dialect> {
    pub(super) callers: Pool<DB>,
    pub(super) background: Pool<DB>,
    pub(super) place: Arc<Place>,
    pub(super) settings: Settings,
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
        if Leg::current() == Leg::Shadow { &self.background } else { &self.callers }
    }

    /// The pool for copies, repairs and fill: for the statements of a [`RecordStore`](crate::data::RecordStore).
    #[must_use]
    pub const fn background(&self) -> &Pool<DB> {
        &self.background
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
        self.settings.statement_timeout
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

    /// The statements of a table that holds the records of `D`.
    #[must_use]
    pub fn table<D: DataSet>(table: &Table) -> Statements<DB, D> {
        Statements::new(table)
    }

    /// Prepares all statements of a table, and compares the types of the columns group, item, and those of the record with
    /// what the service reads.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn check_table<D: DataSet>(
        &self,
        statements: &Statements<DB, D>,
        reads: &[Reads<DB>],
    ) -> Result<(), OpenError> {
        let texts = statements.texts();
        for text in texts.all() {
            let of_rows = Arc::ptr_eq(text, &texts.read);
            self.check(sql(text), if of_rows { reads } else { &[] }).await?;
        }
        Ok(())
    }

    /// Prepares a statement and compares the types of its columns with those that the service reads, so that a schema that
    /// does not fit is an error of the start and not of a request.
    ///
    /// # Errors
    /// [`OpenError::Statement`] when it cannot be prepared, [`OpenError::ColumnType`] when a column has another type.
    pub async fn check(&self, statement: impl SqlSafeStr, reads: &[Reads<DB>]) -> Result<(), OpenError> {
        let statement = statement.into_sql_str();
        let (place, text) = (self.place.to_string(), statement.as_str().to_owned());
        let (database, prepared) = (DB::NAME, self.prepared(statement).await);
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(source) => return Err(OpenError::Statement { database, place, statement: text, source }),
        };
        let mut columns = prepared.columns().iter().zip(reads);
        let Some((column, reads)) = columns.find(|(column, reads)| !(reads.compatible)(column.type_info()))
        else {
            return Ok(());
        };
        let (found, wanted) = (column.type_info().to_string(), reads.name.to_owned());
        Err(OpenError::ColumnType {
            database,
            place,
            statement: text,
            column: column.name().to_owned(),
            found,
            wanted,
        })
    }

    async fn prepared(&self, statement: SqlStr) -> sqlx::Result<DB::Statement> {
        let mut connection = self.background.acquire().await?;
        (&mut *connection).prepare(statement).await
    }

    /// The request path as a tower service: `handler` gets the pool that fits the call, and the request.
    ///
    /// Each request runs in a task of its own, to its end or the deadline, also when its caller goes away. At the deadline it is
    /// an [`Io`](sqlx::Error::Io) error of the kind `TimedOut`, whose outcome is unknown.
    pub fn service<F>(&self, handler: F) -> SqlService<DB, F> {
        SqlService::new(self.clone(), handler)
    }

    /// Closes both pools, waiting for what runs.
    pub async fn close(&self) {
        self.callers.close().await;
        self.background.close().await;
    }
}

/// A type that the service reads from a column.
pub struct Reads<DB: sqlx::Database> {
    name: &'static str,
    compatible: fn(&DB::TypeInfo) -> bool,
}

impl<DB: sqlx::Database> Reads<DB> {
    /// The type of a column.
    #[must_use]
    pub fn a<T: sqlx::Type<DB>>() -> Self {
        Self { name: std::any::type_name::<T>(), compatible: T::compatible }
    }
}

impl<DB: sqlx::Database> fmt::Debug for Reads<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<DB: Dialect> Clone for SqlStore<DB> {
    fn clone(&self) -> Self {
        Self {
            callers: self.callers.clone(),
            background: self.background.clone(),
            place: Arc::clone(&self.place),
            settings: self.settings,
        }
    }
}

impl<DB: Dialect> fmt::Debug for SqlStore<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore")
            .field("database", &DB::NAME)
            .field("place", &self.place.to_string())
            .finish_non_exhaustive()
    }
}
