//! What the tables ask of a database.

use sqlx::SqlStr;

use super::dialect::Dialect;

/// A value of a statement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Number(i64),
    Text(&'a str),
    /// No text.
    Null,
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

/// One row of an answer; columns count from 0.
pub(crate) trait Cells {
    fn number(&self, column: usize) -> sqlx::Result<i64>;
    fn text(&self, column: usize) -> sqlx::Result<&str>;
    fn text_or_null(&self, column: usize) -> sqlx::Result<Option<&str>>;
}

/// A connection that runs statements with `?` for each value, and keeps them prepared.
pub(crate) trait Connection: Send {
    /// How the database spells what differs.
    const DIALECT: &'static Dialect;

    /// Runs a statement; gives how many rows it changed.
    fn execute(
        &mut self,
        statement: SqlStr,
        values: &[Value<'_>],
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;

    /// Runs a statement, and makes something of each row.
    fn fetch<T: Send>(
        &mut self,
        statement: SqlStr,
        values: &[Value<'_>],
        decode: fn(&dyn Cells) -> sqlx::Result<T>,
    ) -> impl Future<Output = sqlx::Result<Vec<T>>> + Send;
}

/// The cells of a row of sqlx, and the values of one of its queries. Their types differ by database in name alone, and
/// bounds that name them for all databases at once would be longer than this.
#[cfg(any(feature = "mysql", feature = "postgres"))]
macro_rules! cells_and_values {
    ($database:ty, $row:ty) => {
        impl $crate::journal::sql::Cells for $row {
            fn number(&self, column: usize) -> sqlx::Result<i64> {
                sqlx::Row::try_get(self, column)
            }
            fn text(&self, column: usize) -> sqlx::Result<&str> {
                // Unchecked: the bytes of a scope are text whatever type their column has.
                sqlx::Row::try_get_unchecked(self, column)
            }
            fn text_or_null(&self, column: usize) -> sqlx::Result<Option<&str>> {
                sqlx::Row::try_get_unchecked(self, column)
            }
        }

        /// The statement with its values.
        fn query(
            statement: sqlx::SqlStr,
            values: &[$crate::journal::sql::Value<'_>],
        ) -> sqlx::query::Query<'static, $database, <$database as sqlx::Database>::Arguments> {
            use $crate::journal::sql::Value;
            values.iter().fold(sqlx::query(statement), |query, value| match *value {
                Value::Number(number) => query.bind(number),
                Value::Text(text) => query.bind(text.to_owned()),
                Value::Null => query.bind(None::<String>),
            })
        }
    };
}
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) use cells_and_values;
