//! The writes of the request path, for the time when this store decides.

use std::sync::Arc;

use sqlx::{Encode, Executor, IntoArguments, Type};

use super::dialect::Dialect;
use super::statements::{BoundQuery, Statements, sql};
use crate::data::{DataSet, RecordKey};

/// In a table that keeps stamps these carry one of the database's clock, above that of what they replace.
impl<DB, D> Statements<DB, D>
where
    DB: Dialect,
    DB::Arguments: IntoArguments<DB>,
    D: DataSet<Group: for<'q> Encode<'q, DB> + Type<DB>, Item: for<'q> Encode<'q, DB> + Type<DB>>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
{
    /// Inserts a record that must not be there; in the place of its tombstone, if it was deleted before. `columns` binds those
    /// of the record.
    ///
    /// # Errors
    /// Those of sqlx: a unique violation when the record is there.
    pub async fn insert(
        &self,
        connection: &mut DB::Connection,
        key: &RecordKey<D>,
        columns: impl Fn(BoundQuery<DB>) -> BoundQuery<DB> + Send,
    ) -> sqlx::Result<()>
    where
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    {
        if let Some(revive) = &self.texts().revive {
            let revived = columns(empty(revive)).bind(&key.group).bind(&key.item);
            if DB::rows_affected(&revived.execute(&mut *connection).await?) > 0 {
                return Ok(());
            }
        }
        let inserted = columns(empty(&self.texts().insert).bind(&key.group).bind(&key.item));
        inserted.execute(&mut *connection).await.map(drop)
    }

    /// Changes a record that is there; no row is affected when it is not. `columns` binds those of the record.
    pub fn change(
        &self,
        key: &RecordKey<D>,
        columns: impl FnOnce(BoundQuery<DB>) -> BoundQuery<DB>,
    ) -> BoundQuery<DB> {
        columns(empty(&self.texts().change)).bind(&key.group).bind(&key.item)
    }

    /// Deletes a record that is there; no row is affected when it is not.
    pub fn remove(&self, key: &RecordKey<D>) -> BoundQuery<DB> {
        empty(&self.texts().remove).bind(&key.group).bind(&key.item)
    }
}

fn empty<DB: Dialect>(text: &Arc<str>) -> BoundQuery<DB> {
    sqlx::query(sql(text))
}
