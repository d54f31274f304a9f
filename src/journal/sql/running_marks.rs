//! The marks of writes that run, on a server.
//!
//! Each is made and removed a moment later. Rows of their own would cost a server most of its time, so those of one
//! commit are one row, and the journal knows which row has which: it alone changes them. What a batch changes here is
//! written when all its commands are done: a row whose marks are all gone is written anew with those that have come.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sqlx::SqlStr;

use super::connection::{Cells, Connection, Value};
use super::mark_rows::{self, ROWS_MAX};
use super::statements;
use crate::journal::model::{Mark, MarkId, MarkState, Micros, Reason, SessionId};
use crate::journal::state::new_mark;

/// How many marks one row has at most.
const MARKS_MAX: usize = 256;
/// How much text one statement carries, unless its only row is longer: at most six bytes for each one of its scopes.
const STATEMENT_BYTES_MAX: usize = 1 << 20;
/// Where marks are until they are written. The numbers of rows are above.
const UNWRITTEN: i64 = 0;

/// What the rows of the table have. To be dropped when the transaction that has changed it is not committed; the next
/// one then loads it again.
#[derive(Debug, Default)]
pub(crate) struct RunningMarks {
    loaded: bool,
    rows: BTreeMap<i64, BTreeMap<MarkId, Mark>>,
    row_of: BTreeMap<MarkId, i64>,
    /// Rows of which the table has something else.
    changed: BTreeSet<i64>,
}

/// A mark as a row has it: its number, the columns of its scope, its session, and when it was made.
type Written<Text> = (MarkId, i64, Text, SessionId, Micros);

impl RunningMarks {
    /// Reads the table, unless that is done.
    pub(crate) async fn load(&mut self, connection: &mut impl Connection) -> sqlx::Result<()> {
        if self.loaded {
            return Ok(());
        }
        let all = SqlStr::from_static(statements::RUNNING);
        for (row, marks) in connection.fetch(all, &[], decode).await? {
            self.put(row, marks);
        }
        self.loaded = true;
        Ok(())
    }

    fn put(&mut self, row: i64, marks: impl IntoIterator<Item = (MarkId, Mark)>) {
        let there = self.rows.entry(row).or_default();
        for (id, mark) in marks {
            self.row_of.insert(id, row);
            there.insert(id, mark);
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.row_of.len() as u64
    }

    /// Every one, by its number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (MarkId, &Mark)> {
        self.row_of.iter().filter_map(|(id, row)| Some((*id, self.rows.get(row)?.get(id)?)))
    }

    pub(super) fn insert(&mut self, marks: Vec<(MarkId, Mark)>) {
        self.put(UNWRITTEN, marks);
    }

    /// Takes one out, if it is there.
    pub(super) fn remove(&mut self, id: MarkId) -> Option<Mark> {
        let row = self.row_of.remove(&id)?;
        self.changed.insert(row);
        self.rows.get_mut(&row)?.remove(&id)
    }

    /// Takes those out that are there.
    pub(super) fn take(&mut self, range: Range<MarkId>) -> Vec<(MarkId, Mark)> {
        let there: Vec<MarkId> = self.row_of.range(range).map(|(id, _)| *id).collect();
        there.into_iter().filter_map(|id| Some((id, self.remove(id)?))).collect()
    }

    /// Makes the table have what is here.
    pub(super) async fn save<C: Connection>(&mut self, connection: &mut C) -> sqlx::Result<()> {
        self.give_rows();
        let (mut rows, mut gone) = (Vec::new(), Vec::new());
        for row in std::mem::take(&mut self.changed) {
            match self.rows.get(&row) {
                Some(marks) if !marks.is_empty() => rows.push((row, encoded(marks)?)),
                _ => {
                    self.rows.remove(&row);
                    gone.push(row);
                }
            }
        }
        write(connection, &rows).await?;
        delete(connection, &gone).await
    }

    /// To the marks that have none: first those whose marks are all gone, then new ones.
    fn give_rows(&mut self) {
        self.changed.remove(&UNWRITTEN);
        let mut unwritten = self.rows.remove(&UNWRITTEN).into_iter().flatten().peekable();
        let empty = |row: &&i64| self.rows.get(row).is_none_or(BTreeMap::is_empty);
        let empty: Vec<i64> = self.changed.iter().filter(empty).copied().collect();
        let last = self.rows.keys().next_back().copied().unwrap_or(UNWRITTEN);
        for row in empty.into_iter().chain(last + 1..) {
            if unwritten.peek().is_none() {
                return;
            }
            self.put(row, unwritten.by_ref().take(MARKS_MAX));
            self.changed.insert(row);
        }
    }
}

/// In statements of 1, 2, 4 .. rows, so that few are prepared.
async fn write<C: Connection>(connection: &mut C, mut rows: &[(i64, String)]) -> sqlx::Result<()> {
    let Some(dialect) = &C::DIALECT.server else { return Ok(()) };
    while !rows.is_empty() {
        let (part, rest) = rows.split_at(fitting(rows));
        let values = part.iter().flat_map(|(row, marks)| [Value::Number(*row), Value::Text(marks)]);
        let values: Vec<Value<'_>> = values.collect();
        connection.execute(statements::write_running(dialect, part.len()), &values).await?;
        rows = rest;
    }
    Ok(())
}

/// How many of these rows one statement carries: one at least, and a power of two.
fn fitting(rows: &[(i64, String)]) -> usize {
    let mut bytes = 0;
    let fit = |(_, marks): &&(i64, String)| {
        bytes += marks.len();
        bytes <= STATEMENT_BYTES_MAX
    };
    let fitting = rows.iter().take(ROWS_MAX).take_while(fit).count().max(1);
    1 << fitting.ilog2()
}

