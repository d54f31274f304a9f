//! Opening legacy: which database it is, its bounds, and its tables.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use crossfade::backend::sql::{MySql, OpenError, Postgres};
use sqlx::mysql::MySqlPoolOptions;
use sqlx::postgres::PgPoolOptions;

use super::pool::{Pool, pools};
use super::store::{Legacy, Server};
use crate::sqlite::Database;
use crate::store_url::{Scheme, StoreUrl};

/// What one statement may take in the server, and what a whole request may: both together are below the late bound of
/// `servers.toml`, with room for a write that began late.
const STATEMENT_MAX: Duration = Duration::from_millis(500);
const REQUEST_MAX: Duration = Duration::from_secs(1);
const CONNECTION_WAIT: Duration = Duration::from_millis(500);

impl Legacy {
    /// Opens the database behind `url`, and makes the tables where they are missing.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let url = StoreUrl::of_legacy(url)?;
        let legacy = match url.scheme {
            Scheme::Sqlite => Self::in_file(Database::open(&url.text).await?),
            Scheme::MySql => Self::in_mariadb(&url.text).await?,
            Scheme::Postgres => Self::in_postgres(&url.text).await?,
            Scheme::Cassandra => unreachable!("no URL of legacy has this scheme"),
        };
        make_tables(&legacy.unbounded().await?).await.with_context(|| {
            format!(
                "cannot make the tables of {}: may this user create tables? (Else let somebody make them who may.)",
                url.shown()
            )
        })?;
        Ok(legacy)
    }

    fn in_file(database: Database) -> Self {
        let pool = Pool::Sqlite(database);
        Self { server: Server::File, url: String::new(), callers: pool.clone(), background: pool }
    }

    async fn in_mariadb(url: &str) -> Result<Self> {
        let builder = MySql::builder(url).statement_timeout(STATEMENT_MAX).deadline(REQUEST_MAX);
        let store = builder.acquire_timeout(CONNECTION_WAIT).open().await.map_err(hinted)?;
        let (callers, background) = pools(&store, Pool::MariaDb);
        Ok(Self { server: Server::MariaDb(store), url: url.to_owned(), callers, background })
    }

    async fn in_postgres(url: &str) -> Result<Self> {
        let builder = Postgres::builder(url).statement_timeout(STATEMENT_MAX).deadline(REQUEST_MAX);
        let store = builder.acquire_timeout(CONNECTION_WAIT).open().await.map_err(hinted)?;
        let (callers, background) = pools(&store, Pool::Postgres);
        Ok(Self { server: Server::Postgres(store), url: url.to_owned(), callers, background })
    }

    /// A connection without bounds on its statements: for what takes longer than any request.
    pub(super) async fn unbounded(&self) -> sqlx::Result<Pool> {
        Ok(match &self.server {
            Server::File => self.background.clone(),
            Server::MariaDb(_) => {
                Pool::MariaDb(MySqlPoolOptions::new().max_connections(1).connect(&self.url).await?)
            }
            Server::Postgres(_) => {
                Pool::Postgres(PgPoolOptions::new().max_connections(1).connect(&self.url).await?)
            }
        })
    }
}

fn hinted(error: OpenError) -> anyhow::Error {
    let missing = matches!(error, OpenError::NoDatabase { .. });
    if missing { anyhow!("{error} (--create does)") } else { error.into() }
}

/// A user who may not create tables is fine where they are there.
async fn make_tables(pool: &Pool) -> sqlx::Result<()> {
    let schema = pool.sql().schema;
    let made = match pool {
        Pool::Sqlite(database) => sqlx::raw_sql(schema).execute(&database.writer).await.map(drop),
        Pool::MariaDb(pool) => sqlx::raw_sql(schema).execute(pool).await.map(drop),
        Pool::Postgres(pool) => sqlx::raw_sql(schema).execute(pool).await.map(drop),
    };
    match made {
        Err(error) => pool.fetch::<i64>(&pool.sql().tables, &[]).await.map(drop).map_err(|_| error),
        Ok(()) => Ok(()),
    }
}
