//! The statements that are the same in every database.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::dialect::{Dialect, ServerDialect};

/// In the order in which `StateRow` decodes them.
macro_rules! state_columns {
    () => {
        "stage, epoch, authority_epoch, session, session_open, continues_unrecorded, voids, reserved_stamp, fill, certificate"
    };
}

#[cfg(feature = "sqlite")]
pub(crate) const LOAD_STATE: &str =
    concat!("SELECT ", state_columns!(), " FROM crossfade_state WHERE id = 1");
/// With the lock of the row, and the number of the last commit in the column after those of the state.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) const LOAD_AND_LOCK_STATE: &str =
    concat!("SELECT ", state_columns!(), ", batch FROM crossfade_state WHERE id = 1 FOR UPDATE");
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) const BATCH_COLUMN: usize = 10;

pub(super) const SAVE_STATE: &str = "UPDATE crossfade_state SET stage = ?, epoch = ?, authority_epoch = ?,
    session = ?, session_open = ?, continues_unrecorded = ?, voids = ?, reserved_stamp = ?, fill = ?,
    certificate = ? WHERE id = 1";

const MARK_COLUMNS: &str =
    "(id, kind, scope, session, state, claim, lease_until, not_before, attempts, reason, created)";
pub(super) const MARK_BINDS: usize = 11;

/// Inserts so many marks; a row that is repeated to fill the statement up is inserted once.
pub(super) fn insert_marks(dialect: &Dialect, rows: usize) -> SqlStr {
    let row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    debug_assert_eq!(row.matches('?').count(), MARK_BINDS);
    let rows = vec![row; rows].join(", ");
    built(format!("INSERT INTO crossfade_mark {MARK_COLUMNS} VALUES {rows} {}", dialect.or_leave_mark))
}

/// Deletes so many running marks by row, and gives the rows that were there.
pub(super) fn delete_running(rows: usize) -> SqlStr {
    let ids = vec!["?"; rows].join(", ");
    built(format!("DELETE FROM crossfade_mark WHERE state = 0 AND id IN ({ids}) RETURNING id"))
}

pub(crate) const SELECT_MARK: &str = "SELECT id, kind, scope, session, state, claim, lease_until, not_before,
    attempts, reason, created FROM crossfade_mark";

/// The marks that fit a condition.
pub(super) fn select_marks(condition: &str) -> SqlStr {
    built(format!("{SELECT_MARK}{condition}"))
}

pub(super) const RUNNING_IN_RANGE: &str = " WHERE state = 0 AND id >= ? AND id < ? ORDER BY id";
pub(super) const HELD_BY_CLAIM: &str = " WHERE state = 2 AND claim = ? AND id = ?";
pub(crate) const LEFT_ON_SCOPE: &str = " WHERE state = 1 AND kind = ? AND scope = ? ORDER BY id LIMIT 1";
pub(crate) const DEAD: &str = " WHERE state = 3 ORDER BY created, id LIMIT ?";
pub(super) const DEAD_ON_SCOPE: &str = " WHERE state = 3 AND kind = ? AND scope = ? ORDER BY created, id";

/// Marks whose wait is over.
pub(crate) fn due(dialect: &Dialect) -> String {
    let everything = dialect.everything;
    format!(" WHERE state = 1 AND {everything} AND not_before <= ? ORDER BY not_before, id LIMIT ?")
}

pub(super) const UNMARK: &str = "DELETE FROM crossfade_mark WHERE state = 0 AND id >= ? AND id < ?";
pub(super) const DELETE_MARK: &str = "DELETE FROM crossfade_mark WHERE id = ?";
pub(super) const MERGE_MARK: &str =
    "UPDATE crossfade_mark SET not_before = ?, attempts = ?, reason = ? WHERE id = ?";
pub(super) const CLAIM_MARK: &str =
    "UPDATE crossfade_mark SET state = 2, claim = ?, lease_until = ? WHERE id = ?";
pub(super) const CLEAR_MARK: &str = "DELETE FROM crossfade_mark WHERE state = 2 AND claim = ? AND id = ?";
pub(super) const BURY_MARK: &str = "UPDATE crossfade_mark SET state = 3, claim = 0, lease_until = 0,
    attempts = attempts + 1, not_before = ? WHERE state = 2 AND claim = ? AND id = ?";

/// The order of the columns matters: MariaDB computes one after the other, each from what the earlier ones have become.
pub(super) fn give_back_lapsed(dialect: &Dialect) -> SqlStr {
    let greatest = dialect.greatest;
    built(format!(
        "UPDATE crossfade_mark SET not_before = {greatest}(not_before, lease_until + ?), state = 1, claim = 0,
         lease_until = 0 WHERE state = 2 AND lease_until <= ?"
    ))
}

