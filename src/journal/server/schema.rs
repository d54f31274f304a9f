//! The tables: which version they are, and how they become the one that this release writes.

use super::engine::Engine;
use super::meaning::{Meaning, meaning};
use crate::journal::error::JournalError;

const FOUND_VERSION: &str = "SELECT version FROM crossfade_state WHERE id = 1";

/// Makes the tables, or brings them to the newest version. The lock is held meanwhile.
pub(super) async fn migrate<E: Engine>(
    engine: &mut E,
    server: &str,
) -> sqlx::Result<Result<(), JournalError>> {
    let found = version(engine).await?;
    let known = E::MIGRATIONS.len();
    let done = usize::try_from(found).unwrap_or_default();
    if done > known {
        return Ok(Err(JournalError::NewerSchema { path: server.into(), found, known: known as i64 }));
    }
    for statements in &E::MIGRATIONS[done..] {
        engine.script(statements, |_| Ok(())).await?;
    }
    Ok(Ok(()))
}

/// 0 when there is no state row: it is the last that the first migration makes.
async fn version<E: Engine>(engine: &mut E) -> sqlx::Result<i64> {
    match engine.script(FOUND_VERSION, |row| row.number(0)).await {
        Ok(versions) => Ok(versions.first().copied().unwrap_or(0)),
        Err(error) if meaning::<E>(&error) == Meaning::NoTable => Ok(0),
        Err(error) => Err(error),
    }
}
