//! Statements of the file.

use sqlx::SqlStr;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::sql;
use crate::journal::sql::{Cells, Connection, Dialect, Value, cells_and_values};

cells_and_values!(sqlx::Sqlite, SqliteRow);

impl Connection for SqliteConnection {
    const DIALECT: &'static Dialect = &sql::DIALECT;

    async fn execute(&mut self, statement: SqlStr, values: &[Value<'_>]) -> sqlx::Result<u64> {
        Ok(query(statement, values).execute(self).await?.rows_affected())
    }

    async fn fetch<T: Send>(
        &mut self,
        statement: SqlStr,
        values: &[Value<'_>],
        decode: fn(&dyn Cells) -> sqlx::Result<T>,
    ) -> sqlx::Result<Vec<T>> {
        let rows = query(statement, values).fetch_all(self).await?;
        rows.iter().map(|row| decode(row)).collect()
    }
}
