//! Connecting for the first time.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::time::timeout;

use super::dialect::Dialect;
use super::error::{OpenError, Refusal, refusal};
use super::overdue::Reaper;
use super::place::Place;
use super::settings::{Builder, Settings};
use super::store::{Inner, SqlStore};
use super::syntax::Syntax;
use crate::cut_off;

/// How long after a statement was cut off each connection that comes back to its pool is asked whether it is in step.
const CUT_OFF_LATELY: Duration = Duration::from_secs(10);
/// How long its answer may take, beside a statement that may still run.
const IN_STEP_WITHIN: Duration = Duration::from_secs(1);
/// How long the first connection may take.
const FIRST_CONNECTION_MAX: Duration = Duration::from_secs(10);

pub(super) type Options<DB> = <<DB as sqlx::Database>::Connection as Connection>::Options;

impl<DB> Builder<DB>
where
    DB: Dialect,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    /// Connects once, to see that the store is there and lets us in; the pools connect when they are used.
    ///
    /// # Errors
    /// [`OpenError`] says which store, which part of the URL, and what to do.
    pub async fn open(self) -> Result<SqlStore<DB>, OpenError> {
        let store = self.open_lazy()?;
        let first = timeout(FIRST_CONNECTION_MAX, first_connection::<DB>(&self.url, self.settings)).await;
        let late = || Err(sqlx::Error::Io(std::io::Error::from(std::io::ErrorKind::TimedOut)));
        first.unwrap_or_else(|_| late()).map_err(|source| refused::<DB>(source, &store.inner.place))?;
        Ok(store)
    }

    /// Connects when the store is used first: for a target that may be down while the service starts.
    ///
    /// # Errors
    /// [`OpenError::Url`] alone.
    pub fn open_lazy(&self) -> Result<SqlStore<DB>, OpenError> {
        let (place, settings) = (Arc::new(Place::of::<DB>(&self.url)?), self.settings);
        let options = options::<DB>(&self.url)?;
        let reaper = Arc::new(Reaper::new(options.clone(), Arc::clone(&place), settings));
        let callers = callers::<DB>(settings, Arc::clone(&reaper)).connect_lazy_with(options.clone());
        let background = background::<DB>(settings).connect_lazy_with(options);
        Ok(SqlStore { inner: Arc::new(Inner { callers, background, place, settings, reaper }) })
    }
}

fn options<DB: Dialect>(url: &str) -> Result<Options<DB>, OpenError> {
    Options::<DB>::from_str(url).map_err(|error| Place::bad::<DB>(&error.to_string()))
}

fn callers<DB>(settings: Settings, reaper: Arc<Reaper<DB>>) -> PoolOptions<DB>
where
    DB: Dialect,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let known = Arc::clone(&reaper);
    pool(settings, settings.connections)
        .after_connect(move |connection, _| {
            let known = Arc::clone(&known);
            Box::pin(async move {
                begin_session::<DB>(connection, settings.statement_timeout, false).await?;
                known.connected(connection).await
            })
        })
        .before_acquire(move |connection, resting| {
            let reaper = Arc::clone(&reaper);
            Box::pin(async move { Ok(reaper.lets_take(connection, resting.idle_for).await) })
        })
}

fn background<DB>(settings: Settings) -> PoolOptions<DB>
where
    DB: Dialect,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    pool(settings, settings.background_connections).after_connect(move |connection, _| {
        Box::pin(begin_session::<DB>(connection, settings.statement_timeout, true))
    })
}

fn pool<DB>(settings: Settings, connections: u32) -> PoolOptions<DB>
where
    DB: Dialect,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    PoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false) // a round trip for each statement
        .after_release(move |connection, _| {
            Box::pin(is_in_step::<DB>(connection, settings.statement_timeout))
        })
}

/// The driver asks each connection that comes back whether it is alive, and waits for the answer for ever. One whose statement was
/// dropped while its answer came in may be out of step and never hear of it: it is closed in place of being kept.
async fn is_in_step<DB: Dialect>(
    connection: &mut DB::Connection,
    statement_timeout: Duration,
) -> sqlx::Result<bool> {
    if !cut_off::within(CUT_OFF_LATELY) {
        return Ok(true);
    }
    // The statement that was dropped may still run.
    let answered = timeout(statement_timeout + IN_STEP_WITHIN, connection.ping()).await;
    answered
        .unwrap_or_else(|_| Err(sqlx::Error::Protocol("the connection is out of step".to_owned())))
        .map(|()| true)
}

pub(super) async fn begin_session<DB>(
    connection: &mut DB::Connection,
    statement_timeout: Duration,
    background: bool,
) -> sqlx::Result<()>
where
    DB: Dialect,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    for setting in DB::session(statement_timeout, background) {
        sqlx::raw_sql(AssertSqlSafe(setting)).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn first_connection<DB>(url: &str, settings: Settings) -> sqlx::Result<()>
where
    DB: Dialect,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let options = Options::<DB>::from_str(url)?;
    let mut first = options.connect().await?;
    begin_session::<DB>(&mut first, settings.statement_timeout, true).await?;
    first.close().await
}

fn refused<DB: Dialect>(source: sqlx::Error, place: &Place) -> OpenError {
    let (database, at) = (DB::NAME, place.to_string());
    if DB::syntax() == Syntax::Sqlite {
        return OpenError::File { place: at, source };
    }
    let refusal = source.as_database_error().map_or(Refusal::Other, refusal);
    match refusal {
        Refusal::NotLetIn => {
            OpenError::NotLetIn { database, place: at, user: place.user().to_owned(), source }
        }
        Refusal::NoDatabase => OpenError::NoDatabase { database, place: at, source },
        Refusal::Other => OpenError::Unreachable { database, place: at, source },
    }
}
