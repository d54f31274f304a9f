//! Connections to one of the three databases, and transactions on them.

use crossfade::backend::sql;
use sqlx::{MySqlPool, PgPool, query, query_scalar};

use super::row::Row;
use super::statements::{Statement, Statements, Value};
use super::{mariadb, postgres, sqlite};
use crate::domain::Invoice;
use crate::sqlite::Database;

/// Several connections to a database.
#[derive(Clone, Debug)]
pub(super) enum Pool {
    Sqlite(Database),
    MariaDb(MySqlPool),
    Postgres(PgPool),
}

/// A transaction: rolled back unless it is committed.
pub(super) enum Transaction {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    MariaDb(sqlx::Transaction<'static, sqlx::MySql>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// A type of a column that statements give.
pub(super) trait Column:
    Read<sqlx::Sqlite> + Read<sqlx::MySql> + Read<sqlx::Postgres> + Send + Unpin
{
}
impl Column for i64 {}
impl Column for String {}

pub(super) trait Read<DB: sqlx::Database>: for<'r> sqlx::Decode<'r, DB> + sqlx::Type<DB> {}
impl<DB: sqlx::Database, T: for<'r> sqlx::Decode<'r, DB> + sqlx::Type<DB>> Read<DB> for T {}

/// InnoDB's own level, REPEATABLE READ, also locks the gaps between rows, so that two copies of new invoices wait for each
/// other's gap: a deadlock. What is read to be changed is locked by hand, in each of the databases.
const BEGIN_MARIADB: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION";

/// A query with the values of a statement.
macro_rules! bound {
    ($query:expr, $statement:expr, $values:expr) => {{
        let mut query = $query;
        for value in $statement.taken($values) {
            query = match value {
                Value::Int(number) => query.bind(number),
                Value::Text(text) => query.bind(text.to_owned()),
            };
        }
        query
    }};
}

impl Pool {
    pub(super) fn sql(&self) -> &'static Statements {
        match self {
            Self::Sqlite(_) => &sqlite::STATEMENTS,
            Self::MariaDb(_) => &mariadb::STATEMENTS,
            Self::Postgres(_) => &postgres::STATEMENTS,
        }
    }

    pub(super) async fn begin(&self) -> sqlx::Result<Transaction> {
        Ok(match self {
            Self::Sqlite(database) => Transaction::Sqlite(database.begin().await?),
            Self::MariaDb(pool) => Transaction::MariaDb(pool.begin_with(BEGIN_MARIADB).await?),
            Self::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
        })
    }

    /// Reads what was committed.
    pub(super) async fn fetch<T: Column>(
        &self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> sqlx::Result<Vec<T>> {
        let text = statement.text;
        match self {
            Self::Sqlite(Database { readers, .. }) => {
                bound!(query_scalar(text), statement, values).fetch_all(readers).await
            }
            Self::MariaDb(pool) => bound!(query_scalar(text), statement, values).fetch_all(pool).await,
            Self::Postgres(pool) => bound!(query_scalar(text), statement, values).fetch_all(pool).await,
        }
    }

    pub(super) async fn invoices(
        &self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> sqlx::Result<Vec<Invoice>> {
        self.fetch::<String>(statement, values).await?.iter().map(|row| Row::invoice_from_json(row)).collect()
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(database) => database.close().await,
            Self::MariaDb(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Transaction {
    pub(super) fn sql(&self) -> &'static Statements {
        match self {
            Self::Sqlite(_) => &sqlite::STATEMENTS,
            Self::MariaDb(_) => &mariadb::STATEMENTS,
            Self::Postgres(_) => &postgres::STATEMENTS,
        }
    }

    pub(super) async fn fetch<T: Column>(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> sqlx::Result<Vec<T>> {
        let text = statement.text;
        match self {
            Self::Sqlite(on) => bound!(query_scalar(text), statement, values).fetch_all(&mut **on).await,
            Self::MariaDb(on) => bound!(query_scalar(text), statement, values).fetch_all(&mut **on).await,
            Self::Postgres(on) => bound!(query_scalar(text), statement, values).fetch_all(&mut **on).await,
        }
    }

    pub(super) async fn invoices(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> sqlx::Result<Vec<Invoice>> {
        self.fetch::<String>(statement, values).await?.iter().map(|row| Row::invoice_from_json(row)).collect()
    }

    /// Executes it; how many rows it was about.
    pub(super) async fn execute(&mut self, statement: &Statement, values: &[Value<'_>]) -> sqlx::Result<u64> {
        let text = statement.text;
        Ok(match self {
            Self::Sqlite(on) => {
                bound!(query(text), statement, values).execute(&mut **on).await?.rows_affected()
            }
            Self::MariaDb(on) => {
                bound!(query(text), statement, values).execute(&mut **on).await?.rows_affected()
            }
            Self::Postgres(on) => {
                bound!(query(text), statement, values).execute(&mut **on).await?.rows_affected()
            }
        })
    }

    pub(super) async fn commit(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::MariaDb(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }
}

/// The pools of a server: for callers, and for background work.
pub(super) fn pools<DB>(store: &sql::SqlStore<DB>, pool: fn(sqlx::Pool<DB>) -> Pool) -> (Pool, Pool)
where
    DB: sql::Dialect,
    for<'c> &'c mut DB::Connection: sqlx::Executor<'c, Database = DB>,
{
    (pool(store.pool().clone()), pool(store.background().clone()))
}
