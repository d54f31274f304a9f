//! What a power cut leaves. No test cuts the power, so this one asks whether SQLite was told to wait for the disk.

use sqlx::Row;

use super::super::file::Sqlite;
use super::runtime;
use crate::journal::limits::Limits;

#[test]
fn every_commit_is_on_the_disk_before_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let mut file = Sqlite::open(&folder.path().join("j.db"), &Limits::default()).await.unwrap();
        let row = sqlx::query("PRAGMA synchronous").fetch_one(&mut file.connection).await.unwrap();
        let full = 2;
        assert_eq!(row.get::<i64, _>(0), full);
    });
}
