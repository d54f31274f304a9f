//! PostgreSQL.

use std::borrow::BorrowMut;
use std::str::FromStr;

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{ConnectOptions, Connection as _, SqlStr};

use super::engine::{Engine, Need};
use super::meaning::Meaning;
use super::spelling::Spelling;
use crate::journal::sql::{Cells, Connection, Dialect, ServerDialect, Value, cells_and_values};

/// Each statement is prepared once.
const STATEMENTS_KEPT: usize = 256;

/// Takes a schema from nothing to version 1.
const VERSION_1: &str = "BEGIN;
    CREATE TABLE IF NOT EXISTS crossfade_mark (
        id BIGINT PRIMARY KEY,
        kind BIGINT NOT NULL,
        scope TEXT COLLATE \"C\" NOT NULL,
        session BIGINT NOT NULL,
        state BIGINT NOT NULL,
        claim BIGINT NOT NULL,
        lease_until BIGINT NOT NULL,
        not_before BIGINT NOT NULL,
        attempts BIGINT NOT NULL,
        reason BIGINT NOT NULL,
        created BIGINT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS crossfade_mark_due ON crossfade_mark
        ((CASE kind WHEN 2 THEN 1::bigint ELSE 0::bigint END), not_before, id) WHERE state = 1;
    CREATE INDEX IF NOT EXISTS crossfade_mark_left ON crossfade_mark (kind, scope) WHERE state = 1;
    CREATE INDEX IF NOT EXISTS crossfade_mark_claimed ON crossfade_mark (lease_until) WHERE state = 2;
    CREATE INDEX IF NOT EXISTS crossfade_mark_dead ON crossfade_mark (created, id) WHERE state = 3;
    CREATE TABLE IF NOT EXISTS crossfade_mark_inside (
        id BIGINT PRIMARY KEY,
        kind BIGINT NOT NULL,
        scope TEXT COLLATE \"C\" NOT NULL,
        session BIGINT NOT NULL,
        created BIGINT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS crossfade_epoch (
        id BIGINT PRIMARY KEY,
        authority_epoch BIGINT NOT NULL,
        session BIGINT NOT NULL,
        session_open BIGINT NOT NULL,
        opened BIGINT NOT NULL
    );
    INSERT INTO crossfade_epoch VALUES (1, 1, 0, 0, 0) ON CONFLICT (id) DO UPDATE SET session_open = 0;
    CREATE TABLE IF NOT EXISTS crossfade_sequence (name TEXT COLLATE \"C\" PRIMARY KEY, next BIGINT NOT NULL);
    CREATE TABLE IF NOT EXISTS crossfade_audit (
        line BIGINT PRIMARY KEY,
        at BIGINT NOT NULL,
        who TEXT NOT NULL,
        what TEXT NOT NULL,
        why TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS crossfade_state (
        id BIGINT PRIMARY KEY,
        version BIGINT NOT NULL,
        batch BIGINT NOT NULL,
        stage TEXT NOT NULL,
        epoch BIGINT NOT NULL,
        authority_epoch BIGINT NOT NULL,
        session BIGINT NOT NULL,
        session_open BIGINT NOT NULL,
        continues_unrecorded BIGINT NOT NULL,
        voids BIGINT NOT NULL,
        reserved_stamp BIGINT NOT NULL,
        fill TEXT,
        certificate TEXT
    );
    INSERT INTO crossfade_state VALUES (1, 1, 0, 'off', 1, 1, 0, 0, 0, 0, 0, NULL, NULL);
    COMMIT";

/// Takes it to version 2. Running marks that have rows of their own are left to the next session, as after a crash.
const VERSION_2: &str = "BEGIN;
    CREATE TABLE IF NOT EXISTS crossfade_mark_running (id BIGINT PRIMARY KEY, marks TEXT NOT NULL);
    UPDATE crossfade_state SET version = 2 WHERE id = 1;
    COMMIT";

const DIALECT: Dialect = Dialect {
    greatest: "greatest",
    or_leave_mark: "ON CONFLICT (id) DO NOTHING",
    or_set_sequence: "ON CONFLICT (name) DO UPDATE SET",
    everything: "(CASE kind WHEN 2 THEN 1::bigint ELSE 0::bigint END) = ?",
    returning: true,
    server: Some(ServerDialect {
        or_leave: "ON CONFLICT (id) DO NOTHING",
        shared: "FOR SHARE",
        or_replace: "ON CONFLICT (id) DO UPDATE SET marks = excluded.marks",
        delete: |table, rows| format!("DELETE FROM {table} WHERE id IN ({})", vec!["?"; rows].join(", ")),
    }),
};

/// A connection of the journal's own, or one of the service that is in a transaction.
#[derive(Debug)]
pub(super) struct Postgres<C = PgConnection> {
    pub(super) connection: C,
    pub(super) spelling: Spelling,
}

cells_and_values!(sqlx::Postgres, PgRow);

impl<C: BorrowMut<PgConnection> + Send> Connection for Postgres<C> {
    const DIALECT: &'static Dialect = &DIALECT;

    async fn execute(&mut self, statement: SqlStr, values: &[Value<'_>]) -> sqlx::Result<u64> {
        let statement = self.spelling.statement(statement);
        Ok(query(statement, values).execute(self.connection.borrow_mut()).await?.rows_affected())
    }

    async fn fetch<T: Send>(
        &mut self,
        statement: SqlStr,
        values: &[Value<'_>],
        decode: fn(&dyn Cells) -> sqlx::Result<T>,
    ) -> sqlx::Result<Vec<T>> {
        let statement = self.spelling.statement(statement);
        let rows = query(statement, values).fetch_all(self.connection.borrow_mut()).await?;
        rows.iter().map(|row| decode(row)).collect()
    }
}

impl Engine for Postgres {
    type Options = PgConnectOptions;

    const DATABASE: &'static str = <sqlx::Postgres as sqlx::Database>::NAME;
    const NUMBERED: bool = true;
    // What an older server does not know is left out. Every transaction begins with the lock of the state row, so a
    // higher isolation level would add nothing.
    const SETUP: &'static str = "SELECT set_config(name, value, false)
        FROM (VALUES ('default_transaction_isolation', 'read committed'), ('statement_timeout', '100s'),
            ('lock_timeout', '5s'), ('idle_session_timeout', '60s'), ('idle_in_transaction_session_timeout', '60s'),
            ('tcp_keepalives_idle', '20'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '4'))
            AS wanted (name, value) JOIN pg_settings USING (name);
        SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";
    const NEEDS: &'static [Need] = &[
        Need {
            setting: "fsync",
            unless: "SELECT current_setting('fsync') WHERE current_setting('fsync') <> 'on'",
            wanted: "on",
        },
        Need {
            setting: "server_encoding",
            unless: "SELECT current_setting('server_encoding') WHERE current_setting('server_encoding') <> 'UTF8'",
            wanted: "UTF8 (a property of the database)",
        },
    ];
    const ID: &'static str = "SELECT pg_backend_pid()::bigint";
    const LOCK: &'static str = "SELECT pg_try_advisory_lock(
        hashtextextended(current_schema() || '.crossfade_', 0))::int::bigint";
    const HOLDER: &'static str = "SELECT pid::bigint FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(current_schema() || '.crossfade_', 0)";
    const BEGIN: &'static str = "BEGIN";
    const MIGRATIONS: &'static [&'static str] = &[VERSION_1, VERSION_2];

    fn options(url: &str) -> sqlx::Result<PgConnectOptions> {
        let options = PgConnectOptions::from_str(url)?.application_name("crossfade");
        Ok(options.statement_cache_capacity(STATEMENTS_KEPT))
    }

    async fn connect(options: &PgConnectOptions, spelling: Spelling) -> sqlx::Result<Self> {
        Ok(Self { connection: options.connect().await?, spelling })
    }

    async fn script<T: Send>(
        &mut self,
        script: &str,
        decode: fn(&dyn Cells) -> sqlx::Result<T>,
    ) -> sqlx::Result<Vec<T>> {
        let rows = sqlx::raw_sql(self.spelling.script(script)).fetch_all(&mut self.connection).await?;
        rows.iter().map(|row| decode(row)).collect()
    }

    fn kill(id: i64) -> String {
        format!("SELECT pg_terminate_backend({id})")
    }

    async fn close(self) -> sqlx::Result<()> {
        self.connection.close().await
    }

    /// The first two characters are the class.
    fn meaning(error: &dyn DatabaseError) -> Meaning {
        let code = error.code().unwrap_or_default();
        match &*code {
            // A server that ends or starts, too many connections, a session that was idle for too long.
            "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "53300" => Meaning::Broken,
            "28000" | "28P01" | "3D000" | "3F000" | "42501" => Meaning::Denied,
            "25006" => Meaning::ReadOnly,
            "53100" => Meaning::Full,
            // A lock, a statement that took too long, a deadlock.
            "55P03" | "57014" | "40P01" | "40001" => Meaning::Locked,
            "42P01" => Meaning::NoTable,
            code if code.starts_with("08") => Meaning::Broken,
            code if code.starts_with("XX") => Meaning::Damaged,
            _ => Meaning::Other,
        }
    }
}
