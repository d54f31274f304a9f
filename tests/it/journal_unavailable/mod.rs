//! The whole stack over a SQLite journal that cannot record: refused by name, or unrecorded and made good by a fill.

mod carry_on;
mod dead_letters;
mod named;
mod reject;

use std::path::Path;

use crossfade::Refused;
use crossfade::journal::{Journal, JournalError, Limits};
use crossfade::test_util::{Call, Fault, MemoryStore, Number, Plain, Request, Stamped, StoreError};

use crate::support::{World, config, put};

/// The least that a journal may be limited to.
const LIMIT_BYTES: u64 = 2 * 1_024 * 1_024;

const CONTINUES: &str = "cohort = { weight = \"100%\" }\nwrites = { journal_unavailable = \"continue\" }";
const REJECTS: &str = "cohort = { weight = \"100%\" }";

async fn journal(folder: &Path) -> Result<Journal, JournalError> {
    let url = format!("sqlite:{}", folder.join("journal.db").display());
    Journal::open_with(&url, Limits::default().file_bytes_max(LIMIT_BYTES)).await
}

/// A world whose journal is a file in the folder.
async fn world(folder: &Path, toml: &str) -> World {
    with_stores(folder, MemoryStore::legacy(), MemoryStore::target(), toml).await
}

/// The same with stores that an earlier world has used.
async fn with_stores(
    folder: &Path,
    legacy: MemoryStore<Plain>,
    target: MemoryStore<Stamped>,
    toml: &str,
) -> World {
    let journal = journal(folder).await.unwrap();
    let mut config = config(toml);
    config.stage = journal.status().await.unwrap().stage;
    World::with(journal, legacy, target, config).await
}

/// The files as a process leaves them that ends without a word.
fn as_after_a_kill(from: &Path, to: &Path) {
    for file in ["journal.db", "journal.db-wal"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

fn refusal(answer: Result<impl std::fmt::Debug, StoreError>) -> JournalError {
    match answer {
        Err(StoreError::Refused(Refused::NotRecorded(error))) => error,
        other => panic!("{other:?}"),
    }
}

/// Writes many keys, none of which is copied, until the journal has no room for a single one; gives the last group that
/// was written whole.
async fn until_full(world: &World) -> i64 {
    world.target.script().always(Call::Replace, Fault::Reject);
    let unrecorded = || world.routing.stats().unrecorded_marks;
    let mut group = 1_000;
    while unrecorded() == 0 {
        group += 1;
        assert!(group < 2_000, "the journal never became full");
        let keys = (0..200).map(|item| ((group, item), Number::new(1, "before"))).collect();
        drop(world.call(Request::PutMany(keys)).await);
    }
    let before = unrecorded();
    for item in 0.. {
        drop(world.call(put(999, item, 1)).await);
        if unrecorded() > before {
            break;
        }
    }
    group - 1
}
