//! What a power cut leaves. No test cuts the power, so this one asks whether SQLite was told to wait for the disk.

use super::super::file::Sqlite;
use crate::journal::limits::Limits;

#[test]
fn every_commit_is_on_the_disk_before_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = Sqlite::open(&folder.path().join("j.db"), &Limits::default()).unwrap();
    let full = 2;
    assert_eq!(file.ask::<i64>("PRAGMA synchronous").unwrap(), full);
    assert_eq!(file.ask::<String>("PRAGMA journal_mode").unwrap(), "wal");
}
