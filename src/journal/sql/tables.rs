//! A batch of commands, done to the tables inside of one transaction.

use std::mem::discriminant;

use sqlx::SqlStr;

use super::connection::{Connection, Value};
use super::state_row::StateRow;
use crate::journal::model::{Command, Micros, Refusal, Reply};

/// The tables inside of one transaction.
pub(crate) struct Tables<'a, C> {
    pub(super) connection: &'a mut C,
    pub(super) state: StateRow,
    /// When the session was opened that a command has opened here.
    pub(super) opened: Option<Micros>,
}

/// A refusal changes nothing, an error ends the transaction.
pub(super) type Done = Result<Result<Reply, Refusal>, sqlx::Error>;

/// Does all commands inside of the transaction that has loaded this state, and saves the state when they changed it.
pub(crate) async fn run<C: Connection>(
    connection: &mut C,
    before: StateRow,
    batch: &[&Command],
) -> Result<Vec<Reply>, sqlx::Error> {
    let mut tables = Tables { connection, state: before.clone(), opened: None };
    // Before anything is read: what was committed while this waits would be hidden by an older view of the tables.
    let alone =
        C::DIALECT.inside.is_some() && batch.iter().any(|command| tables.excludes_transactions(command));
    if alone {
        tables.lock_epoch().await?;
    }
    let replies = tables.run(batch).await?;
    if tables.state != before {
        tables.state.save(tables.connection).await?;
    }
    if alone {
        tables.save_epoch().await?;
    }
    Ok(replies)
}

impl<C: Connection> Tables<'_, C> {
    async fn run(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, sqlx::Error> {
        let mut replies = Vec::with_capacity(batch.len());
        let together = |a: &&Command, b: &&Command| {
            come_in_numbers(a) && come_in_numbers(b) && discriminant(*a) == discriminant(*b)
        };
        for run in batch.chunk_by(together) {
            match run {
                [Command::Mark { .. }, ..] => self.mark_many(run, &mut replies).await?,
                [Command::Unmark { .. }, _, ..] => self.unmark_many(run, &mut replies).await?,
                [Command::UnmarkInside { .. }, ..] => self.unmark_inside_many(run, &mut replies).await?,
                _ => {
                    for command in run {
                        replies.push(self.one(command).await?.unwrap_or_else(Reply::Refused));
                    }
                }
            }
        }
        Ok(replies)
    }

    async fn one(&mut self, command: &Command) -> Done {
        match command {
            Command::Open { .. } | Command::Close { .. } | Command::Status => {
                self.session_command(command).await
            }
            Command::Mark { .. }
            | Command::Unmark { .. }
            | Command::Leave { .. }
            | Command::MarkLeft { .. } => self.mark_command(command).await,
            Command::UnmarkInside { .. } | Command::LeaveInside { .. } | Command::AdoptInside { .. } => {
                self.inside_command(command).await
            }
            Command::Claim { .. }
            | Command::Clear { .. }
            | Command::GiveBack { .. }
            | Command::Bury { .. }
            | Command::RetryDead { .. }
            | Command::ListScopes
            | Command::ListDead { .. } => self.claim_command(command).await,
            Command::Commit { .. }
            | Command::SaveFill { .. }
            | Command::Certify { .. }
            | Command::Void { .. } => self.stage_command(command).await,
            Command::ReserveStamps { .. } | Command::TakeIds { .. } | Command::RaiseIds { .. } => {
                self.number_command(command).await
            }
            Command::Audit { .. } | Command::ListAudit { .. } => self.audit_command(command).await,
        }
    }

    /// Runs a statement with these values; gives how many rows it changed.
    pub(super) async fn execute(
        &mut self,
        statement: &'static str,
        values: &[i64],
    ) -> Result<u64, sqlx::Error> {
        let values: Vec<Value<'_>> = values.iter().copied().map(Value::Number).collect();
        self.connection.execute(SqlStr::from_static(statement), &values).await
    }
}

/// Whether commands of this kind come in numbers and are done together.
const fn come_in_numbers(command: &Command) -> bool {
    matches!(command, Command::Mark { .. } | Command::Unmark { rows: 1, .. } | Command::UnmarkInside { .. })
}

/// The error of a command that was sent to the wrong theme.
pub(super) fn misplaced(command: &Command) -> sqlx::Error {
    sqlx::Error::Protocol(format!("no statements for {command:?} here"))
}

/// A limit as SQL takes it.
pub(super) fn limited(limit: u64) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
