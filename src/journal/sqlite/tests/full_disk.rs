//! A full disk: what stands can be left, claimed and cleared in the room that the journal has kept for it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::time::Duration;

use tokio::time::sleep;

use super::super::file::Sqlite;
use super::super::reserve::DISK_RESERVE_BYTES;
use super::full::{a_stage_that_copies, fill_up, keys, leave_all, repair_all};
use super::journal::rows;
use super::{pragma, runtime, unsynced};
use crate::journal::error::JournalError;
use crate::journal::handle::Journal;
use crate::journal::limits::Limits;
use crate::journal::model::{Command, Reply};
use crate::journal::room::{PAGE_BYTES, Room};
use crate::journal::writer::{Backend, Writer};

/// A filesystem of its own.
struct Disk(tempfile::TempDir);

impl Disk {
    /// None where mounting is not allowed.
    #[allow(clippy::print_stdout, reason = "says why a test did not run")]
    fn mounted(mib: u64) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={mib}m");
        let mount =
            Program::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        if mount.is_ok_and(|done| done.status.success()) {
            return Some(Self(folder));
        }
        println!("skipped: a small filesystem cannot be mounted here, which takes root on Linux");
        None
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Takes all the room that is left, as another program would.
    fn fill(&self, name: &str) {
        let mut file = File::create(self.file(name)).unwrap();
        while file.write_all(&[0; 4_096]).is_ok() {}
    }

    fn free(&self, name: &str) {
        fs::remove_file(self.file(name)).unwrap();
    }

    async fn journal(&self) -> Result<Journal, JournalError> {
        Journal::open(&format!("sqlite:{}", self.file("j.db").display())).await
    }

    async fn begun(&self) -> Journal {
        let journal = self.journal().await.unwrap();
        journal.open_session(Duration::ZERO, false).await.unwrap();
        journal
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmount = Program::new("umount").arg("--lazy").arg(self.0.path()).status();
        assert!(unmount.unwrap().success());
    }
}

/// A file on a disk of a fixed size, for machines that cannot mount one: SQLite is told how many pages there are, and
/// each part of the reserve that is given adds its own.
struct Small {
    file: Sqlite,
    pages: u64,
}

impl Backend for Small {
    async fn execute(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, JournalError> {
        loop {
            let given = (DISK_RESERVE_BYTES - self.reserve()) / PAGE_BYTES;
            pragma(&mut self.file, &format!("max_page_count = {}", self.pages + given)).await;
            let (before, done) = (self.reserve(), self.file.execute(batch).await);
            // What was given has no effect before the pages are counted again.
            if done.is_ok() || self.reserve() == before {
                return done;
            }
        }
    }

    async fn room(&mut self) -> Result<Option<Room>, JournalError> {
        self.file.room().await
    }

    async fn close(self) {
        self.file.close();
    }
}

impl Small {
    fn reserve(&self) -> u64 {
        fs::metadata(format!("{}.reserve", self.file.path.display())).unwrap().len()
    }
}

async fn small(path: &Path) -> Journal {
    let path = path.to_owned();
    let writer = Writer::start(move || async move { Ok(Small { file: unsynced(&path).await, pages: 200 }) });
    let journal = Journal::durable(writer.await.unwrap(), Limits::default(), "test").await.unwrap();
    journal.open_session(Duration::ZERO, false).await.unwrap();
    a_stage_that_copies(&journal).await;
    journal
}

#[test]
fn where_the_file_cannot_grow_marks_are_refused_until_repairs_have_made_room() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let journal = small(&folder.path().join("j.db")).await;
        let running = fill_up(&journal).await;
        assert!(running.len() > 20, "{}", running.len());
        leave_all(&journal, &running);
        repair_all(&journal).await;
        let again = fill_up(&journal).await;
        assert!(again.len() * 2 > running.len(), "{} writes, then {}", running.len(), again.len());
    });
}

