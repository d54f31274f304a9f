//! The list of processes of MariaDB and MySQL.

use std::time::Duration;

use sqlx::{AssertSqlSafe, MySql, MySqlConnection};

use super::process::{Busy, Process, Processes, Running};

const PROCESS_OF: &str = "SELECT CAST(ID AS SIGNED), CAST(HOST AS CHAR) FROM information_schema.PROCESSLIST \
     WHERE ID = CONNECTION_ID()";

const LIST: &str = "SELECT CAST(ID AS SIGNED), CAST(HOST AS CHAR), CAST(COMMAND AS CHAR), CAST(TIME AS SIGNED) \
     FROM information_schema.PROCESSLIST WHERE USER = SUBSTRING_INDEX(USER(), '@', 1)";

/// "Unknown thread id": it is gone.
const GONE: u16 = 1094;

impl Processes for MySql {
    const HAS_SERVER: bool = true;

    async fn process_of(connection: &mut MySqlConnection) -> sqlx::Result<Option<Process>> {
        let (id, from): (i64, String) = sqlx::query_as(PROCESS_OF).fetch_one(connection).await?;
        // Ids begin again when the server does. The port of the client tells them apart; a Unix socket has none.
        Ok(from.contains(':').then_some(Process { id, from }))
    }

    async fn list(connection: &mut MySqlConnection) -> sqlx::Result<Vec<Running>> {
        let rows: Vec<(i64, String, String, Option<i64>)> =
            sqlx::query_as(LIST).fetch_all(connection).await?;
        let running = |(id, from, command, seconds): (i64, String, String, Option<i64>)| Running {
            process: Process { id, from },
            busy: busy(&command, seconds),
        };
        Ok(rows.into_iter().map(running).collect())
    }

    async fn end(connection: &mut MySqlConnection, process: &Process, _: Duration) -> sqlx::Result<()> {
        let kill = AssertSqlSafe(format!("KILL CONNECTION {}", process.id));
        match sqlx::raw_sql(kill).execute(connection).await {
            Err(sqlx::Error::Database(error)) if is_gone(&*error) => Ok(()),
            done => done.map(drop),
        }
    }
}

fn is_gone(error: &dyn sqlx::error::DatabaseError) -> bool {
    let error = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>();
    error.is_some_and(|error| error.number() == GONE)
}

/// A transaction that is open and rests looks as a connection that rests: `idle_transaction_timeout` is for it.
fn busy(command: &str, seconds: Option<i64>) -> Option<Busy> {
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    match command {
        "Sleep" => None,
        _ => Some(seconds.map_or(Busy::FOR_UNKNOWN, Busy::clock_seconds)),
    }
}
