//! Keys alone: what a fill asks for to find what only the other store has.

use std::iter::repeat;

use sqlx::{ColumnIndex, Decode, Encode, Executor, FromRow, IntoArguments, Pool, Row, Type};

use super::dialect::Dialect;
use super::statements::{BoundRead, Statements, sql};
use crate::copy::KEYS_ASKED_MAX;
use crate::data::{DataSet, RecordKey};

/// For [`RecordStore::page_of_keys`](crate::data::RecordStore::page_of_keys) and
/// [`existing_keys`](crate::data::RecordStore::existing_keys), a line each. A row is read as a [`RecordKey`], or as a tuple where the
/// columns have other types than its parts.
impl<DB, D> Statements<DB, D>
where
    DB: Dialect,
    DB::Arguments: IntoArguments<DB>,
    D: DataSet<Group: for<'q> Encode<'q, DB> + Type<DB>, Item: for<'q> Encode<'q, DB> + Type<DB>>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
{
    /// The keys of a [`page`](Self::page), without their records: the columns group and item.
    pub fn page_of_keys<'q, Key>(
        &self,
        group: Option<&'q D::Group>,
        after: Option<&'q RecordKey<D>>,
        limit: usize,
    ) -> BoundRead<'q, DB, Key>
    where
        Key: for<'r> FromRow<'r, DB::Row>,
    {
        self.page_of(&self.texts().pages_of_keys, group, after, limit)
    }

    /// Those of these keys that have a record, each once, in any order, as the table has them. What is equal is up to the columns,
    /// as in [`read`](Self::read).
    ///
    /// One statement for up to [`KEYS_ASKED_MAX`] keys, and so never too many values for one (SQLite binds 32,766); none for no
    /// keys. A list is filled up to 8, 32, 128 or 500 keys by its last one, so that a connection prepares four statements at
    /// most. Each looks its keys up in the index of the primary key.
    ///
    /// # Errors
    /// Those of sqlx.
    pub async fn existing_keys<Key>(&self, pool: &Pool<DB>, keys: &[RecordKey<D>]) -> sqlx::Result<Vec<Key>>
    where
        Key: for<'r> FromRow<'r, DB::Row> + Send + Unpin,
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    {
        let mut found = Vec::new();
        for keys in keys.chunks(KEYS_ASKED_MAX) {
            found.extend(self.ask_for(keys).fetch_all(pool).await?);
        }
        Ok(found)
    }

    fn ask_for<'q, Key>(&self, keys: &'q [RecordKey<D>]) -> BoundRead<'q, DB, Key>
    where
        Key: for<'r> FromRow<'r, DB::Row>,
    {
        let [smaller @ .., largest] = &self.texts().existing_keys;
        let (asked, text) = smaller.iter().find(|(asked, _)| keys.len() <= *asked).unwrap_or(largest);
        let filled_up = keys.iter().chain(keys.last().into_iter().flat_map(repeat)).take(*asked);
        filled_up.fold(sqlx::query_as(sql(text)), |query, key| query.bind(&key.group).bind(&key.item))
    }
}

/// From the first two columns.
impl<'r, D, Of> FromRow<'r, Of> for RecordKey<D>
where
    Of: Row,
    D: DataSet,
    D::Group: Decode<'r, Of::Database> + Type<Of::Database>,
    D::Item: Decode<'r, Of::Database> + Type<Of::Database>,
    usize: ColumnIndex<Of>,
{
    fn from_row(row: &'r Of) -> sqlx::Result<Self> {
        Ok(Self { group: row.try_get(0)?, item: row.try_get(1)? })
    }
}

#[cfg(all(test, feature = "sqlite", feature = "test-util"))]
mod tests {
    use sqlx::Execute;

    use super::*;
    use crate::backend::sql::{Sqlite, Table};
    use crate::test_util::Numbers;

    #[test]
    fn a_page_of_keys_reads_no_other_columns() {
        let invoices = Sqlite::table::<Numbers>(&Table::new("invoices", "customer", "id", ["body"]));
        let after = (1, 1).into();
        for (group, after) in [(None, None), (None, Some(&after)), (Some(&1), None), (Some(&1), Some(&after))]
        {
            let page = invoices.page_of_keys::<RecordKey<Numbers>>(group, after, 10);
            let text = page.sql();
            assert!(text.as_str().starts_with("SELECT \"customer\", \"id\" FROM"), "{}", text.as_str());
        }
    }
}
