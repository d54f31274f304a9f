//! What a transaction of the service does in the journal's tables.

use super::connection::{Cells, Connection, Value};
use super::mark_rows::{self, ROWS_MAX, padded};
use super::statements;
use crate::data::Scope;
use crate::journal::inside::{Inside, NotMarked};
use crate::journal::model::{MarkId, Micros, SessionId};

/// Marks inside of the transaction that this connection is in: reads the row of the epoch, which nobody changes until that
/// transaction has ended, and leaves a row for each scope.
pub(crate) async fn mark_inside<C: Connection>(
    connection: &mut C,
    inside: &Inside,
) -> sqlx::Result<Result<(), NotMarked>> {
    let Some(dialect) = &C::DIALECT.server else { return Ok(Err(NotMarked::NoRow)) };
    let read = |row: &dyn Cells| Ok([row.number(0)?, row.number(1)?, row.number(2)?, row.number(3)?]);
    let found = connection.fetch(statements::share_epoch(dialect), &[], read).await?;
    if let Err(not_marked) = inside.check(found.first().copied()) {
        return Ok(Err(not_marked));
    }
    let rows: Vec<(MarkId, &Scope)> = (inside.first..).zip(&inside.scopes).collect();
    for part in rows.chunks(ROWS_MAX) {
        let rows = part.len().next_power_of_two();
        let values: Vec<Value<'_>> = padded(part, rows)
            .flat_map(|(id, scope)| values(*id, scope, inside.session, inside.created))
            .collect();
        connection.execute(statements::insert_inside(dialect, rows), &values).await?;
    }
    Ok(Ok(()))
}

fn values(id: MarkId, scope: &Scope, session: SessionId, created: Micros) -> [Value<'_>; 5] {
    let (kind, text) = mark_rows::columns(scope);
    let number = |number: u64| Value::Number(number.cast_signed());
    [number(id), Value::Number(kind), Value::Text(text), number(session), Value::Number(created)]
}
