//! Tests of the journal in a SQLite file.

mod dirty;
mod durability;
mod faults;
mod file;
mod full;
mod full_disk;
mod group_commit;
mod journal;
mod model;

use std::path::Path;

use tokio::runtime::{Builder, Runtime};

use super::file::Sqlite;
use crate::journal::limits::Limits;
use crate::journal::model::{Mark, MarkId};
use crate::journal::sql::select;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A file that is not synced: these tests do not cut the power.
async fn unsynced(path: &Path) -> Sqlite {
    unsynced_within(path, &Limits::default()).await
}

async fn unsynced_within(path: &Path, limits: &Limits) -> Sqlite {
    let mut file = Sqlite::open(path, limits).unwrap();
    pragma(&mut file, "synchronous = OFF").await;
    file
}

async fn pragma(file: &mut Sqlite, pragma: &str) {
    file.connection.execute_batch(&format!("PRAGMA {pragma}")).unwrap();
}

/// Every mark in the file, by row.
async fn all_marks(file: &mut Sqlite) -> Vec<(MarkId, Mark)> {
    select(&mut file.connection, " ORDER BY id", &[]).await.unwrap()
}
