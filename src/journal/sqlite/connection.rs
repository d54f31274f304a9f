//! Statements of the file.
//!
//! Through rusqlite, on the thread of the journal's writer: sqlx runs each statement on a thread of its own, and a commit of
//! one mark took sixteen changes of thread.

use std::borrow::Cow;
use std::error::Error;

use rusqlite::types::{FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql, ffi, params_from_iter};
use sqlx::SqlStr;
use sqlx::error::{DatabaseError, ErrorKind};

use super::sql;
use crate::journal::sql::{self as tables, Cells, Dialect, Value};

impl tables::Connection for Connection {
    const DIALECT: &'static Dialect = &sql::DIALECT;

    async fn execute(&mut self, statement: SqlStr, values: &[Value<'_>]) -> sqlx::Result<u64> {
        let mut statement = self.prepare_cached(statement.as_str()).map_err(as_sqlx)?;
        statement.execute(params_from_iter(values)).map(|rows| rows as u64).map_err(as_sqlx)
    }

    async fn fetch<T: Send>(
        &mut self,
        statement: SqlStr,
        values: &[Value<'_>],
        decode: fn(&dyn Cells) -> sqlx::Result<T>,
    ) -> sqlx::Result<Vec<T>> {
        let mut statement = self.prepare_cached(statement.as_str()).map_err(as_sqlx)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(as_sqlx)?;
        let mut decoded = Vec::new();
        while let Some(row) = rows.next().map_err(as_sqlx)? {
            decoded.push(decode(row)?);
        }
        Ok(decoded)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Number(number) => ValueRef::Integer(number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Null => ValueRef::Null,
        }))
    }
}

impl Cells for Row<'_> {
    fn number(&self, column: usize) -> sqlx::Result<i64> {
        cell(self, column, |value| value.as_i64())
    }

    fn text(&self, column: usize) -> sqlx::Result<&str> {
        cell(self, column, |value| value.as_str())
    }

    fn text_or_null(&self, column: usize) -> sqlx::Result<Option<&str>> {
        cell(self, column, |value| value.as_str_or_null())
    }
}

fn cell<'r, T>(
    row: &'r Row<'_>,
    column: usize,
    read: impl FnOnce(ValueRef<'r>) -> FromSqlResult<T>,
) -> sqlx::Result<T> {
    let value = row.get_ref(column).map_err(as_sqlx)?;
    read(value).map_err(|error: FromSqlError| sqlx::Error::Decode(Box::new(error)))
}

/// What the tables know errors as: those of SQLite have a code, some of the others are of what a row holds.
pub(super) fn as_sqlx(error: rusqlite::Error) -> sqlx::Error {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnIndex, InvalidColumnName,
        InvalidColumnType, QueryReturnedNoRows, Utf8Error,
    };
    if let Some(&ffi::Error { extended_code, .. }) = error.sqlite_error() {
        let refused = Refused { message: error.to_string(), code: extended_code };
        return sqlx::Error::Database(Box::new(refused));
    }
    match error {
        FromSqlConversionFailure(..)
        | IntegralValueOutOfRange(..)
        | InvalidColumnIndex(..)
        | InvalidColumnName(..)
        | InvalidColumnType(..)
        | QueryReturnedNoRows
        | Utf8Error(..) => sqlx::Error::Decode(Box::new(error)),
        other => sqlx::Error::Protocol(other.to_string()),
    }
}

/// An error of SQLite.
#[derive(Debug, thiserror::Error)]
#[error("(code {code}) {message}")]
struct Refused {
    message: String,
    code: i32,
}

impl DatabaseError for Refused {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.to_string().into())
    }

    fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}