#[test]
fn on_a_full_disk_repairs_alone_make_room_for_new_marks() {
    let Some(disk) = Disk::mounted(16) else { return };
    runtime().block_on(async {
        let journal = disk.begun().await;
        a_stage_that_copies(&journal).await;
        disk.fill("other");
        let running = fill_up(&journal).await;
        assert!(running.len() > 20, "{}", running.len());
        leave_all(&journal, &running);
        repair_all(&journal).await;
        assert!(rows(&journal).await.is_empty());
        let again = fill_up(&journal).await;
        assert!(again.len() * 2 > running.len(), "{} writes, then {}", running.len(), again.len());
        again.iter().for_each(|mark| journal.unmark(mark));
        assert!(rows(&journal).await.is_empty());
        journal.close().await.unwrap();
    });
}

#[test]
fn a_journal_that_has_filled_its_disk_itself_recovers_by_repairs() {
    let Some(disk) = Disk::mounted(16) else { return };
    runtime().block_on(async {
        let journal = disk.begun().await;
        a_stage_that_copies(&journal).await;
        let running = fill_up(&journal).await;
        assert!(running.len() > 100, "{}", running.len());
        leave_all(&journal, &running);
        repair_all(&journal).await;
        let again = fill_up(&journal).await;
        assert!(again.len() * 2 > running.len(), "{} writes, then {}", running.len(), again.len());
        journal.close().await.unwrap();
    });
}

/// The reserve is gone, so that only the room that the log and the file have already is left.
#[test]
fn a_log_that_can_be_written_into_the_file_begins_anew_in_its_own_room() {
    let Some(disk) = Disk::mounted(16) else { return };
    runtime().block_on(async {
        let journal = disk.begun().await;
        a_stage_that_copies(&journal).await;
        let mark = async |scopes| journal.unmark(&journal.mark(scopes, 2).await.unwrap());
        mark(keys(1)).await;
        for _ in 0..500 {
            mark(keys(1).as_slice()[0].clone().into()).await;
        }
        disk.free("j.db.reserve");
        disk.fill("other");
        // Larger commits than those before it: the log ends in the middle of one.
        for _ in 0..300 {
            mark(keys(1)).await;
        }
        assert!(rows(&journal).await.is_empty());
    });
}

#[test]
fn a_disk_that_has_room_again_ends_the_limit_and_makes_the_reserve_whole() {
    let Some(disk) = Disk::mounted(32) else { return };
    runtime().block_on(async {
        let journal = disk.begun().await;
        a_stage_that_copies(&journal).await;
        disk.fill("other");
        let few = fill_up(&journal).await.len();
        disk.free("other");
        let reserve = || fs::metadata(disk.file("j.db.reserve")).unwrap().len();
        assert!(reserve() < DISK_RESERVE_BYTES, "it was given");
        sleep(Duration::from_millis(1_100)).await;
        for write in 0..few as u64 + 200 {
            journal.mark(keys(10_000 + write), 2).await.unwrap();
        }
        assert_eq!(reserve(), DISK_RESERVE_BYTES);
        journal.close().await.unwrap();
    });
}

#[test]
fn a_journal_starts_on_a_full_disk_and_repairs_what_stands() {
    let Some(disk) = Disk::mounted(16) else { return };
    runtime().block_on(async {
        let journal = disk.begun().await;
        a_stage_that_copies(&journal).await;
        let running: Vec<_> =
            [journal.mark(keys(1), 2).await.unwrap(), journal.mark(keys(2), 2).await.unwrap()].into();
        leave_all(&journal, &running);
        journal.close().await.unwrap();
        disk.fill("other");
        let journal = disk.begun().await;
        assert_eq!(journal.marks(), 80);
        repair_all(&journal).await;
        journal.close().await.unwrap();
    });
}

#[test]
fn a_start_that_finds_no_room_at_all_says_so_and_loses_nothing() {
    let Some(disk) = Disk::mounted(16) else { return };
    runtime().block_on(async {
        let journal = disk.begun().await;
        a_stage_that_copies(&journal).await;
        leave_all(&journal, &[journal.mark(keys(1), 2).await.unwrap()]);
        journal.close().await.unwrap();
        disk.free("j.db.reserve");
        disk.fill("other");
        let refused = disk.journal().await.unwrap_err();
        assert!(matches!(refused, JournalError::Full { .. }), "{refused}");
        disk.free("other");
        let journal = disk.begun().await;
        assert_eq!(journal.marks(), 40);
        journal.close().await.unwrap();
    });
}
