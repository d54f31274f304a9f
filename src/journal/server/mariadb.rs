//! MariaDB, and MySQL, which understands the same statements.

use std::borrow::BorrowMut;
use std::str::FromStr;

use sqlx::error::DatabaseError;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlRow};
use sqlx::{ConnectOptions, Connection as _, SqlStr};

use super::engine::{Engine, Need};
use super::meaning::Meaning;
use super::spelling::Spelling;
use crate::journal::sql::{Cells, Connection, Dialect, ServerDialect, Value, cells_and_values};

/// Each statement is prepared once: preparing it again would cost a wait of 40 ms on a network, where the driver's
/// packets wait for each other.
const STATEMENTS_KEPT: usize = 256;

/// Takes a schema from nothing to version 1.
///
/// Scopes and names are compared as bytes: to a text column `a` and `a ` are the same. There are no partial indexes, so
/// each has the state in front.
const VERSION_1: &str = "CREATE TABLE IF NOT EXISTS crossfade_mark (
        id BIGINT PRIMARY KEY,
        kind BIGINT NOT NULL,
        scope VARBINARY(2048) NOT NULL,
        session BIGINT NOT NULL,
        state BIGINT NOT NULL,
        claim BIGINT NOT NULL,
        lease_until BIGINT NOT NULL,
        not_before BIGINT NOT NULL,
        attempts BIGINT NOT NULL,
        reason BIGINT NOT NULL,
        created BIGINT NOT NULL,
        everything BIGINT AS (kind = 2) STORED,
        INDEX crossfade_mark_due (state, everything, not_before, id),
        INDEX crossfade_mark_scope (state, kind, scope(255))
    ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    CREATE TABLE IF NOT EXISTS crossfade_mark_inside (
        id BIGINT PRIMARY KEY,
        kind BIGINT NOT NULL,
        scope VARBINARY(2048) NOT NULL,
        session BIGINT NOT NULL,
        created BIGINT NOT NULL
    ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    CREATE TABLE IF NOT EXISTS crossfade_epoch (
        id BIGINT PRIMARY KEY,
        authority_epoch BIGINT NOT NULL,
        session BIGINT NOT NULL,
        session_open BIGINT NOT NULL,
        opened BIGINT NOT NULL
    ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    INSERT INTO crossfade_epoch VALUES (1, 1, 0, 0, 0) ON DUPLICATE KEY UPDATE session_open = 0;
    CREATE TABLE IF NOT EXISTS crossfade_sequence (
        name VARBINARY(255) PRIMARY KEY,
        next BIGINT NOT NULL
    ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    CREATE TABLE IF NOT EXISTS crossfade_audit (
        line BIGINT PRIMARY KEY,
        at BIGINT NOT NULL,
        who TEXT NOT NULL,
        what TEXT NOT NULL,
        why TEXT NOT NULL
    ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    CREATE TABLE IF NOT EXISTS crossfade_state (
        id BIGINT PRIMARY KEY,
        version BIGINT NOT NULL,
        batch BIGINT NOT NULL,
        stage VARCHAR(32) NOT NULL,
        epoch BIGINT NOT NULL,
        authority_epoch BIGINT NOT NULL,
        session BIGINT NOT NULL,
        session_open BIGINT NOT NULL,
        continues_unrecorded BIGINT NOT NULL,
        voids BIGINT NOT NULL,
        reserved_stamp BIGINT NOT NULL,
        fill MEDIUMTEXT,
        certificate MEDIUMTEXT
    ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    INSERT INTO crossfade_state VALUES (1, 1, 0, 'off', 1, 1, 0, 0, 0, 0, 0, NULL, NULL)";

/// Takes it to version 2. Running marks that have rows of their own are left to the next session, as after a crash.
const VERSION_2: &str = "CREATE TABLE IF NOT EXISTS crossfade_mark_running (
        id BIGINT PRIMARY KEY,
        marks MEDIUMTEXT NOT NULL
    ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    UPDATE crossfade_state SET version = 2 WHERE id = 1";

const DIALECT: Dialect = Dialect {
    greatest: "greatest",
    or_leave_mark: "ON DUPLICATE KEY UPDATE id = crossfade_mark.id",
    or_set_sequence: "ON DUPLICATE KEY UPDATE",
    everything: "everything = ?",
    returning: false,
    server: Some(ServerDialect {
        or_leave: "ON DUPLICATE KEY UPDATE id = crossfade_mark_inside.id",
        shared: "LOCK IN SHARE MODE",
        or_replace: "ON DUPLICATE KEY UPDATE marks = VALUES(marks)",
        delete,
    }),
};

/// By a list (`id IN ..`) a small table is read from one end to the other, with a lock on every row, and no hint helps.
fn delete(table: &str, rows: usize) -> String {
    let others = " UNION ALL SELECT CAST(? AS SIGNED)".repeat(rows - 1);
    format!(
        "DELETE {table} FROM (SELECT CAST(? AS SIGNED) AS id{others}) AS ended
        STRAIGHT_JOIN {table} FORCE INDEX (PRIMARY) ON {table}.id = ended.id"
    )
}

/// A connection of the journal's own, or one of the service that is in a transaction.
#[derive(Debug)]
pub(super) struct MariaDb<C = MySqlConnection> {
    pub(super) connection: C,
    pub(super) spelling: Spelling,
}

cells_and_values!(sqlx::MySql, MySqlRow);

impl<C: BorrowMut<MySqlConnection> + Send> Connection for MariaDb<C> {
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

impl Engine for MariaDb {
    type Options = MySqlConnectOptions;

    const DATABASE: &'static str = <sqlx::MySql as sqlx::Database>::NAME;
    const NUMBERED: bool = false;
    // Every transaction begins with the lock of the state row, so a higher level would add nothing; a lower one is
    // refused where the binary log holds statements. Only MariaDB reads what is in `/*M! */`.
    const SETUP: &'static str = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;
        SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1, wait_timeout = 60,
            innodb_lock_wait_timeout = 5, lock_wait_timeout = 5 /*M! , max_statement_time = 100 */";
    const NEEDS: &'static [Need] = &[
        Need {
            setting: "innodb_flush_log_at_trx_commit",
            unless: "SELECT CAST(@@innodb_flush_log_at_trx_commit AS CHAR) FROM DUAL
                WHERE @@innodb_flush_log_at_trx_commit NOT IN (1, 3)",
            wanted: "1",
        },
        // After a power cut a transaction that the binary log does not have is rolled back.
        Need {
            setting: "sync_binlog",
            unless: "SELECT CAST(@@sync_binlog AS CHAR) FROM DUAL WHERE @@log_bin = 1 AND @@sync_binlog <> 1",
            wanted: "1",
        },
    ];
    const ID: &'static str = "SELECT CAST(CONNECTION_ID() AS SIGNED)";
    const LOCK: &'static str =
        "SELECT CAST(COALESCE(GET_LOCK(MD5(CONCAT(DATABASE(), '.crossfade_')), 0), 0) AS SIGNED)";
    const HOLDER: &'static str = "SELECT CAST(holder AS SIGNED) FROM
        (SELECT IS_USED_LOCK(MD5(CONCAT(DATABASE(), '.crossfade_'))) AS holder) AS held WHERE holder IS NOT NULL";
    const BEGIN: &'static str = "START TRANSACTION";
    const MIGRATIONS: &'static [&'static str] = &[VERSION_1, VERSION_2];

    fn options(url: &str) -> sqlx::Result<MySqlConnectOptions> {
        let options = MySqlConnectOptions::from_str(url)?;
        let options = options.pipes_as_concat(false).no_engine_substitution(false);
        Ok(options.statement_cache_capacity(STATEMENTS_KEPT))
    }

    async fn connect(options: &MySqlConnectOptions, spelling: Spelling) -> sqlx::Result<Self> {
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
        format!("KILL {id}")
    }

    async fn close(self) -> sqlx::Result<()> {
        self.connection.close().await
    }

    fn meaning(error: &dyn DatabaseError) -> Meaning {
        match error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number) {
            // Too many connections, a server that ends, a connection that was ended.
            // One that is too long for `max_allowed_packet` (1153) is none of these: it would be sent again and again.
            Some(
                1040 | 1053 | 1152 | 1154..=1161 | 1184 | 1203 | 1226 | 1317 | 1927 | 2006 | 2013 | 4031,
            ) => Meaning::Broken,
            Some(1044 | 1045 | 1049 | 1142 | 1143 | 1227 | 1370 | 1698) => Meaning::Denied,
            Some(1290 | 1792 | 1836) => Meaning::ReadOnly,
            Some(1021 | 1114) => Meaning::Full,
            // A lock, a deadlock, and a statement that took too long.
            Some(1020 | 1205 | 1213 | 1969 | 3024) => Meaning::Locked,
            Some(1034 | 1035 | 1194 | 1712 | 1877) => Meaning::Damaged,
            Some(1146) => Meaning::NoTable,
            _ => Meaning::Other,
        }
    }
}
