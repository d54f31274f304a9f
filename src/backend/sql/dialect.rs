//! What differs between the databases.

use std::time::Duration;

use sqlx::database::HasStatementCache;
use sqlx::error::DatabaseError;

#[cfg(feature = "mysql")]
use super::mysql;
use super::overdue::Processes;
#[cfg(feature = "postgres")]
use super::postgres;
#[cfg(feature = "sqlite")]
use super::sqlite;
use super::syntax::Syntax;
use crate::data::Outcome;

/// A database that [`SqlStore`](super::SqlStore) knows. Implemented for sqlx's `MySql`, `Postgres` and `Sqlite`.
pub trait Dialect: HasStatementCache + Processes + sealed::Sealed {
    /// The schemes of its URLs.
    const SCHEMES: &'static [&'static str];

    /// What a URL of it looks like.
    const EXAMPLE: &'static str;

    /// What each new connection is told, so that the server ends its statements within this time. One for background work also
    /// refuses values that do not fit, whatever the server is set to.
    fn session(statement_timeout: Duration, background: bool) -> Vec<String>;

    /// How it writes things.
    fn syntax() -> Syntax;

    /// How many rows a statement changed.
    fn rows_affected(done: &Self::QueryResult) -> u64;

    /// What an error that the server reported means for the write that met it.
    fn outcome_of(error: &dyn DatabaseError) -> Outcome;
}

/// A database whose statements can say when they began to read: MariaDB and PostgreSQL.
#[diagnostic::on_unimplemented(
    message = "a read of `{Self}` carries no stamp of its own",
    note = "use `read` and `page`, with the stamp `now` that `RecordStore::read` and `page` are given"
)]
pub trait StampsReads: Dialect {}

#[cfg(feature = "mysql")]
impl StampsReads for sqlx::MySql {}
#[cfg(feature = "postgres")]
impl StampsReads for sqlx::Postgres {}

mod sealed {
    #[allow(unnameable_types, reason = "that nobody can name it is what seals the trait")]
    pub trait Sealed {}

    #[cfg(feature = "mysql")]
    impl Sealed for sqlx::MySql {}
    #[cfg(feature = "postgres")]
    impl Sealed for sqlx::Postgres {}
    #[cfg(feature = "sqlite")]
    impl Sealed for sqlx::Sqlite {}
}

/// For settings that are whole seconds: rounded down, since it must not be longer, and never 0, which means none.
#[cfg(feature = "mysql")]
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().max(1)
}

#[cfg(feature = "mysql")]
impl Dialect for sqlx::MySql {
    const SCHEMES: &'static [&'static str] = &["mysql", "mariadb"];
    const EXAMPLE: &'static str = "mysql://user:password@127.0.0.1:3306/billing";

    fn session(statement_timeout: Duration, background: bool) -> Vec<String> {
        let (statement, whole) = (statement_timeout.as_secs_f64(), whole_seconds(statement_timeout));
        // A comment that only MariaDB reads: MySQL has no such settings and would refuse the connection.
        let bounds = format!(
            "SET SESSION /*M! max_statement_time = {statement}, idle_transaction_timeout = {whole}, */ \
             innodb_lock_wait_timeout = {whole}"
        );
        let strict = "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')".to_owned();
        if background { vec![bounds, strict] } else { vec![bounds] }
    }

    fn syntax() -> Syntax {
        Syntax::MariaDb
    }

    fn rows_affected(done: &Self::QueryResult) -> u64 {
        done.rows_affected()
    }

    fn outcome_of(error: &dyn DatabaseError) -> Outcome {
        // An error of another driver cannot come from this one.
        let error = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>();
        error.map_or(Outcome::Unknown, |error| mysql::outcome_of(error.number()))
    }
}

#[cfg(feature = "postgres")]
impl Dialect for sqlx::Postgres {
    const SCHEMES: &'static [&'static str] = &["postgres", "postgresql"];
    const EXAMPLE: &'static str = "postgres://user:password@127.0.0.1:5432/billing";

    fn session(statement_timeout: Duration, _: bool) -> Vec<String> {
        let millis = statement_timeout.as_millis().max(1);
        ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]
            .map(|setting| format!("SET {setting} = {millis}"))
            .into()
    }

    fn syntax() -> Syntax {
        Syntax::Postgres
    }

    fn rows_affected(done: &Self::QueryResult) -> u64 {
        done.rows_affected()
    }

    fn outcome_of(error: &dyn DatabaseError) -> Outcome {
        error.code().map_or(Outcome::Unknown, |state| postgres::outcome_of(&state))
    }
}

#[cfg(feature = "sqlite")]
impl Dialect for sqlx::Sqlite {
    const SCHEMES: &'static [&'static str] = &["sqlite"];
    const EXAMPLE: &'static str = "sqlite:path/to/billing.db";

    fn session(statement_timeout: Duration, _: bool) -> Vec<String> {
        // The first of them, since the second may have to wait.
        let patience = format!("PRAGMA busy_timeout = {}", statement_timeout.as_millis().max(1));
        vec![patience, "PRAGMA journal_mode = WAL".to_owned()]
    }

    fn syntax() -> Syntax {
        Syntax::Sqlite
    }

    fn rows_affected(done: &Self::QueryResult) -> u64 {
        done.rows_affected()
    }

    fn outcome_of(error: &dyn DatabaseError) -> Outcome {
        let code = error.code().and_then(|code| code.parse().ok());
        code.map_or(Outcome::Unknown, sqlite::outcome_of)
    }
}
