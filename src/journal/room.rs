//! Which commands there is room for, while the file may not grow as it likes.

use std::path::PathBuf;

use super::error::JournalError;
use super::model::Command;
use crate::data::Scopes;

/// The size of a page of the file.
pub(crate) const PAGE_BYTES: u64 = 4_096;
/// What new marks leave of a limited file to the commands that lead to fewer marks, in bytes. Writes that run while
/// the file becomes full leave their marks in it: some thousand, and the others one after the other as repairs go on.
pub const RESERVE_BYTES: u64 = 1_024 * 1_024;
pub(crate) const RESERVE_PAGES: u64 = RESERVE_BYTES / PAGE_BYTES;
/// What left marks leave of the reserve to claims, or nobody could repair what was left with the rest of it.
const CLAIM_PAGES: u64 = 32;
/// What a left mark takes at worst, since its row and its entries in two indexes may each split a page; mostly it takes
/// nothing of it. The marks of running writes do not pay for that.
const LEFT_BYTES: u64 = 3 * PAGE_BYTES;
/// What the row of a running mark takes beside its scope.
const ROW_BYTES: u64 = 64;

/// The pages that a limited file has left. Commands of one batch take of them one after the other.
#[derive(Debug)]
pub(crate) struct Room {
    path: PathBuf,
    pages: u64,
    running_bytes: u64,
    left_bytes: u64,
}

impl Room {
    #[cfg(any(feature = "sqlite", test))]
    pub(crate) const fn new(path: PathBuf, pages: u64) -> Self {
        Self { path, pages, running_bytes: 0, left_bytes: 0 }
    }

    /// Whether there is room for the command, which is then taken.
    pub(crate) fn take(&mut self, command: &Command) -> bool {
        let Some(kept) = pages_kept(command) else {
            return true;
        };
        let (taken, bytes) = match command {
            // Rows go to the end of their table. Less than a page is none, so that a full file still takes marks into
            // the pages that it has.
            Command::Mark { scopes, .. } => (&mut self.running_bytes, bytes_of(scopes)),
            Command::Leave { rows, .. } => (&mut self.left_bytes, rows * LEFT_BYTES),
            _ => (&mut self.left_bytes, LEFT_BYTES),
        };
        let fits = self.pages >= kept + (*taken + bytes) / PAGE_BYTES;
        if fits {
            *taken += bytes;
        }
        fits
    }

    /// What whoever finds no room is told.
    pub(crate) fn full(&self) -> JournalError {
        JournalError::Full { path: self.path.clone() }
    }
}

/// How many pages the command has to keep for others. What leads to fewer marks keeps none and always has room: it
/// takes little, and gives more.
pub(crate) const fn pages_kept(command: &Command) -> Option<u64> {
    match command {
        Command::Mark { .. } | Command::MarkLeft { .. } => Some(RESERVE_PAGES),
        Command::Leave { .. } | Command::LeaveInside { .. } | Command::RetryDead { .. } => Some(CLAIM_PAGES),
        _ => None,
    }
}

fn bytes_of(scopes: &Scopes) -> u64 {
    scopes.iter().map(|scope| scope.as_str().len() as u64 + ROW_BYTES).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Key, Scope};
    use crate::journal::model::Reason;

    fn room(pages: u64) -> Room {
        Room::new(PathBuf::new(), pages)
    }

    fn mark() -> Command {
        let scopes = (0..100).map(|item| Scope::from(Key::new(&"a".repeat(60), &item))).collect();
        Command::Mark { session: 1, epoch: 1, first: 1, scopes, now: 0 }
    }

    fn leave() -> Command {
        Command::Leave { first: 1, rows: 1, narrowed: None, not_before: 0, reason: Reason::CopyFailed }
    }

    fn claim() -> Command {
        Command::Claim {
            session: 1,
            epoch: 1,
            claim: 1,
            now: 0,
            lease_until: 0,
            late_bound: 0,
            limit: 1,
            everything: false,
        }
    }

    #[test]
    fn new_marks_leave_the_reserve_to_what_leads_to_fewer() {
        assert!(room(RESERVE_PAGES + 3).take(&mark()));
        assert!(!room(RESERVE_PAGES + 2).take(&mark()), "its rows take three pages");
        assert!(room(RESERVE_PAGES + 2).take(&leave()));
    }

    #[test]
    fn left_marks_leave_room_for_claims() {
        assert!(room(CLAIM_PAGES + 3).take(&leave()));
        assert!(!room(CLAIM_PAGES + 2).take(&leave()));
        for command in [claim(), Command::Clear { claim: 1, ids: vec![1] }, Command::Status] {
            assert!(room(0).take(&command), "{command:?}");
        }
    }

    #[test]
    fn commands_of_one_batch_take_their_room_one_after_the_other() {
        let mut room = room(RESERVE_PAGES + 100);
        let marks = (0..1_000).take_while(|_| room.take(&mark())).count();
        assert!((30..50).contains(&marks), "{marks}");
    }
}
