//! All SQL of the journal. Another database needs another file like this one.

/// The version of the schema that this release writes.
pub(super) const VERSION: i64 = 1;

/// What takes a schema from one version to the next; the first makes it from nothing.
pub(super) const MIGRATIONS: [&str; VERSION as usize] = ["CREATE TABLE crossfade_state (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        stage TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        authority_epoch INTEGER NOT NULL,
        session INTEGER NOT NULL,
        session_open INTEGER NOT NULL,
        continues_unrecorded INTEGER NOT NULL,
        voids INTEGER NOT NULL,
        reserved_stamp INTEGER NOT NULL,
        fill TEXT,
        certificate TEXT
    );
    INSERT INTO crossfade_state VALUES (1, 'off', 1, 1, 0, 0, 0, 0, 0, NULL, NULL);
    CREATE TABLE crossfade_mark (
        id INTEGER PRIMARY KEY,
        kind INTEGER NOT NULL,
        scope TEXT NOT NULL,
        session INTEGER NOT NULL,
        state INTEGER NOT NULL,
        claim INTEGER NOT NULL,
        lease_until INTEGER NOT NULL,
        not_before INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        reason INTEGER NOT NULL,
        created INTEGER NOT NULL
    );
    CREATE INDEX crossfade_mark_due ON crossfade_mark ((kind = 2), not_before, id) WHERE state = 1;
    CREATE INDEX crossfade_mark_left ON crossfade_mark (kind, scope) WHERE state = 1;
    CREATE INDEX crossfade_mark_claimed ON crossfade_mark (lease_until) WHERE state = 2;
    CREATE INDEX crossfade_mark_dead ON crossfade_mark (created, id) WHERE state = 3;
    CREATE TABLE crossfade_sequence (name TEXT PRIMARY KEY, next INTEGER NOT NULL);
    CREATE TABLE crossfade_audit (
        line INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        what TEXT NOT NULL,
        why TEXT NOT NULL
    );"];

/// Reads every page, but does not compare the indexes with their tables.
pub(super) const CHECK: &str = "PRAGMA quick_check(1)";
pub(super) const FOUND_VERSION: &str = "PRAGMA user_version";

pub(super) const PAGES: &str = "PRAGMA page_count";
pub(super) const FREE_PAGES: &str = "PRAGMA freelist_count";
/// As far as no reader stands in the way; waits for nobody.
pub(super) const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// Takes the write lock at once: a transaction that waits for it later could fail half-way.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
pub(super) const COMMIT: &str = "COMMIT";
pub(super) const ROLLBACK: &str = "ROLLBACK";

pub(super) const LOAD_STATE: &str = "SELECT stage, epoch, authority_epoch, session, session_open,
    continues_unrecorded, voids, reserved_stamp, fill, certificate FROM crossfade_state WHERE id = 1";

pub(super) const SAVE_STATE: &str = "UPDATE crossfade_state SET stage = ?, epoch = ?, authority_epoch = ?,
    session = ?, session_open = ?, continues_unrecorded = ?, voids = ?, reserved_stamp = ?, fill = ?,
    certificate = ? WHERE id = 1";

const MARK_COLUMNS: &str =
    "(id, kind, scope, session, state, claim, lease_until, not_before, attempts, reason, created)";
pub(super) const MARK_BINDS: usize = 11;

/// Inserts so many marks; a row that is repeated to fill the statement up is inserted once.
pub(super) fn insert_marks(rows: usize) -> String {
    let row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    debug_assert_eq!(row.matches('?').count(), MARK_BINDS);
    let rows = vec![row; rows].join(", ");
    format!("INSERT INTO crossfade_mark {MARK_COLUMNS} VALUES {rows} ON CONFLICT (id) DO NOTHING")
}

/// Deletes so many running marks by row, and gives the rows that were there.
pub(super) fn delete_running(rows: usize) -> String {
    let binds = vec!["?"; rows].join(", ");
    format!("DELETE FROM crossfade_mark WHERE state = 0 AND id IN ({binds}) RETURNING id")
}

pub(super) const SELECT_MARK: &str = "SELECT id, kind, scope, session, state, claim, lease_until, not_before,
    attempts, reason, created FROM crossfade_mark";

pub(super) const RUNNING_IN_RANGE: &str = " WHERE state = 0 AND id >= ? AND id < ? ORDER BY id";
pub(super) const HELD_BY_CLAIM: &str = " WHERE state = 2 AND claim = ? AND id = ?";
pub(super) const LEFT_ON_SCOPE: &str = " WHERE state = 1 AND kind = ? AND scope = ? ORDER BY id LIMIT 1";
pub(super) const DEAD: &str = " WHERE state = 3 ORDER BY created, id LIMIT ?";
pub(super) const DEAD_ON_SCOPE: &str = " WHERE state = 3 AND kind = ? AND scope = ? ORDER BY created, id";
pub(super) const DUE: &str =
    " WHERE state = 1 AND (kind = 2) = ? AND not_before <= ? ORDER BY not_before, id LIMIT ?";

pub(super) const UNMARK: &str = "DELETE FROM crossfade_mark WHERE state = 0 AND id >= ? AND id < ?";
pub(super) const DELETE_MARK: &str = "DELETE FROM crossfade_mark WHERE id = ?";
pub(super) const MERGE_MARK: &str =
    "UPDATE crossfade_mark SET not_before = ?, attempts = ?, reason = ? WHERE id = ?";
pub(super) const CLAIM_MARK: &str =
    "UPDATE crossfade_mark SET state = 2, claim = ?, lease_until = ? WHERE id = ?";
pub(super) const GIVE_BACK_LAPSED: &str = "UPDATE crossfade_mark SET state = 1, claim = 0,
    not_before = max(not_before, lease_until + ?), lease_until = 0 WHERE state = 2 AND lease_until <= ?";
pub(super) const CLEAR_MARK: &str = "DELETE FROM crossfade_mark WHERE state = 2 AND claim = ? AND id = ?";
pub(super) const BURY_MARK: &str = "UPDATE crossfade_mark SET state = 3, claim = 0, lease_until = 0,
    attempts = attempts + 1, not_before = ? WHERE state = 2 AND claim = ? AND id = ?";
pub(super) const ADOPT_RUNNING: &str = "UPDATE crossfade_mark SET state = 1, reason = ?,
    not_before = max(not_before, ?) WHERE state = 0";
pub(super) const ADOPT_CLAIMED: &str = "UPDATE crossfade_mark SET state = 1, claim = 0, lease_until = 0,
    not_before = max(not_before, ?) WHERE state = 2";
pub(super) const COUNT_MARKS: &str = "SELECT state, count(*) FROM crossfade_mark GROUP BY state";
pub(super) const ALL_SCOPES: &str = "SELECT id, kind, scope FROM crossfade_mark ORDER BY id";

pub(super) const TAKE_IDS: &str = "INSERT INTO crossfade_sequence (name, next) VALUES (?, 1 + ?)
    ON CONFLICT (name) DO UPDATE SET next = next + ? RETURNING next";
pub(super) const RAISE_IDS: &str = "INSERT INTO crossfade_sequence (name, next) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET next = max(next, excluded.next)";

pub(super) const WRITE_AUDIT: &str = "INSERT INTO crossfade_audit (at, who, what, why) VALUES (?, ?, ?, ?)";
pub(super) const TRIM_AUDIT: &str =
    "DELETE FROM crossfade_audit WHERE line <= (SELECT max(line) FROM crossfade_audit) - ?";
pub(super) const LIST_AUDIT: &str =
    "SELECT at, who, what, why FROM crossfade_audit ORDER BY line DESC LIMIT ?";
