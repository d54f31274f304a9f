//! The SQL of a file. What is the same in every database is in `journal/sql/`.

use crate::journal::sql::Dialect;

pub(super) const DIALECT: Dialect = Dialect {
    greatest: "max",
    or_leave_mark: "ON CONFLICT (id) DO NOTHING",
    or_set_sequence: "ON CONFLICT (name) DO UPDATE SET",
    everything: "(kind = 2) = ?",
    returning: true,
    server: None,
};

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
