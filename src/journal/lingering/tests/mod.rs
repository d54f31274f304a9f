//! What a mark that stands is good for, and when it goes.

mod by_group;
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod full_queue;
mod going;
mod sessions;
mod sharing;

use std::time::Duration;

use super::MarkBy;
use crate::data::{Group, Key, Scope};
use crate::journal::Journal;
use crate::journal::model::{AuditEntry, Command, Reply};
use crate::journal::running::RunningMark;
use crate::protocol::CommitRequest;
use crate::stage::Stage;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn key(group: i64, item: i64) -> Scope {
    Key::new(&group, &item).into()
}

fn group(group: i64) -> Scope {
    Group::new(&group).into()
}

async fn opened() -> Journal {
    let journal = Journal::memory();
    journal.open_session(Duration::ZERO, false).await.unwrap();
    journal
}

async fn mark(journal: &Journal, scope: Scope, by: MarkBy) -> RunningMark {
    journal.mark_or_share(scope.into(), by, 1).await.unwrap()
}

/// A write of the key, which leaves its mark standing.
async fn write(journal: &Journal, scope: Scope, linger: Duration) -> bool {
    let mark = mark(journal, scope, MarkBy::Key).await;
    assert!(journal.unmark_later(&mark, linger));
    mark.is_shared()
}

async fn rows(journal: &Journal) -> Vec<Scope> {
    match journal.call(Command::ListScopes).await.unwrap() {
        Reply::Scopes(scopes) => scopes.into_iter().map(|(_, scope)| scope).collect(),
        other => panic!("{other:?}"),
    }
}

/// The next epoch, under the same authority.
async fn raise_epoch(journal: &Journal) {
    let request = CommitRequest { to: Stage::DualWrite, needs_no_marks: false, marks_everything: false };
    let audit = AuditEntry { at: 0, who: String::new(), what: String::new(), why: String::new() };
    let session = journal.session();
    journal.done(Command::Commit { from: 1, request, everything: 0, session, audit }).await.unwrap();
}
