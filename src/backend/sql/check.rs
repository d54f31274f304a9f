//! Whether the schema fits the service.

use std::fmt;
use std::sync::Arc;

use sqlx::{Column, Connection, Executor, SqlSafeStr, SqlStr, Statement, Type};

use super::dialect::Dialect;
use super::error::OpenError;
use super::statements::{Statements, sql};
use super::store::SqlStore;
use crate::data::DataSet;

impl<DB> SqlStore<DB>
where
    DB: Dialect,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    /// Prepares all statements of a table, and compares the types of the columns group, item, and those of the record with
    /// what the service reads.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn check_table<D>(
        &self,
        statements: &Statements<DB, D>,
        reads: &[Reads<DB>],
    ) -> Result<(), OpenError>
    where
        D: DataSet<Group: Type<DB>, Item: Type<DB>>,
    {
        let texts = statements.texts();
        for text in texts.all() {
            let of_rows = Arc::ptr_eq(text, &texts.read);
            let bound = texts.keys_bound_by(text);
            let bound = (0..bound).flat_map(|_| [D::Group::type_info(), D::Item::type_info()]);
            let bound: Vec<_> = bound.collect();
            self.check_of(sql(text).into_sql_str(), &bound, if of_rows { reads } else { &[] }).await?;
        }
        Ok(())
    }

    /// Prepares a statement and compares the types of its columns with those that the service reads, so that a schema that
    /// does not fit is an error of the start and not of a request.
    ///
    /// # Errors
    /// [`OpenError::Statement`] when it cannot be prepared, [`OpenError::ColumnType`] when a column has another type.
    pub async fn check(&self, statement: impl SqlSafeStr, reads: &[Reads<DB>]) -> Result<(), OpenError> {
        self.check_of(statement.into_sql_str(), &[], reads).await
    }

    /// With the types of what it binds, where the database does not find them out.
    async fn check_of(
        &self,
        statement: SqlStr,
        bound: &[DB::TypeInfo],
        reads: &[Reads<DB>],
    ) -> Result<(), OpenError> {
        let (place, text) = (self.inner.place.to_string(), statement.as_str().to_owned());
        let (database, prepared) = (DB::NAME, self.prepared(statement, bound).await);
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(source) => return Err(OpenError::Statement { database, place, statement: text, source }),
        };
        let mut columns = prepared.columns().iter().zip(reads);
        let Some((column, reads)) = columns.find(|(column, reads)| !(reads.compatible)(column.type_info()))
        else {
            return Ok(());
        };
        let (found, wanted) = (column.type_info().to_string().into(), reads.name);
        Err(OpenError::ColumnType {
            database,
            place,
            statement: text,
            column: column.name().into(),
            found,
            wanted,
        })
    }

    async fn prepared(&self, statement: SqlStr, bound: &[DB::TypeInfo]) -> sqlx::Result<DB::Statement> {
        let mut connection = self.background().acquire().await?;
        let prepared = (&mut *connection).prepare_with(statement, bound).await?;
        // The connection would execute it later as it was prepared here, with types that the server inferred from the columns and not
        // those of the values: an `i64` for an `INT` of PostgreSQL is then refused.
        connection.clear_cached_statements().await?;
        Ok(prepared)
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
