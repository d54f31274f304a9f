//! The journal's tables as a transaction of the service sees them.

use super::engine::Engine;
#[cfg(feature = "mysql")]
use super::mariadb::MariaDb;
use super::meaning::{Meaning, meaning, named};
#[cfg(feature = "postgres")]
use super::postgres::Postgres;
use super::spelling::Spelling;
use crate::journal::error::JournalError;
use crate::journal::inside::{Inside, MarksInside, NotMarked, TransactionMark};
use crate::journal::sql::mark_inside;

#[cfg(feature = "mysql")]
impl MarksInside for sqlx::MySql {
    async fn mark(
        connection: &mut sqlx::MySqlConnection,
        prefix: &str,
        mark: &TransactionMark,
    ) -> Result<(), JournalError> {
        let Some(inside) = mark.inside() else { return Ok(()) };
        let spelling = Spelling::new(prefix, MariaDb::NUMBERED);
        answered::<MariaDb>(inside, mark_inside(&mut MariaDb { connection, spelling }, inside).await)
    }
}

#[cfg(feature = "postgres")]
impl MarksInside for sqlx::Postgres {
    async fn mark(
        connection: &mut sqlx::PgConnection,
        prefix: &str,
        mark: &TransactionMark,
    ) -> Result<(), JournalError> {
        let Some(inside) = mark.inside() else { return Ok(()) };
        let spelling = Spelling::new(prefix, Postgres::NUMBERED);
        answered::<Postgres>(inside, mark_inside(&mut Postgres { connection, spelling }, inside).await)
    }
}

fn answered<E: Engine>(
    inside: &Inside,
    answer: sqlx::Result<Result<(), NotMarked>>,
) -> Result<(), JournalError> {
    let error = match answer {
        Ok(marked) => return marked.map_err(|why| inside.not_marked(why)),
        Err(error) => error,
    };
    Err(match meaning::<E>(&error) {
        Meaning::NoTable => inside.no_tables(&error),
        _ => named::<E>(inside.journal_name(), &error),
    })
}
