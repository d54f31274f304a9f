//! Marks that transactions of the service make inside themselves.
//!
//! They have a table of their own: their rows are locked for as long as such a transaction runs, and a command that
//! came upon one by the way would wait for it, and all others behind it. The row of the epoch is what a transaction
//! and a change of the authority exclude each other by.

use sqlx::SqlStr;

use super::connection::{Cells, Connection, Value};
use super::tables::{Done, Tables, misplaced};
use super::{mark_rows, statements};
use crate::data::Scope;
use crate::journal::model::{Command, Mark, MarkId, MarkState, Micros, Reason, Reply};
use crate::journal::state::new_mark;

/// The mark of a transaction, and its row.
type Row = (MarkId, Mark);

impl<C: Connection> Tables<'_, C> {
    pub(super) async fn inside_command(&mut self, command: &Command) -> Done {
        Ok(Ok(match command {
            Command::LeaveInside { inside, session, id, scope, not_before, reason, now } => {
                self.delete_inside(inside.as_slice()).await?;
                let mark = new_mark(scope, *session, MarkState::Left, *not_before, *reason, *now);
                Reply::Removed(mark_rows::put_left(self.connection, *id, mark).await?)
            }
            Command::AdoptInside { before, now } => self.adopt_inside(*before, *now).await?,
            _ => return Err(misplaced(command)),
        }))
    }

    /// Takes the marks of many transactions out in few statements. Each counts as taken out: it was there, or was adopted.
    pub(super) async fn unmark_inside_many(&mut self, run: &[&Command]) -> sqlx::Result<Vec<Reply>> {
        let (mut replies, mut ids) = (Vec::with_capacity(run.len()), Vec::with_capacity(run.len()));
        for command in run {
            let Command::UnmarkInside { first, rows } = command else { return Err(misplaced(command)) };
            ids.extend(*first..first + rows);
            replies.push(Reply::Removed(*rows));
        }
        self.delete_inside(&ids).await?;
        Ok(replies)
    }

    async fn delete_inside(&mut self, ids: &[MarkId]) -> sqlx::Result<()> {
        let Some(dialect) = &C::DIALECT.server else { return Ok(()) };
        let ids: Vec<i64> = ids.iter().map(|id| id.cast_signed()).collect();
        mark_rows::delete_by_id(self.connection, dialect, statements::INSIDE_TABLE, &ids).await
    }

    async fn adopt_inside(&mut self, before: Micros, now: Micros) -> sqlx::Result<Reply> {
        let mut adopted = Vec::new();
        let made = self.made_inside(before, statements::ADOPTED_MAX).await?;
        self.delete_inside(&rows_of(&made)).await?;
        for (id, mark) in made {
            let (scope, reason) = (mark.scope.clone(), Reason::UnknownWrite);
            if mark_rows::put_left(self.connection, id, Mark { not_before: now, reason, ..mark }).await? == 0
            {
                adopted.push((id, scope));
            }
        }
        Ok(Reply::Scopes(adopted))
    }

    /// Adopts all that the sessions before have left. No transaction runs that could make more.
    pub(super) async fn adopt_all_inside(&mut self, not_before: Micros) -> sqlx::Result<Vec<Scope>> {
        let made = self.made_inside(Micros::MAX, i64::MAX).await?;
        self.delete_inside(&rows_of(&made)).await?;
        let left: Vec<Row> = made.into_iter().map(|(id, mark)| (id, Mark { not_before, ..mark })).collect();
        mark_rows::insert(self.connection, &left).await?;
        Ok(left.into_iter().map(|(_, mark)| mark.scope).collect())
    }

    /// The committed ones, as left marks of a crash.
    async fn made_inside(&mut self, before: Micros, limit: i64) -> sqlx::Result<Vec<Row>> {
        if C::DIALECT.server.is_none() {
            return Ok(Vec::new());
        }
        let made = SqlStr::from_static(statements::MADE_INSIDE);
        self.connection.fetch(made, &[Value::Number(before), Value::Number(limit)], decode).await
    }

    /// Whether no transaction may be marking while this is done.
    pub(super) const fn excludes_transactions(&self, command: &Command) -> bool {
        match command {
            Command::Open { .. } | Command::Close { .. } => true,
            // The others leave the authority where it is, and need not wait for transactions that run.
            Command::Commit { request, .. } => {
                request.needs_no_marks || self.state.stage.switches_authority(request.to)
            }
            _ => false,
        }
    }

    /// Waits for the transactions that have marked, and keeps others from it until this one has ended.
    pub(super) async fn lock_epoch(&mut self) -> sqlx::Result<()> {
        self.execute(statements::LOCK_EPOCH, &[]).await.map(drop)
    }

    /// Says which session and which epoch transactions may mark in.
    pub(super) async fn save_epoch(&mut self) -> sqlx::Result<()> {
        let (epoch, session) = (self.state.authority_epoch.cast_signed(), self.state.session.cast_signed());
        let values = [epoch, session, i64::from(self.state.session_open)];
        self.execute(statements::SAVE_EPOCH, &values).await?;
        match self.opened {
            Some(opened) => self.execute(statements::SAVE_OPENED, &[opened]).await.map(drop),
            None => Ok(()),
        }
    }
}

fn rows_of(made: &[Row]) -> Vec<MarkId> {
    made.iter().map(|(id, _)| *id).collect()
}

fn decode(row: &dyn Cells) -> sqlx::Result<Row> {
    let (session, scope) = (row.number(3)?.cast_unsigned(), mark_rows::scope(row.number(1)?, row.text(2)?)?);
    let mark = new_mark(&scope, session, MarkState::Left, 0, Reason::Crash, row.number(4)?);
    Ok((row.number(0)?.cast_unsigned(), mark))
}

/// How many there are that have been committed.
pub(super) async fn count<C: Connection>(connection: &mut C) -> sqlx::Result<u64> {
    if C::DIALECT.server.is_none() {
        return Ok(0);
    }
    let count = SqlStr::from_static(statements::COUNT_INSIDE);
    let rows = connection.fetch(count, &[], |row| row.number(0)).await?;
    Ok(rows.first().map_or(0, |rows| rows.cast_unsigned()))
}
