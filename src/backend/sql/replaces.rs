//! The writes of copies.

use std::sync::Arc;

use sqlx::{Encode, Executor, IntoArguments, Pool, Type};

use super::dialect::Dialect;
use super::statements::{BoundQuery, Statements, sql};
use crate::data::{DataSet, KeyedRecord, RecordKey, Stamp};

/// For a [`RecordStore`](crate::data::RecordStore), on the pool for background work.
impl<DB, D> Statements<DB, D>
where
    DB: Dialect,
    DB::Arguments: IntoArguments<DB>,
    D: DataSet<Group: for<'q> Encode<'q, DB> + Type<DB>, Item: for<'q> Encode<'q, DB> + Type<DB>>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
{
    /// Makes the record what is given. Bind the columns. In a table that keeps stamps a larger one wins.
    pub fn replace(&self, key: &RecordKey<D>, stamp: Stamp) -> BoundQuery<DB> {
        let (_, text) = &self.texts().replaces[self.texts().replaces.len() - 1];
        self.stamped_key(text, key, stamp)
    }

    /// Deletes the record. In a table that keeps stamps a larger one wins, and the row stays behind as a tombstone.
    pub fn delete(&self, key: &RecordKey<D>, stamp: Stamp) -> BoundQuery<DB> {
        self.stamped_key(&self.texts().delete, key, stamp)
    }

    /// Replaces many records, 64 or 8 in a statement, each statement for itself. `columns` binds those of a record.
    ///
    /// A statement is one packet: where records are large, keep 64 of them below MariaDB's `max_allowed_packet` (16 MiB
    /// by default), or replace one by one.
    ///
    /// # Errors
    /// Those of sqlx. Statements before the one that failed were executed.
    pub async fn replace_many(
        &self,
        pool: &Pool<DB>,
        mut records: &[KeyedRecord<D>],
        stamp: Stamp,
        columns: impl Fn(BoundQuery<DB>, &D::Record) -> BoundQuery<DB> + Send + Sync,
    ) -> sqlx::Result<()>
    where
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    {
        for (rows, text) in &self.texts().replaces {
            while records.len() >= *rows {
                let (now, later) = records.split_at(*rows);
                self.replace_all(text, now, stamp, &columns).execute(pool).await?;
                records = later;
            }
        }
        Ok(())
    }

    fn replace_all(
        &self,
        text: &Arc<str>,
        records: &[KeyedRecord<D>],
        stamp: Stamp,
        columns: impl Fn(BoundQuery<DB>, &D::Record) -> BoundQuery<DB>,
    ) -> BoundQuery<DB> {
        records.iter().fold(sqlx::query(sql(text)), |query, (key, record)| {
            let query = query.bind(&key.group).bind(&key.item);
            let query = if self.keeps_stamps() { query.bind(stamp) } else { query };
            columns(query, record)
        })
    }

    fn keeps_stamps(&self) -> bool {
        self.texts().text.table.stamped.is_some()
    }

    fn stamped_key(&self, text: &Arc<str>, key: &RecordKey<D>, stamp: Stamp) -> BoundQuery<DB> {
        let query = sqlx::query(sql(text)).bind(&key.group).bind(&key.item);
        if self.keeps_stamps() { query.bind(stamp) } else { query }
    }
}