pub(super) fn adopt_running(dialect: &Dialect) -> SqlStr {
    let greatest = dialect.greatest;
    built(format!(
        "UPDATE crossfade_mark SET state = 1, reason = ?, not_before = {greatest}(not_before, ?) WHERE state = 0"
    ))
}

pub(super) fn adopt_claimed(dialect: &Dialect) -> SqlStr {
    let greatest = dialect.greatest;
    built(format!(
        "UPDATE crossfade_mark SET state = 1, claim = 0, lease_until = 0,
         not_before = {greatest}(not_before, ?) WHERE state = 2"
    ))
}

/// How many marks of transactions are adopted at once.
pub(super) const ADOPTED_MAX: i64 = 1_024;

/// Inserts so many marks of a transaction.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(super) fn insert_inside(dialect: &ServerDialect, rows: usize) -> SqlStr {
    let (rows, or_leave) = (vec!["(?, ?, ?, ?, ?)"; rows].join(", "), dialect.or_leave);
    built(format!(
        "INSERT INTO crossfade_mark_inside (id, kind, scope, session, created) VALUES {rows} {or_leave}"
    ))
}

pub(super) fn delete_by_id(dialect: &ServerDialect, table: &str, rows: usize) -> SqlStr {
    built((dialect.delete)(table, rows))
}

pub(super) const INSIDE_TABLE: &str = "crossfade_mark_inside";
pub(super) const RUNNING_TABLE: &str = "crossfade_mark_running";

pub(super) const RUNNING: &str = "SELECT id, marks FROM crossfade_mark_running";

/// Writes so many rows of running marks, also those that are there.
pub(super) fn write_running(dialect: &ServerDialect, rows: usize) -> SqlStr {
    let (rows, or_replace) = (vec!["(?, ?)"; rows].join(", "), dialect.or_replace);
    built(format!("INSERT INTO crossfade_mark_running (id, marks) VALUES {rows} {or_replace}"))
}

pub(super) const MADE_INSIDE: &str = "SELECT id, kind, scope, session, created FROM crossfade_mark_inside
    WHERE created < ? ORDER BY id LIMIT ?";
pub(super) const COUNT_INSIDE: &str = "SELECT count(*) FROM crossfade_mark_inside";

/// Whoever has read it so keeps it from being changed until its transaction has ended.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(super) fn share_epoch(dialect: &ServerDialect) -> SqlStr {
    built(format!(
        "SELECT authority_epoch, session, session_open, opened FROM crossfade_epoch WHERE id = 1 {}",
        dialect.shared
    ))
}

pub(super) const LOCK_EPOCH: &str = "SELECT id FROM crossfade_epoch WHERE id = 1 FOR UPDATE";
pub(super) const SAVE_EPOCH: &str =
    "UPDATE crossfade_epoch SET authority_epoch = ?, session = ?, session_open = ? WHERE id = 1";
pub(super) const SAVE_OPENED: &str = "UPDATE crossfade_epoch SET opened = ? WHERE id = 1";

pub(super) const COUNT_MARKS: &str = "SELECT state, count(*) FROM crossfade_mark GROUP BY state";
pub(super) const ALL_SCOPES: &str = "SELECT id, kind, scope FROM crossfade_mark ORDER BY id";

/// Takes ids of a sequence, from 1 on.
pub(super) fn take_ids(dialect: &Dialect) -> SqlStr {
    let returning = if dialect.returning { " RETURNING next" } else { "" };
    built(format!(
        "INSERT INTO crossfade_sequence (name, next) VALUES (?, 1 + ?) {} next = crossfade_sequence.next + ?{returning}",
        dialect.or_set_sequence
    ))
}

pub(super) const NEXT_ID: &str = "SELECT next FROM crossfade_sequence WHERE name = ?";

pub(super) fn raise_ids(dialect: &Dialect) -> SqlStr {
    let Dialect { or_set_sequence, greatest, .. } = dialect;
    built(format!(
        "INSERT INTO crossfade_sequence (name, next) VALUES (?, ?) {or_set_sequence} next = {greatest}(crossfade_sequence.next, ?)"
    ))
}

pub(super) const WRITE_AUDIT: &str =
    "INSERT INTO crossfade_audit (line, at, who, what, why) VALUES (?, ?, ?, ?, ?)";
pub(super) const NEWEST_LINE: &str = "SELECT coalesce(max(line), 0) FROM crossfade_audit";
pub(super) const TRIM_AUDIT: &str = "DELETE FROM crossfade_audit WHERE line <= ?";
pub(super) const LIST_AUDIT: &str =
    "SELECT at, who, what, why FROM crossfade_audit ORDER BY line DESC LIMIT ?";

/// A statement that is made of the crate's own texts: no value is ever part of it.
fn built(statement: String) -> SqlStr {
    AssertSqlSafe(statement).into_sql_str()
}
