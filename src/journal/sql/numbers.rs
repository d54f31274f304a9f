//! Reserved stamps, and the sequences of ids.

use sqlx::SqlStr;

use super::connection::{Connection, Value};
use super::statements;
use super::tables::{Done, Tables, limited, misplaced};
use crate::journal::model::{Command, Reply};

impl<C: Connection> Tables<'_, C> {
    pub(super) async fn number_command(&mut self, command: &Command) -> Done {
        Ok(Ok(match command {
            Command::ReserveStamps { upto } => {
                self.state.reserved_stamp = self.state.reserved_stamp.max(*upto);
                Reply::Done
            }
            Command::TakeIds { sequence, count } => self.take_ids(sequence, *count).await?,
            Command::RaiseIds { sequence, above } => self.raise_ids(sequence, *above).await?,
            _ => return Err(misplaced(command)),
        }))
    }

    async fn take_ids(&mut self, sequence: &str, count: u64) -> Result<Reply, sqlx::Error> {
        let count = limited(count);
        let (name, taken) = (Value::Text(sequence), Value::Number(count));
        let take = statements::take_ids(C::DIALECT);
        let next = if C::DIALECT.returning {
            self.connection.fetch(take, &[name, taken, taken], |row| row.number(0)).await?
        } else {
            self.connection.execute(take, &[name, taken, taken]).await?;
            let next = SqlStr::from_static(statements::NEXT_ID);
            self.connection.fetch(next, &[name], |row| row.number(0)).await?
        };
        let next = next.first().ok_or(sqlx::Error::RowNotFound)?;
        Ok(Reply::Ids((next - count).cast_unsigned()))
    }

    async fn raise_ids(&mut self, sequence: &str, above: u64) -> Result<Reply, sqlx::Error> {
        let above = Value::Number(limited(above.saturating_add(1)));
        let values = [Value::Text(sequence), above, above];
        self.connection.execute(statements::raise_ids(C::DIALECT), &values).await?;
        Ok(Reply::Done)
    }
}
