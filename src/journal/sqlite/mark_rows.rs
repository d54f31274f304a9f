//! Mark rows: read, written, merged.

use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row, Sqlite};

use super::sql;
use crate::data::{Group, Key, Scope};
use crate::journal::model::{Mark, MarkCounts, MarkId, MarkState, Reason};

type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

/// The largest statement, in rows. Batches use statements of 1, 2, 4 .. rows, so that few are prepared.
pub(super) const ROWS_MAX: usize = 64;

/// Inserts marks in few statements.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    marks: &[(MarkId, Mark)],
) -> Result<(), sqlx::Error> {
    for part in marks.chunks(ROWS_MAX) {
        let rows = part.len().next_power_of_two();
        let mut query = sqlx::query(AssertSqlSafe(sql::insert_marks(rows)));
        for (id, mark) in padded(part, rows) {
            query = bind(query, *id, mark);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Deletes running marks in few statements; gives the rows that were there.
pub(super) async fn delete_running(
    connection: &mut SqliteConnection,
    ids: &[MarkId],
) -> Result<Vec<MarkId>, sqlx::Error> {
    let mut deleted = Vec::new();
    for part in ids.chunks(ROWS_MAX) {
        let rows = part.len().next_power_of_two();
        let mut query = sqlx::query(AssertSqlSafe(sql::delete_running(rows)));
        for id in padded(part, rows) {
            query = query.bind(id.cast_signed());
        }
        for row in query.fetch_all(&mut *connection).await? {
            deleted.push(row.try_get::<i64, _>(0)?.cast_unsigned());
        }
    }
    Ok(deleted)
}

/// The part, its last element repeated up to this length.
fn padded<T>(part: &[T], rows: usize) -> impl Iterator<Item = &T> {
    part.iter().chain(part.last().into_iter().cycle().take(rows - part.len()))
}

/// Marks that fit a condition, whose values are bound in order.
pub(super) async fn select(
    connection: &mut SqliteConnection,
    condition: &str,
    values: &[Value<'_>],
) -> Result<Vec<(MarkId, Mark)>, sqlx::Error> {
    let mut query = sqlx::query(AssertSqlSafe(format!("{}{condition}", sql::SELECT_MARK)));
    for value in values {
        query = match value {
            Value::Number(number) => query.bind(*number),
            Value::Text(text) => query.bind((*text).to_owned()),
        };
    }
    query.fetch_all(connection).await?.iter().map(decode).collect()
}

/// A value of a condition.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Number(i64),
    Text(&'a str),
}

/// Puts a left mark, or merges it into the left mark that its scope has; gives how many were merged.
pub(super) async fn put_left(
    connection: &mut SqliteConnection,
    id: MarkId,
    mark: Mark,
) -> Result<u64, sqlx::Error> {
    let (kind, scope) = columns(&mark.scope);
    let there = select(connection, sql::LEFT_ON_SCOPE, &[Value::Number(kind), Value::Text(scope)]).await?;
    let Some((other_id, other)) = there.first() else {
        insert(connection, &[(id, mark)]).await?;
        return Ok(0);
    };
    let merge = sqlx::query(sql::MERGE_MARK)
        .bind(other.not_before.max(mark.not_before))
        .bind(i64::from(other.attempts.max(mark.attempts)))
        .bind(mark.reason as i64)
        .bind(other_id.cast_signed());
    merge.execute(connection).await?;
    Ok(1)
}

/// Makes a left mark of the row, which may merge it into another; gives how many were merged.
pub(super) async fn turn_left(
    connection: &mut SqliteConnection,
    id: MarkId,
    left: Mark,
) -> Result<u64, sqlx::Error> {
    let delete = sqlx::query(sql::DELETE_MARK).bind(id.cast_signed());
    delete.execute(&mut *connection).await?;
    put_left(connection, id, left).await
}

pub(super) async fn counts(connection: &mut SqliteConnection) -> Result<MarkCounts, sqlx::Error> {
    let mut counts = MarkCounts::default();
    for row in sqlx::query(sql::COUNT_MARKS).fetch_all(connection).await? {
        let rows = row.try_get::<i64, _>(1)?.cast_unsigned();
        match row.try_get::<i64, _>(0)? {
            0 => counts.running = rows,
            1 => counts.left = rows,
            2 => counts.claimed = rows,
            _ => counts.dead = rows,
        }
    }
    Ok(counts)
}

pub(super) async fn all_scopes(
    connection: &mut SqliteConnection,
) -> Result<Vec<(MarkId, Scope)>, sqlx::Error> {
    let rows = sqlx::query(sql::ALL_SCOPES).fetch_all(connection).await?;
    let decode = |row: &SqliteRow| {
        let id: i64 = row.try_get("id")?;
        Ok((id.cast_unsigned(), scope(row.try_get("kind")?, row.try_get("scope")?)?))
    };
    rows.iter().map(decode).collect()
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

fn bind<'q>(query: Query<'q>, id: MarkId, mark: &Mark) -> Query<'q> {
    let (kind, scope) = columns(&mark.scope);
    let (state, claim, lease_until) = match mark.state {
        MarkState::Running => (0, 0, 0),
        MarkState::Left => (1, 0, 0),
        MarkState::Claimed { claim, lease_until } => (2, claim.cast_signed(), lease_until),
        MarkState::Dead => (3, 0, 0),
    };
    let query =
        query.bind(id.cast_signed()).bind(kind).bind(scope.to_owned()).bind(mark.session.cast_signed());
    let query = query.bind(state).bind(claim).bind(lease_until).bind(mark.not_before);
    query.bind(i64::from(mark.attempts)).bind(mark.reason as i64).bind(mark.created)
}

fn decode(row: &SqliteRow) -> Result<(MarkId, Mark), sqlx::Error> {
    let number = |column| row.try_get::<i64, _>(column);
    let state = match number("state")? {
        0 => MarkState::Running,
        1 => MarkState::Left,
        2 => MarkState::Claimed {
            claim: number("claim")?.cast_unsigned(),
            lease_until: number("lease_until")?,
        },
        _ => MarkState::Dead,
    };
    let reason = usize::try_from(number("reason")?).ok().and_then(|reason| Reason::ALL.get(reason).copied());
    let mark = Mark {
        scope: scope(number("kind")?, row.try_get("scope")?)?,
        session: number("session")?.cast_unsigned(),
        state,
        not_before: number("not_before")?,
        attempts: u32::try_from(number("attempts")?).unwrap_or(u32::MAX),
        reason: reason.unwrap_or(Reason::Asked),
        created: number("created")?,
    };
    Ok((number("id")?.cast_unsigned(), mark))
}

fn scope(kind: i64, text: &str) -> Result<Scope, sqlx::Error> {
    let scope = match kind {
        0 => Key::from_text(text).map(Scope::Key),
        1 => Group::from_text(text).map(Scope::Group),
        _ => Some(Scope::Everything),
    };
    scope.ok_or_else(|| sqlx::Error::Decode(format!("a mark of kind {kind} has no such scope").into()))
}
