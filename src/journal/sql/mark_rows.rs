//! Mark rows: read, written, merged.

use sqlx::SqlStr;

use super::connection::{Cells, Connection, Value};
use super::dialect::ServerDialect;
use super::statements::{self, MARK_BINDS};
use crate::data::{Group, Key, Scope};
use crate::journal::model::{Mark, MarkCounts, MarkId, MarkState, Reason};

/// The largest statement, in rows. Batches use statements of 1, 2, 4 .. rows, so that few are prepared.
pub(super) const ROWS_MAX: usize = 256;

/// Inserts marks in few statements.
pub(super) async fn insert(
    connection: &mut impl Connection,
    marks: &[(MarkId, Mark)],
) -> Result<(), sqlx::Error> {
    for part in marks.chunks(ROWS_MAX) {
        insert_part(connection, part).await?;
    }
    Ok(())
}

async fn insert_part<C: Connection>(connection: &mut C, part: &[(MarkId, Mark)]) -> Result<(), sqlx::Error> {
    let rows = part.len().next_power_of_two();
    let values: Vec<Value<'_>> = padded(part, rows).flat_map(|(id, mark)| values(*id, mark)).collect();
    connection.execute(statements::insert_marks(C::DIALECT, rows), &values).await.map(drop)
}

/// Deletes running marks in few statements; gives the rows that were there.
pub(super) async fn delete_running(
    connection: &mut impl Connection,
    ids: &[MarkId],
) -> Result<Vec<MarkId>, sqlx::Error> {
    let mut deleted = Vec::new();
    for part in ids.chunks(ROWS_MAX) {
        deleted.extend(delete_part(connection, part).await?);
    }
    Ok(deleted)
}

async fn delete_part(connection: &mut impl Connection, part: &[MarkId]) -> Result<Vec<MarkId>, sqlx::Error> {
    let rows = part.len().next_power_of_two();
    let values: Vec<Value<'_>> = padded(part, rows).map(|id| Value::Number(id.cast_signed())).collect();
    connection.fetch(statements::delete_running(rows), &values, id).await
}

/// Deletes rows of a server's table in few statements.
pub(super) async fn delete_by_id(
    connection: &mut impl Connection,
    dialect: &ServerDialect,
    table: &str,
    ids: &[i64],
) -> Result<(), sqlx::Error> {
    for part in ids.chunks(ROWS_MAX) {
        let rows = part.len().next_power_of_two();
        let values: Vec<Value<'_>> = padded(part, rows).copied().map(Value::Number).collect();
        connection.execute(statements::delete_by_id(dialect, table, rows), &values).await?;
    }
    Ok(())
}

fn id(row: &dyn Cells) -> Result<MarkId, sqlx::Error> {
    row.number(0).map(i64::cast_unsigned)
}

/// The part, its last element repeated up to this length.
pub(super) fn padded<T>(part: &[T], rows: usize) -> impl Iterator<Item = &T> {
    part.iter().chain(part.last().into_iter().cycle().take(rows - part.len()))
}

