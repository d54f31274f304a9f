//! The two files, with the ids that go from one store to the other.

use std::path::Path;

use crossfade::journal::IdBlocks;
use crossfade::route::LegacyIds;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use sqlx::{query, query_scalar, raw_sql};

use super::records::{Partitioned, Relational};

const RELATIONAL: &str = "
    CREATE TABLE IF NOT EXISTS payments (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        invoice INTEGER NOT NULL,
        amount INTEGER NOT NULL,
        paid_at INTEGER);
    CREATE INDEX IF NOT EXISTS payments_of_invoice ON payments (invoice, id)";
const PARTITIONED: &str = "
    CREATE TABLE IF NOT EXISTS payments_by_invoice (
        invoice INTEGER NOT NULL,
        id INTEGER NOT NULL,
        amount INTEGER, -- NULL: deleted
        paid_at INTEGER,
        stamp INTEGER NOT NULL, -- microseconds; the larger one wins
        PRIMARY KEY (invoice, id)) WITHOUT ROWID";

impl Relational {
    pub(crate) async fn open(file: &Path) -> sqlx::Result<Self> {
        Ok(Self(open(file, RELATIONAL).await?))
    }
}

impl Partitioned {
    pub(crate) async fn open(file: &Path, ids: IdBlocks) -> sqlx::Result<Self> {
        Ok(Self(open(file, PARTITIONED).await?, ids))
    }
}

async fn open(file: &Path, schema: &'static str) -> sqlx::Result<SqlitePool> {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    // In WAL mode this survives a crash of the process, though not a power cut: fine for an example.
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal);
    let pool = SqlitePool::connect_with(options).await?;
    raw_sql(schema).execute(&pool).await?;
    Ok(pool)
}

/// The sequence of the relational store.
impl LegacyIds for Relational {
    type Error = sqlx::Error;

    async fn largest(&self) -> sqlx::Result<u64> {
        let largest = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'payments'";
        query_scalar(largest).fetch_one(&self.0).await.map(i64::cast_unsigned)
    }

    /// A row that comes and goes: the sequence never goes back.
    async fn raise_above(&self, id: u64) -> sqlx::Result<()> {
        let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await?;
        let row = "INSERT INTO payments (id, invoice, amount) VALUES (?1, 0, 0) ON CONFLICT DO NOTHING";
        if query(row).bind(id.cast_signed()).execute(&mut *transaction).await?.rows_affected() > 0 {
            query("DELETE FROM payments WHERE id = ?1")
                .bind(id.cast_signed())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }
}
