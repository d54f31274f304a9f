//! The list of processes of PostgreSQL.

use std::time::Duration;

use sqlx::{PgConnection, Postgres};

use super::process::{Busy, Process, Processes, Running};

/// As text: the same number in each session.
const PROCESS_OF: &str = "SELECT pid::bigint, extract(epoch FROM backend_start)::text FROM pg_stat_activity \
     WHERE pid = pg_backend_pid()";

const LIST: &str = "SELECT pid::bigint, extract(epoch FROM backend_start)::text, state, \
     (extract(epoch FROM clock_timestamp() - CASE state WHEN 'active' THEN query_start ELSE state_change END) \
     * 1000)::bigint FROM pg_stat_activity WHERE usename = session_user AND backend_start IS NOT NULL";

/// What it does is looked at once more, by the server.
const END: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
     WHERE pid = $1 AND extract(epoch FROM backend_start)::text = $2 AND state <> 'idle' \
     AND CASE state WHEN 'active' THEN query_start ELSE state_change END \
     < clock_timestamp() - $3 * interval '1 millisecond'";

impl Processes for Postgres {
    const HAS_SERVER: bool = true;

    async fn process_of(connection: &mut PgConnection) -> sqlx::Result<Option<Process>> {
        let (id, from) = sqlx::query_as(PROCESS_OF).fetch_one(connection).await?;
        Ok(Some(Process { id, from }))
    }

    async fn list(connection: &mut PgConnection) -> sqlx::Result<Vec<Running>> {
        let rows: Vec<(i64, String, Option<String>, Option<i64>)> =
            sqlx::query_as(LIST).fetch_all(connection).await?;
        let running = |(id, from, state, millis): (i64, String, Option<String>, Option<i64>)| Running {
            process: Process { id, from },
            busy: busy(state.as_deref(), millis),
        };
        Ok(rows.into_iter().map(running).collect())
    }

    async fn end(connection: &mut PgConnection, process: &Process, limit: Duration) -> sqlx::Result<()> {
        let limit = limit.as_millis() as f64;
        let (pid, from) = (i32::try_from(process.id).unwrap_or_default(), &process.from);
        sqlx::query(END).bind(pid).bind(from).bind(limit).execute(connection).await.map(drop)
    }
}

/// With `track_activities` off nothing is said.
fn busy(state: Option<&str>, millis: Option<i64>) -> Option<Busy> {
    // Below zero for what began after the server looked at its clock.
    let time = millis.map(|millis| Duration::from_millis(u64::try_from(millis).unwrap_or_default()));
    match state {
        Some("idle") => None,
        Some("disabled") | None => Some(Busy::FOR_UNKNOWN),
        Some(_) => Some(time.map_or(Busy::FOR_UNKNOWN, Busy::exactly)),
    }
}
