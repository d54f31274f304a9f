//! [`Statements`].

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use sqlx::query::{Query, QueryAs, QueryScalar};
use sqlx::{AssertSqlSafe, Encode, FromRow, IntoArguments, Type};

use super::dialect::{Dialect, StampsReads};
use super::stamped_row::StampedRow;
use super::table::Table;
use super::text::{Bound, PageFrom, Text};
use super::texts::Texts;
use crate::data::{DataSet, RecordKey, Stamp};

/// A statement of a table, its key bound; the columns of a record are bound by you, in the order of [`Table::new`].
pub type BoundQuery<DB> = Query<'static, DB, <DB as sqlx::Database>::Arguments>;
/// A statement of a table that gives rows, all bound.
pub type BoundRead<'q, DB, Row> = QueryAs<'q, DB, Row, <DB as sqlx::Database>::Arguments>;

/// The statements of a [`Table`] that holds the records of a data set. Made by [`SqlStore::table`](super::SqlStore::table).
///
/// A row is read as the columns group, item, and those of the record in the order of [`Table::new`]: a tuple, or a struct
/// that derives `sqlx::FromRow`.
pub struct Statements<DB, D> {
    texts: Arc<Texts>,
    of: PhantomData<fn() -> (DB, D)>,
}

impl<DB: Dialect, D: DataSet> Statements<DB, D> {
    pub(super) fn new(table: &Table) -> Self {
        Self { texts: Arc::new(Texts::new(Text::new(DB::syntax(), table))), of: PhantomData }
    }

    /// The texts of all statements, for a look.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.texts.all().map(|text| &**text)
    }

    pub(super) fn texts(&self) -> &Texts {
        &self.texts
    }
}

impl<DB, D> Statements<DB, D>
where
    DB: Dialect,
    DB::Arguments: IntoArguments<DB>,
    D: DataSet<Group: for<'q> Encode<'q, DB> + Type<DB>, Item: for<'q> Encode<'q, DB> + Type<DB>>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
{
    /// One record, if it is there.
    pub fn read<'q, Row>(&self, key: &'q RecordKey<D>) -> BoundRead<'q, DB, Row>
    where
        Row: for<'r> FromRow<'r, DB::Row>,
    {
        sqlx::query_as(sql(&self.texts.read)).bind(&key.group).bind(&key.item)
    }

    /// One row always: the record if it is there, and a stamp of the database's clock from before it was read.
    ///
    /// Not in a transaction: what that sees may be older than the stamp. Not in SQLite, whose clock is read after the row.
    pub fn read_stamped<'q, Row>(&self, key: &'q RecordKey<D>) -> BoundRead<'q, DB, StampedRow<Row>>
    where
        DB: StampsReads,
        StampedRow<Row>: for<'r> FromRow<'r, DB::Row>,
    {
        sqlx::query_as(sql(&self.texts.read_stamped)).bind(&key.group).bind(&key.item)
    }

    /// Up to `limit` records behind `after`, of one group when it is given, in the order of their keys.
    pub fn page<'q, Row>(
        &self,
        group: Option<&'q D::Group>,
        after: Option<&'q RecordKey<D>>,
        limit: usize,
    ) -> BoundRead<'q, DB, Row>
    where
        Row: for<'r> FromRow<'r, DB::Row>,
    {
        self.page_of(&self.texts.pages, group, after, limit)
    }

    /// The same with a stamp in each row, of the database's clock from before they were read:
    /// [`StampedRow::page`] takes it out. Not in a transaction.
    pub fn page_stamped<'q, Row>(
        &self,
        group: Option<&'q D::Group>,
        after: Option<&'q RecordKey<D>>,
        limit: usize,
    ) -> BoundRead<'q, DB, StampedRow<Row>>
    where
        DB: StampsReads,
        StampedRow<Row>: for<'r> FromRow<'r, DB::Row>,
    {
        self.page_of(&self.texts.stamped_pages, group, after, limit)
    }

    /// The database's clock, for [`RecordStore::clock`](crate::data::RecordStore::clock).
    pub fn clock(&self) -> QueryScalar<'static, DB, Stamp, DB::Arguments>
    where
        (Stamp,): for<'r> FromRow<'r, DB::Row>,
    {
        sqlx::query_scalar(sql(&self.texts.clock))
    }

    pub(super) fn page_of<'q, Row>(
        &self,
        texts: &[Arc<str>; 4],
        group: Option<&'q D::Group>,
        after: Option<&'q RecordKey<D>>,
        limit: usize,
    ) -> BoundRead<'q, DB, Row>
    where
        Row: for<'r> FromRow<'r, DB::Row>,
    {
        let from = start(group, after);
        let bound = self.texts.text.bound_of_page(from);
        let start = sqlx::query_as(sql(&texts[from as usize]));
        let bound = bound.iter().fold(start, |query, bound| match (bound, group, after) {
            (Bound::Group, Some(group), _) => query.bind(group),
            (Bound::Group, None, Some(after)) => query.bind(&after.group),
            (Bound::Item, _, Some(after)) => query.bind(&after.item),
            (_, _, None) => query,
        });
        bound.bind(i64::try_from(limit).unwrap_or(i64::MAX))
    }
}

const fn start<G, A>(group: Option<&G>, after: Option<&A>) -> PageFrom {
    match (group, after) {
        (None, None) => PageFrom::Start,
        (None, Some(_)) => PageFrom::Behind,
        (Some(_), None) => PageFrom::StartOfGroup,
        (Some(_), Some(_)) => PageFrom::RestOfGroup,
    }
}

/// Made of a table's description, with its names quoted; values are bound.
pub(super) fn sql(text: &Arc<str>) -> AssertSqlSafe<Arc<str>> {
    AssertSqlSafe(Arc::clone(text))
}

impl<DB, D> Clone for Statements<DB, D> {
    fn clone(&self) -> Self {
        Self { texts: Arc::clone(&self.texts), of: PhantomData }
    }
}

impl<DB, D> fmt::Debug for Statements<DB, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statements").field("read", &self.texts.read).finish_non_exhaustive()
    }
}
