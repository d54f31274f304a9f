//! [`StampedRow`].

use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};

use crate::data::Stamp;

/// A record as a row, or that there is none, with a stamp from before it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampedRow<R> {
    /// Microseconds of the database's clock.
    pub stamp: Stamp,
    /// The row, if there is one.
    pub row: Option<R>,
}

impl<R> StampedRow<R> {
    /// The stamp and the rows of a page; with `now` as the stamp of an empty one, which nothing is copied with.
    #[must_use]
    pub fn page(rows: Vec<Self>, now: Stamp) -> (Stamp, Vec<R>) {
        let stamp = rows.first().map_or(now, |row| row.stamp);
        (stamp, rows.into_iter().filter_map(|row| row.row).collect())
    }
}

/// The columns of the record first, so that it is read as if these two were not there: whether it is there, the stamp.
impl<'r, R, Of> FromRow<'r, Of> for StampedRow<R>
where
    Of: Row,
    R: FromRow<'r, Of>,
    usize: ColumnIndex<Of>,
    i64: Decode<'r, Of::Database> + Type<Of::Database>,
{
    fn from_row(row: &'r Of) -> sqlx::Result<Self> {
        let columns = row.len();
        let is_there = row.try_get::<i64, _>(columns.saturating_sub(2))? != 0;
        let stamp = row.try_get(columns.saturating_sub(1))?;
        Ok(Self { stamp, row: is_there.then(|| R::from_row(row)).transpose()? })
    }
}
