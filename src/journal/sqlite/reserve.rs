//! The reserve file: room on the disk that belongs to nobody else, given free when the disk is full.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The room that a journal keeps on its disk in a file of zeros, in bytes: enough for the log to grow, for the pages of
/// the log that the file does not have yet, and for some thousand marks.
pub const DISK_RESERVE_BYTES: u64 = 8 * PART_BYTES;
/// What is given free at once: a program that waits for room on the same disk may take some of it.
const PART_BYTES: u64 = 1_024 * 1_024;

/// The reserve file of a journal.
///
/// A table of zeros inside of the database would not do: a full disk first stops its log from growing, and then its
/// file from taking in the log, and both need room on the disk before a page of the file can be used.
#[derive(Debug)]
pub(super) struct Reserve(PathBuf);

impl Reserve {
    pub(super) fn beside(journal: &Path) -> Self {
        let mut name = journal.as_os_str().to_owned();
        name.push(".reserve");
        Self(name.into())
    }

    /// Gives a part free; whether there was one.
    pub(super) fn give(&self) -> bool {
        let left = self.bytes();
        let given = File::options().write(true).open(&self.0);
        left > 0 && given.and_then(|file| file.set_len(left.saturating_sub(PART_BYTES))).is_ok()
    }

    /// Takes the room that is missing; whether the reserve is whole. What the disk cannot give in full is not taken.
    pub(super) fn make_whole(&self) -> bool {
        let before = self.bytes();
        if before == DISK_RESERVE_BYTES {
            return true;
        }
        let whole = self.fill_up(before).is_ok();
        if !whole {
            // What cannot be cut off is only a larger reserve.
            drop(File::options().write(true).open(&self.0).and_then(|file| file.set_len(before)));
        }
        whole
    }

    /// Writes the zeros: a length alone takes no room.
    fn fill_up(&self, from: u64) -> std::io::Result<()> {
        let mut file = File::options().write(true).create(true).truncate(false).open(&self.0)?;
        file.seek(SeekFrom::Start(from))?;
        let zeros = vec![0; 64 * 1_024];
        let mut missing = DISK_RESERVE_BYTES.saturating_sub(from);
        while missing > 0 {
            let part = zeros.len().min(usize::try_from(missing).unwrap_or(usize::MAX));
            file.write_all(&zeros[..part])?;
            missing -= part as u64;
        }
        file.set_len(DISK_RESERVE_BYTES)
    }

    fn bytes(&self) -> u64 {
        fs::metadata(&self.0).map_or(0, |metadata| metadata.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_given_in_parts_and_made_whole_again() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::beside(&folder.path().join("j.db"));
        assert!(!reserve.give(), "there is none yet");
        assert!(reserve.make_whole());
        assert_eq!(fs::metadata(folder.path().join("j.db.reserve")).unwrap().len(), DISK_RESERVE_BYTES);
        assert_eq!((0..9).take_while(|_| reserve.give()).count(), 8);
        assert!(reserve.make_whole() && reserve.give());
    }
}
