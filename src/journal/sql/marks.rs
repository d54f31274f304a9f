//! Marks of writes: recorded, removed, left to the reconciler.

use std::collections::HashSet;
use std::ops::Range;

use super::connection::{Connection, Value};
use super::tables::{Done, Tables, misplaced};
use super::{mark_rows, statements};
use crate::data::Scope;
use crate::journal::model::{Command, Mark, MarkId, MarkState, Micros, Reason, Reply};
use crate::journal::state::new_mark;

impl<C: Connection> Tables<'_, C> {
    pub(super) async fn mark_command(&mut self, command: &Command) -> Done {
        Ok(Ok(Reply::Removed(match command {
            Command::Unmark { first, rows } => self.unmark(*first..first + rows).await?,
            Command::Leave { first, rows, narrowed, not_before, reason } => {
                self.leave(*first, *rows, narrowed.as_ref(), *not_before, *reason).await?
            }
            Command::MarkLeft { session, id, scope, not_before, reason, now } => {
                let mark = new_mark(scope, *session, MarkState::Left, *not_before, *reason, *now);
                mark_rows::put_left(self.connection, *id, mark).await?
            }
            _ => return Err(misplaced(command)),
        })))
    }

    /// Records the marks of many writes in few statements.
    pub(super) async fn mark_many(&mut self, run: &[&Command]) -> Result<Vec<Reply>, sqlx::Error> {
        let (mut replies, mut rows) = (Vec::with_capacity(run.len()), Vec::with_capacity(run.len()));
        for command in run {
            let Command::Mark { session, epoch, first, scopes, now } = command else {
                return Err(misplaced(command));
            };
            if let Err(refusal) = self.check(*session, *epoch) {
                replies.push(Reply::Refused(refusal));
                continue;
            }
            let marks = scopes
                .iter()
                .map(|scope| new_mark(scope, *session, MarkState::Running, 0, Reason::Write, *now));
            rows.extend((*first..).zip(marks));
            replies.push(Reply::Done);
        }
        match &mut self.running {
            Some(running) => running.insert(rows),
            None => mark_rows::insert(self.connection, &rows).await?,
        }
        Ok(replies)
    }

    async fn unmark(&mut self, rows: Range<MarkId>) -> Result<u64, sqlx::Error> {
        match &mut self.running {
            Some(running) => Ok(running.take(rows).len() as u64),
            None => {
                self.execute(statements::UNMARK, &[rows.start.cast_signed(), rows.end.cast_signed()]).await
            }
        }
    }

    /// Removes the marks of many single-row writes in few statements.
    pub(super) async fn unmark_many(&mut self, run: &[&Command]) -> Result<Vec<Reply>, sqlx::Error> {
        let mut ids = Vec::with_capacity(run.len());
        for command in run {
            match command {
                Command::Unmark { first, rows: 1 } => ids.push(*first),
                _ => return Err(misplaced(command)),
            }
        }
        if let Some(running) = &mut self.running {
            let removed = ids.iter().map(|id| Reply::Removed(running.remove(*id).is_some().into()));
            return Ok(removed.collect());
        }
        let deleted = mark_rows::delete_running(self.connection, &ids).await?;
        let mut deleted: HashSet<MarkId> = deleted.into_iter().collect();
        Ok(ids.iter().map(|id| Reply::Removed(u64::from(deleted.remove(id)))).collect())
    }

    async fn leave(
        &mut self,
        first: MarkId,
        rows: u64,
        narrowed: Option<&Scope>,
        not_before: Micros,
        reason: Reason,
    ) -> Result<u64, sqlx::Error> {
        let mut merged = 0;
        for (id, mark) in self.take_running(first..first + rows).await? {
            let left = Mark {
                scope: narrowed.cloned().unwrap_or(mark.scope),
                state: MarkState::Left,
                not_before,
                reason,
                ..mark
            };
            merged += mark_rows::put_left(self.connection, id, left).await?;
        }
        Ok(merged)
    }

    async fn take_running(&mut self, rows: Range<MarkId>) -> Result<Vec<(MarkId, Mark)>, sqlx::Error> {
        if let Some(running) = &mut self.running {
            return Ok(running.take(rows));
        }
        let range = [rows.start, rows.end].map(|row| Value::Number(row.cast_signed()));
        let running = mark_rows::select(self.connection, statements::RUNNING_IN_RANGE, &range).await?;
        self.unmark(rows).await?;
        Ok(running)
    }
}
