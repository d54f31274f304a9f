//! Opening: whose file it is, what is in it, and how it is named.

use std::fs;
use std::path::Path;

use super::super::file::Sqlite;
use super::super::{file_of, sql};
use super::{pragma, runtime, unsynced};
use crate::data::{Key, Scope};
use crate::journal::error::JournalError;
use crate::journal::limits::Limits;
use crate::journal::model::{Command, Reason};
use crate::journal::writer::Backend;

fn failure(path: &Path) -> JournalError {
    Sqlite::open(path, &Limits::default()).map(drop).unwrap_err()
}

#[test]
fn a_second_opening_is_refused_with_the_file_and_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let _first = runtime().block_on(unsynced(&path));
    fs::create_dir(folder.path().join("sub")).unwrap();
    let mut spellings = vec![path.clone(), folder.path().join("sub/../j.db"), folder.path().join("./j.db")];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&path, folder.path().join("link.db")).unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("sub/up")).unwrap();
        spellings.extend([folder.path().join("link.db"), folder.path().join("sub/up/j.db")]);
    }
    for spelling in spellings {
        match failure(&spelling) {
            JournalError::InUse { path: named, pid } => {
                assert_eq!((named, pid), (path.canonicalize().unwrap(), std::process::id()));
            }
            other => panic!("{}: {other}", spelling.display()),
        }
    }
}

#[test]
fn a_lock_file_that_a_dead_process_left_does_not_block() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("j.db.lock"), "4000000000\n").unwrap();
    runtime().block_on(async {
        unsynced(&folder.path().join("j.db")).await.close();
        unsynced(&folder.path().join("j.db")).await.close();
    });
}

#[test]
fn a_file_that_is_no_database_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    fs::write(&path, vec![b'x'; 100_000]).unwrap();
    assert!(matches!(failure(&path), JournalError::Corrupt { .. }), "{}", failure(&path));
}

/// A closed journal of many pages.
fn filled(path: &Path) {
    runtime().block_on(async {
        let mut file = unsynced(path).await;
        let marks: Vec<Command> = (0..2_000)
            .map(|id| Command::MarkLeft {
                session: 1,
                id,
                scope: Scope::from(Key::new(&id, &id)),
                not_before: 0,
                reason: Reason::Asked,
                now: 0,
            })
            .collect();
        file.execute(&marks.iter().collect::<Vec<_>>()).await.unwrap();
        file.close();
    });
}

#[test]
fn a_file_that_was_cut_off_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    for kept in [100, 5_000, 50_000, 100_000] {
        let path = folder.path().join(format!("{kept}.db"));
        filled(&path);
        fs::File::options().write(true).open(&path).unwrap().set_len(kept).unwrap();
        let failure = failure(&path);
        assert!(matches!(failure, JournalError::Corrupt { .. }), "{kept}: {failure}");
    }
}

#[test]
fn a_page_that_was_overwritten_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    filled(&path);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    assert!(matches!(failure(&path), JournalError::Corrupt { .. }), "{}", failure(&path));
}

#[test]
fn a_row_that_no_release_wrote_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let mut file = unsynced(&folder.path().join("j.db")).await;
        file.connection.execute_batch("UPDATE crossfade_state SET stage = 'sideways'").unwrap();
        let failure = file.execute(&[&Command::Status]).await.unwrap_err();
        assert!(matches!(failure, JournalError::Corrupt { .. }), "{failure}");
    });
}

#[test]
fn a_newer_schema_is_refused_by_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    runtime().block_on(async {
        let mut file = unsynced(&path).await;
        pragma(&mut file, &format!("user_version = {}", sql::VERSION + 1)).await;
        file.close();
    });
    match failure(&path) {
        JournalError::NewerSchema { found, known, .. } => {
            assert_eq!((found, known), (sql::VERSION + 1, sql::VERSION));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let failure = failure(&folder.path().join("nowhere/j.db")).to_string();
    assert!(failure.contains("nowhere/j.db: its directory cannot be opened: create it first"), "{failure}");
    let failure = self::failure(folder.path()).to_string();
    assert!(failure.contains("is a directory: name a file"), "{failure}");
}

#[test]
fn a_url_names_a_relative_or_an_absolute_file() {
    let file = |url| file_of(url).map(|path| path.to_str().unwrap().to_owned());
    assert_eq!(file("sqlite:j.db").as_deref(), Some("j.db"));
    assert_eq!(file("sqlite://j.db").as_deref(), Some("j.db"));
    assert_eq!(file("sqlite:/var/j.db").as_deref(), Some("/var/j.db"));
    assert_eq!(file("sqlite:///var/j.db").as_deref(), Some("/var/j.db"));
    for nothing in ["sqlite:", "sqlite://", "sqlite::memory:", "j.db", "mysql://host/db"] {
        assert_eq!(file(nothing), None, "{nothing}");
    }
}
