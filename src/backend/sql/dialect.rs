//! What differs between the databases.

use std::time::Duration;

use sqlx::Database;
use sqlx::error::DatabaseError;

#[cfg(feature = "mysql")]
use super::mysql;
#[cfg(feature = "postgres")]
use super::postgres;
use super::syntax::Syntax;
use crate::data::Outcome;

/// A database that [`SqlStore`](super::SqlStore) knows. Implemented for sqlx's `MySql` and `Postgres`.
pub trait Dialect: Database + sealed::Sealed {
    /// The schemes of its URLs.
    const SCHEMES: &'static [&'static str];

    /// The port that its servers listen on where nobody chose another one.
    const PORT: u16;

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

mod sealed {
    #[allow(unnameable_types, reason = "that nobody can name it is what seals the trait")]
    pub trait Sealed {}

    #[cfg(feature = "mysql")]
    impl Sealed for sqlx::MySql {}
    #[cfg(feature = "postgres")]
    impl Sealed for sqlx::Postgres {}
}

/// For settings that are whole seconds: rounded down, since it must not be longer, and never 0, which means none.
#[cfg(feature = "mysql")]
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().max(1)
}

#[cfg(feature = "mysql")]
impl Dialect for sqlx::MySql {
    const SCHEMES: &'static [&'static str] = &["mysql", "mariadb"];
    const PORT: u16 = 3306;

    fn session(statement_timeout: Duration, background: bool) -> Vec<String> {
        let (statement, lock) = (statement_timeout.as_secs_f64(), whole_seconds(statement_timeout));
        // A comment that only MariaDB reads: MySQL has no such setting and would refuse the connection.
        let bounds = format!(
            "SET SESSION /*M! max_statement_time = {statement}, */ innodb_lock_wait_timeout = {lock}"
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
    const PORT: u16 = 5432;

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
