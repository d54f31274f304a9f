//! The file answers and holds what the model does, whatever comes in whatever batches.

use tempfile::TempDir;

use super::super::file::Sqlite;
use super::super::sql;
use super::{all_marks, runtime, unsynced};
use crate::journal::model::{Command, Mark, MarkId};
use crate::journal::model_run::{Kept, check, too_many_audit_lines};
use crate::journal::sql::{DEAD, LEFT_ON_SCOPE, SELECT_MARK, due};
use crate::journal::writer::Backend;

struct InFile(TempDir);

impl Kept for InFile {
    type Backend = Sqlite;

    async fn open(&mut self) -> Sqlite {
        unsynced(&self.0.path().join("journal.db")).await
    }

    async fn marks(&mut self, file: &mut Sqlite) -> Vec<(MarkId, Mark)> {
        all_marks(file).await
    }
}

#[test]
fn the_file_answers_and_holds_what_the_model_does() {
    check(64, &runtime(), || InFile(tempfile::tempdir().unwrap()));
}

#[test]
fn the_audit_log_forgets_its_oldest_lines() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let mut file = unsynced(&folder.path().join("journal.db")).await;
        let (lines, expected) = too_many_audit_lines();
        let batch: Vec<&Command> = lines.iter().collect();
        assert!(file.execute(&batch).await.unwrap() == expected);
    });
}

#[test]
fn marks_that_wait_for_a_repair_are_found_by_an_index() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let file = unsynced(&folder.path().join("journal.db")).await;
        let due = due(&sql::DIALECT);
        for (condition, index) in [
            (due.as_str(), "crossfade_mark_due (<expr>=? AND not_before<?)"),
            (LEFT_ON_SCOPE, "crossfade_mark_left (kind=? AND scope=?)"),
            (DEAD, "crossfade_mark_dead"),
        ] {
            let explain = format!("EXPLAIN QUERY PLAN {SELECT_MARK}{condition}");
            let mut explain = file.connection.prepare(&explain).unwrap();
            // Without a value for each `?`, which a plan does not need.
            let mut rows = explain.raw_query();
            let plan: String = rows.next().unwrap().unwrap().get("detail").unwrap();
            assert!(plan.ends_with(&format!("USING INDEX {index}")), "{plan}");
        }
    });
}
