//! Reserved stamps, and the sequences of ids.

use sqlx::Row;

use super::execute::{Done, Tables, limited, misplaced};
use super::sql;
use crate::journal::model::{Command, Reply};

impl Tables<'_> {
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
        let query = sqlx::query(sql::TAKE_IDS).bind(sequence.to_owned()).bind(count).bind(count);
        let next: i64 = query.fetch_one(&mut *self.connection).await?.try_get(0)?;
        Ok(Reply::Ids((next - count).cast_unsigned()))
    }

    async fn raise_ids(&mut self, sequence: &str, above: u64) -> Result<Reply, sqlx::Error> {
        let query =
            sqlx::query(sql::RAISE_IDS).bind(sequence.to_owned()).bind(limited(above.saturating_add(1)));
        query.execute(&mut *self.connection).await?;
        Ok(Reply::Done)
    }
}