async fn delete<C: Connection>(connection: &mut C, rows: &[i64]) -> sqlx::Result<()> {
    let Some(dialect) = &C::DIALECT.server else { return Ok(()) };
    mark_rows::delete_by_id(connection, dialect, statements::RUNNING_TABLE, rows).await
}

fn encoded(marks: &BTreeMap<MarkId, Mark>) -> sqlx::Result<String> {
    let written = marks.iter().map(|(id, mark)| {
        let (kind, scope) = mark_rows::columns(&mark.scope);
        (*id, kind, scope, mark.session, mark.created)
    });
    let written: Vec<Written<&str>> = written.collect();
    serde_json::to_string(&written).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

fn decode(row: &dyn Cells) -> sqlx::Result<(i64, Vec<(MarkId, Mark)>)> {
    let written: Vec<Written<String>> =
        serde_json::from_str(row.text(1)?).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    let marks = written.into_iter().map(|(id, kind, scope, session, created)| {
        let scope = mark_rows::scope(kind, &scope)?;
        Ok((id, new_mark(&scope, session, MarkState::Running, 0, Reason::Write, created)))
    });
    Ok((row.number(0)?, marks.collect::<sqlx::Result<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::super::dialect::{Dialect, ServerDialect};
    use super::*;
    use crate::data::Key;

    /// A table that notes what is done to it.
    #[derive(Default)]
    struct Table(Vec<String>);

    const DIALECT: Dialect = Dialect {
        greatest: "",
        or_leave_mark: "",
        or_set_sequence: "",
        everything: "",
        returning: false,
        server: Some(ServerDialect {
            #[cfg(any(feature = "mysql", feature = "postgres"))]
            or_leave: "",
            #[cfg(any(feature = "mysql", feature = "postgres"))]
            shared: "",
            or_replace: "",
            delete: |_, rows| format!("delete {rows}"),
        }),
    };

    impl Connection for Table {
        const DIALECT: &'static Dialect = &DIALECT;

        async fn execute(&mut self, statement: SqlStr, values: &[Value<'_>]) -> sqlx::Result<u64> {
            let statement = statement.as_str();
            self.0.push(match (statement.starts_with("INSERT"), values) {
                (true, [Value::Number(row), ..]) => format!("write {}, from row {row}", values.len() / 2),
                _ => statement.to_owned(),
            });
            Ok(0)
        }

        async fn fetch<T: Send>(
            &mut self,
            _: SqlStr,
            _: &[Value<'_>],
            _: fn(&dyn Cells) -> sqlx::Result<T>,
        ) -> sqlx::Result<Vec<T>> {
            Ok(Vec::new())
        }
    }

    fn marks(ids: Range<MarkId>) -> Vec<(MarkId, Mark)> {
        let mark = |id| new_mark(&Key::new(&1, &id).into(), 1, MarkState::Running, 0, Reason::Write, 7);
        ids.map(|id| (id, mark(id))).collect()
    }

    async fn saved(running: &mut RunningMarks) -> Vec<String> {
        let mut table = Table::default();
        running.save(&mut table).await.unwrap();
        table.0
    }

    #[tokio::test]
    async fn marks_that_come_take_the_row_of_those_that_have_gone() {
        let mut running = RunningMarks::default();
        running.insert(marks(0..100));
        assert_eq!(saved(&mut running).await, ["write 1, from row 1"]);
        assert_eq!(running.take(0..100), marks(0..100));
        running.insert(marks(100..200));
        assert_eq!(saved(&mut running).await, ["write 1, from row 1"]);
        running.take(0..200);
        assert_eq!(saved(&mut running).await, ["delete 1"]);
        assert_eq!(saved(&mut running).await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_row_with_a_mark_that_runs_on_is_written_without_the_others_and_left_to_it() {
        let mut running = RunningMarks::default();
        running.insert(marks(0..10));
        saved(&mut running).await;
        running.take(1..10);
        running.insert(marks(10..20));
        assert_eq!(saved(&mut running).await, ["write 2, from row 1"]);
        assert_eq!(running.rows[&1].keys().copied().collect::<Vec<_>>(), [0]);
        let all: Vec<MarkId> = running.iter().map(|(id, _)| id).collect();
        assert_eq!(all, [vec![0], (10..20).collect()].concat());
    }

    #[tokio::test]
    async fn marks_that_come_and_go_in_one_batch_are_not_written() {
        let mut running = RunningMarks::default();
        running.insert(marks(0..10));
        assert_eq!(running.remove(3), marks(3..4).pop().map(|(_, mark)| mark));
        assert_eq!((running.remove(3), running.take(0..10).len()), (None, 9));
        assert_eq!(saved(&mut running).await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_large_batch_is_rows_of_bounded_size_in_few_statements() {
        let mut running = RunningMarks::default();
        running.insert(marks(0..11 * MARKS_MAX as u64));
        let statements = ["write 8, from row 1", "write 2, from row 9", "write 1, from row 11"];
        assert_eq!(saved(&mut running).await, statements);
        assert!(running.rows.values().all(|marks| marks.len() <= MARKS_MAX));
    }

    #[test]
    fn a_statement_carries_one_row_at_least_and_no_more_text_than_its_limit() {
        let rows = |bytes, rows| vec![(1, "x".repeat(bytes)); rows];
        assert_eq!(fitting(&rows(2 * STATEMENT_BYTES_MAX, 3)), 1);
        assert_eq!(fitting(&rows(STATEMENT_BYTES_MAX / 3, 9)), 2);
        assert_eq!(fitting(&rows(10, 700)), ROWS_MAX);
    }
}
