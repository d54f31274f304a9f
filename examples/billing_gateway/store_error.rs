//! What an error of a driver means for the call that met it.

use crossfade::backend::cassandra::CassandraError;
use crossfade::backend::sql::{MySql, Postgres};
use crossfade::data::Outcome;
use crossfade::route::Store;
use sqlx::error::DatabaseError;
use sqlx::mysql::MySqlDatabaseError;
use sqlx::sqlite::SqliteError;

use crate::request::StoreError;
use crate::sqlite;

/// The error of a call to `store`.
pub(crate) fn store_error(store: Store, error: &sqlx::Error) -> StoreError {
    meaning(store, outcome_of(error), error.to_string())
}

/// The error of a call to Cassandra.
pub(crate) fn cassandra_error(error: &CassandraError) -> StoreError {
    meaning(Store::Target, error.outcome(), error.to_string())
}

fn meaning(store: Store, outcome: Outcome, reason: String) -> StoreError {
    match outcome {
        Outcome::Rejected => StoreError::Unavailable { store, reason },
        Outcome::Applied | Outcome::Unknown => StoreError::NoAnswer { store, reason },
    }
}

/// What it means for a write: by the codes of the database that said it. What the driver itself says is the same for all.
pub(crate) fn outcome_of(error: &sqlx::Error) -> Outcome {
    let said: Option<&dyn DatabaseError> = error.as_database_error();
    match said {
        Some(said) if said.try_downcast_ref::<SqliteError>().is_some() => sqlite::outcome_of(said),
        Some(said) if said.try_downcast_ref::<MySqlDatabaseError>().is_some() => MySql::outcome(error),
        _ => Postgres::outcome(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_connection_are_told_apart() {
        assert_eq!(outcome_of(&sqlx::Error::PoolTimedOut), Outcome::Rejected);
        assert_eq!(outcome_of(&sqlx::Error::PoolClosed), Outcome::Rejected);
        assert_eq!(outcome_of(&sqlx::Error::WorkerCrashed), Outcome::Unknown);
        assert_eq!(outcome_of(&sqlx::Error::Io(std::io::Error::other("broken"))), Outcome::Unknown);
    }
}
