//! A batch of commands, done to the tables inside of one transaction.

use std::mem::discriminant;

use sqlx::SqlStr;

use super::connection::{Connection, Value};
use super::inside;
use super::mark_rows;
use super::running_marks::RunningMarks;
use super::state_row::StateRow;
use crate::data::Scope;
use crate::journal::model::{Command, MarkCounts, MarkId, Micros, Refusal, Reply};

/// The tables inside of one transaction.
pub(crate) struct Tables<'a, C> {
    pub(super) connection: &'a mut C,
    /// Those of a server; in a file they have rows like the others.
    pub(super) running: Option<&'a mut RunningMarks>,
    pub(super) state: StateRow,
    /// When the session was opened that a command has opened here.
    pub(super) opened: Option<Micros>,
}

/// A refusal changes nothing, an error ends the transaction.
pub(super) type Done = Result<Result<Reply, Refusal>, sqlx::Error>;

/// Does all commands inside of the transaction that has loaded this state, and saves the state when they changed it.
pub(crate) async fn run<C: Connection>(
    connection: &mut C,
    running: Option<&mut RunningMarks>,
    before: StateRow,
    batch: &[&Command],
) -> Result<Vec<Reply>, sqlx::Error> {
    let mut tables = Tables { connection, running, state: before.clone(), opened: None };
    // Before anything is read: what was committed while this waits would be hidden by an older view of the tables.
    let alone =
        C::DIALECT.server.is_some() && batch.iter().any(|command| tables.excludes_transactions(command));
    if alone {
        tables.lock_epoch().await?;
    }
    if let Some(running) = &mut tables.running {
        running.load(tables.connection).await?;
    }
    let replies = tables.run(batch).await?;
    if let Some(running) = &mut tables.running {
        running.save(tables.connection).await?;
    }
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
        for run in batch.chunk_by(|a, b| come_in_numbers(a) && come_in_numbers(b)) {
            match run {
                [command] if !come_in_numbers(command) => {
                    replies.push(self.one(command).await?.unwrap_or_else(Reply::Refused));
                }
                _ if are_of_other_rows(run) => replies.extend(self.many(run).await?),
                _ => {
                    for of_kind in run.chunk_by(|a, b| discriminant(*a) == discriminant(*b)) {
                        replies.extend(self.many(of_kind).await?);
                    }
                }
            }
        }
        Ok(replies)
    }

    /// Callers unmark one write and mark the next, in turn: those of a kind are done together, in few statements.
    async fn many(&mut self, run: &[&Command]) -> Result<Vec<Reply>, sqlx::Error> {
        let mut replies: Vec<(usize, Reply)> = Vec::with_capacity(run.len());
        for is_of_kind in IN_NUMBERS {
            let of_kind = run.iter().enumerate().filter(|(_, command)| is_of_kind(command));
            let (places, commands): (Vec<usize>, Vec<&Command>) = of_kind.unzip();
            let told = match commands.first() {
                None => continue,
                Some(Command::Mark { .. }) => self.mark_many(&commands).await?,
                Some(Command::Unmark { .. }) => self.unmark_many(&commands).await?,
                Some(_) => self.unmark_inside_many(&commands).await?,
            };
            replies.extend(places.into_iter().zip(told));
        }
        replies.sort_unstable_by_key(|(place, _)| *place);
        Ok(replies.into_iter().map(|(_, reply)| reply).collect())
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

    /// Those of transactions count as running ones.
    pub(super) async fn counts(&mut self) -> Result<MarkCounts, sqlx::Error> {
        let mut counts = mark_rows::counts(self.connection).await?;
        counts.running += inside::count(self.connection).await?;
        counts.running += self.running.as_ref().map_or(0, |running| running.len());
        Ok(counts)
    }

    pub(super) async fn all_scopes(&mut self) -> Result<Vec<(MarkId, Scope)>, sqlx::Error> {
        let mut scopes = mark_rows::all_scopes(self.connection).await?;
        if let Some(running) = &self.running {
            scopes.extend(running.iter().map(|(id, mark)| (id, mark.scope.clone())));
            scopes.sort_unstable_by_key(|(id, _)| *id);
        }
        Ok(scopes)
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

/// The kinds of commands that come in numbers.
const IN_NUMBERS: [fn(&Command) -> bool; 3] = [
    |command| matches!(command, Command::Mark { .. }),
    |command| matches!(command, Command::Unmark { rows: 1, .. }),
    |command| matches!(command, Command::UnmarkInside { .. }),
];

fn come_in_numbers(command: &Command) -> bool {
    IN_NUMBERS.iter().any(|is_of_kind| is_of_kind(command))
}

/// Whether nothing that is unmarked here can be marked here, so that the order between the kinds says nothing. A write is
/// unmarked after its mark was committed, and the numbers of rows rise.
fn are_of_other_rows(run: &[&Command]) -> bool {
    let marked = run.iter().filter_map(|command| match command {
        Command::Mark { first, .. } => Some(first),
        _ => None,
    });
    let unmarked = run.iter().filter_map(|command| match command {
        Command::Unmark { first, .. } => Some(first),
        _ => None,
    });
    marked.min().zip(unmarked.max()).is_none_or(|(marked, unmarked)| unmarked < marked)
}

/// The error of a command that was sent to the wrong theme.
pub(super) fn misplaced(command: &Command) -> sqlx::Error {
    sqlx::Error::Protocol(format!("no statements for {command:?} here"))
}

/// A limit as SQL takes it.
pub(super) fn limited(limit: u64) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::super::connection::Cells;
    use super::*;
    use crate::data::Key;
    use crate::journal::sql::Dialect;
    use crate::stage::Stage;

    /// Notes the statements, and finds nothing.
    #[derive(Default)]
    struct Noting(Vec<String>);

    impl Connection for Noting {
        const DIALECT: &'static Dialect = <rusqlite::Connection as Connection>::DIALECT;

        async fn execute(&mut self, statement: SqlStr, _: &[Value<'_>]) -> sqlx::Result<u64> {
            self.0.push(statement.as_str().to_owned());
            Ok(0)
        }

        async fn fetch<T: Send>(
            &mut self,
            statement: SqlStr,
            values: &[Value<'_>],
            _: fn(&dyn Cells) -> sqlx::Result<T>,
        ) -> sqlx::Result<Vec<T>> {
            self.execute(statement, values).await?;
            Ok(Vec::new())
        }
    }

    fn dual_write() -> StateRow {
        StateRow {
            stage: Stage::DualWrite,
            epoch: 1,
            authority_epoch: 1,
            session: 1,
            session_open: true,
            continues_unrecorded: false,
            voids: 0,
            reserved_stamp: 0,
            fill: None,
            certificate: None,
        }
    }

    #[tokio::test]
    async fn writes_that_unmark_and_mark_in_turn_are_two_statements() {
        let mark = |row| Command::Mark {
            session: 1,
            epoch: 1,
            first: row,
            scopes: Key::new(&1, &row).into(),
            now: 0,
        };
        let turn = |row| [Command::Unmark { first: row, rows: 1 }, mark(1_000 + row)];
        let commands: Vec<Command> = (0..100).flat_map(turn).collect();
        let batch: Vec<&Command> = commands.iter().collect();
        let mut noting = Noting::default();
        let replies = run(&mut noting, None, dual_write(), &batch).await.unwrap();
        assert_eq!(noting.0.len(), 2, "{:?}", noting.0);
        // Each caller is told of its own command.
        let told = [Reply::Removed(0), Reply::Done].into_iter().cycle().take(200);
        assert_eq!(replies, told.collect::<Vec<_>>());
    }
}
