//! How far the file may grow, and what happens when the disk lets it grow no further.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::file::Sqlite;
use super::reserve::Reserve;
use super::sql;
use crate::journal::error::JournalError;
use crate::journal::limits::Limits;
use crate::journal::room::{PAGE_BYTES, RESERVE_PAGES, Room};

/// What a limit leaves at least: as much for new marks as for what leads to fewer of them.
const LIMIT_PAGES_LEAST: u64 = 2 * RESERVE_PAGES;
/// How often it is tried to make the reserve whole again, at most.
const WHOLE_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How far the file may grow, in pages.
///
/// A full disk is a limit a little above the size that the file has then, since some of the reserve file is given to it.
/// It ends when the reserve file is whole again.
#[derive(Debug)]
pub(super) struct Space {
    limit: Option<u64>,
    full_at: Option<u64>,
    reserve: Reserve,
    tried: Instant,
}

impl Space {
    pub(super) fn new(journal: &Path, limits: &Limits) -> Self {
        let limit = limits.file_bytes_max.map(|bytes| (bytes / PAGE_BYTES).max(LIMIT_PAGES_LEAST));
        Self { limit, full_at: None, reserve: Reserve::beside(journal), tried: Instant::now() }
    }

    /// Gives a part of the reserve to the disk; whether there was one.
    pub(super) fn give(&self) -> bool {
        self.reserve.give()
    }

    fn limit(&self) -> Option<u64> {
        let full_at = self.full_at.map(|pages| pages + LIMIT_PAGES_LEAST);
        [self.limit, full_at].into_iter().flatten().min()
    }

    fn disk_is_full(&mut self, pages: u64, path: &Path) {
        if self.full_at.is_none() {
            let path = path.display();
            tracing::error!(%path, "the journal's disk is full: new marks have what room its file and its reserve have");
            (self.full_at, self.tried) = (Some(pages), Instant::now());
        }
    }

    fn look_for_room(&mut self) {
        if self.full_at.is_some() && self.tried.elapsed() >= WHOLE_AGAIN_AFTER {
            self.tried = Instant::now();
            if self.reserve.make_whole() {
                tracing::info!("the journal's disk has room again");
                self.full_at = None;
            }
        }
    }
}

impl Sqlite {
    /// The first look at the reserve: without it the disk counts as full.
    pub(super) fn take_reserve(&mut self) -> Result<(), JournalError> {
        if self.space.reserve.make_whole() { Ok(()) } else { self.disk_is_full() }
    }

    /// The pages that are left below the limit, when there is one.
    pub(super) fn pages_left(&mut self) -> Result<Option<Room>, JournalError> {
        self.space.look_for_room();
        let Some(limit) = self.space.limit() else {
            return Ok(None);
        };
        let used = self.count(sql::PAGES)? - self.count(sql::FREE_PAGES)?;
        Ok(Some(Room::new(self.path.clone(), limit.saturating_sub(used))))
    }

    /// From now on the file grows little, and most of it for what leads to fewer marks.
    pub(super) fn disk_is_full(&mut self) -> Result<(), JournalError> {
        let pages = self.count(sql::PAGES)?;
        self.space.disk_is_full(pages, &self.path);
        Ok(())
    }

    /// Writes the log into the file, so that it begins anew in the room that it has. Where the file has no room for it
    /// the log stays as it is.
    pub(super) fn begin_log_anew(&self) {
        if let Err(error) = self.connection.execute_batch(sql::CHECKPOINT) {
            tracing::debug!(%error, "the journal's log could not be written into its file");
        }
    }

    fn count(&self, pragma: &'static str) -> Result<u64, JournalError> {
        self.ask::<i64>(pragma).map(i64::cast_unsigned)
    }
}