/// Marks that fit a condition, whose values are bound in order.
pub(crate) async fn select(
    connection: &mut impl Connection,
    condition: &str,
    values: &[Value<'_>],
) -> Result<Vec<(MarkId, Mark)>, sqlx::Error> {
    connection.fetch(statements::select_marks(condition), values, decode).await
}

/// Puts a left mark, or merges it into the left mark that its scope has; gives how many were merged.
pub(super) async fn put_left(
    connection: &mut impl Connection,
    id: MarkId,
    mark: Mark,
) -> Result<u64, sqlx::Error> {
    let (kind, scope) = columns(&mark.scope);
    let there =
        select(connection, statements::LEFT_ON_SCOPE, &[Value::Number(kind), Value::Text(scope)]).await?;
    let Some((other_id, other)) = there.first() else {
        insert(connection, &[(id, mark)]).await?;
        return Ok(0);
    };
    let merged = [
        other.not_before.max(mark.not_before),
        i64::from(other.attempts.max(mark.attempts)),
        mark.reason as i64,
        other_id.cast_signed(),
    ];
    connection.execute(SqlStr::from_static(statements::MERGE_MARK), &merged.map(Value::Number)).await?;
    Ok(1)
}

/// Makes a left mark of the row, which may merge it into another; gives how many were merged.
pub(super) async fn turn_left(
    connection: &mut impl Connection,
    id: MarkId,
    left: Mark,
) -> Result<u64, sqlx::Error> {
    let delete = SqlStr::from_static(statements::DELETE_MARK);
    connection.execute(delete, &[Value::Number(id.cast_signed())]).await?;
    put_left(connection, id, left).await
}

/// Those with a row of their own.
pub(super) async fn counts(connection: &mut impl Connection) -> Result<MarkCounts, sqlx::Error> {
    let mut counts = MarkCounts::default();
    let count = SqlStr::from_static(statements::COUNT_MARKS);
    let by_state = connection.fetch(count, &[], |row| Ok((row.number(0)?, row.number(1)?))).await?;
    for (state, rows) in by_state {
        let rows = rows.cast_unsigned();
        match state {
            0 => counts.running += rows,
            1 => counts.left = rows,
            2 => counts.claimed = rows,
            _ => counts.dead = rows,
        }
    }
    Ok(counts)
}

pub(super) async fn all_scopes(
    connection: &mut impl Connection,
) -> Result<Vec<(MarkId, Scope)>, sqlx::Error> {
    let all = SqlStr::from_static(statements::ALL_SCOPES);
    connection.fetch(all, &[], |row| Ok((id(row)?, scope(row.number(1)?, row.text(2)?)?))).await
}

/// The columns of a scope: its kind and its text.
pub(super) fn columns(scope: &Scope) -> (i64, &str) {
    let kind = match scope {
        Scope::Key(_) => 0,
        Scope::Group(_) => 1,
        Scope::Everything => 2,
    };
    (kind, scope.as_str())
}

/// The columns of a row.
fn values(id: MarkId, mark: &Mark) -> [Value<'_>; MARK_BINDS] {
    let (kind, scope) = columns(&mark.scope);
    let (state, claim, lease_until) = match mark.state {
        MarkState::Running => (0, 0, 0),
        MarkState::Left => (1, 0, 0),
        MarkState::Claimed { claim, lease_until } => (2, claim.cast_signed(), lease_until),
        MarkState::Dead => (3, 0, 0),
    };
    [
        Value::Number(id.cast_signed()),
        Value::Number(kind),
        Value::Text(scope),
        Value::Number(mark.session.cast_signed()),
        Value::Number(state),
        Value::Number(claim),
        Value::Number(lease_until),
        Value::Number(mark.not_before),
        Value::Number(mark.attempts.into()),
        Value::Number(mark.reason as i64),
        Value::Number(mark.created),
    ]
}

fn decode(row: &dyn Cells) -> Result<(MarkId, Mark), sqlx::Error> {
    let state = match row.number(4)? {
        0 => MarkState::Running,
        1 => MarkState::Left,
        2 => MarkState::Claimed { claim: row.number(5)?.cast_unsigned(), lease_until: row.number(6)? },
        _ => MarkState::Dead,
    };
    let reason = usize::try_from(row.number(9)?).ok().and_then(|reason| Reason::ALL.get(reason).copied());
    let mark = Mark {
        scope: scope(row.number(1)?, row.text(2)?)?,
        session: row.number(3)?.cast_unsigned(),
        state,
        not_before: row.number(7)?,
        attempts: u32::try_from(row.number(8)?).unwrap_or(u32::MAX),
        reason: reason.unwrap_or(Reason::Asked),
        created: row.number(10)?,
    };
    Ok((id(row)?, mark))
}

pub(super) fn scope(kind: i64, text: &str) -> Result<Scope, sqlx::Error> {
    let scope = match kind {
        0 => Key::from_text(text).map(Scope::Key),
        1 => Group::from_text(text).map(Scope::Group),
        _ => Some(Scope::Everything),
    };
    scope.ok_or_else(|| sqlx::Error::Decode(format!("a mark of kind {kind} has no such scope").into()))
}
