//! A record store in a SQLite file: with stamps and tombstones it plays the target, without them legacy.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossfade::Refused;
use crossfade::data::{Outcome, Page, RecordKey, RecordStore, Stamp};
use crossfade::route::Store;
use crossfade::test_util::{Answer, Number, NumberKey, Numbers, Request, Response};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{Row, SqliteExecutor};
use tower::Service;

/// What went wrong; the outcome of a write that met it is unknown, unless the layers refused it.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

impl FileError {
    pub(super) const fn outcome(&self) -> Outcome {
        match self {
            Self::Refused(_) => Outcome::Rejected,
            Self::Sql(_) => Outcome::Unknown,
        }
    }
}

/// A store over a file. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct FileStore<const STAMPED: bool> {
    pool: SqlitePool,
    replace_delay_ms: Arc<AtomicU64>,
}

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS record (
    grp INTEGER NOT NULL, item INTEGER NOT NULL, version INTEGER NOT NULL, text TEXT,
    PRIMARY KEY (grp, item)) WITHOUT ROWID";
const STAMPED_SCHEMA: &str = "CREATE TABLE IF NOT EXISTS record (
    grp INTEGER NOT NULL, item INTEGER NOT NULL, version INTEGER NOT NULL, text TEXT, stamp INTEGER NOT NULL,
    PRIMARY KEY (grp, item)) WITHOUT ROWID";
const PUT: &str = "INSERT INTO record VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (grp, item) DO UPDATE SET version = excluded.version, text = excluded.text";
const DELETE: &str = "DELETE FROM record WHERE grp = ?1 AND item = ?2";
/// The target's own write lies above whatever it replaces; a row without a text is a tombstone.
const OWN_PUT: &str = "INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (grp, item) DO UPDATE
    SET version = excluded.version, text = excluded.text, stamp = max(stamp + 1, excluded.stamp)";
const COPY: &str = "INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (grp, item) DO UPDATE
    SET version = excluded.version, text = excluded.text, stamp = excluded.stamp
    WHERE excluded.stamp > stamp";

impl<const STAMPED: bool> FileStore<STAMPED> {
    pub(super) async fn open(file: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new().max_connections(2).connect_with(options).await.unwrap();
        let schema = if STAMPED { STAMPED_SCHEMA } else { SCHEMA };
        sqlx::query(schema).execute(&pool).await.unwrap();
        Self { pool, replace_delay_ms: Arc::default() }
    }

    /// Copies to this store take so long from now on.
    pub(super) fn delay_replace(&self, delay: Duration) {
        self.replace_delay_ms.store(delay.as_millis() as u64, Ordering::SeqCst);
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// Writes many records as if they had always been there.
    pub(super) async fn seed(&self, records: impl IntoIterator<Item = NumberKey>) {
        let mut transaction = self.pool.begin().await.unwrap();
        for key in records {
            self.write(&mut *transaction, key, Some(&Number::new(0, "old")), 1, PUT).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }

    pub(super) async fn records(&self) -> Vec<(NumberKey, Number)> {
        let rows = sqlx::query("SELECT * FROM record WHERE text IS NOT NULL ORDER BY grp, item");
        rows.fetch_all(&self.pool).await.unwrap().iter().map(decode).collect()
    }

    pub(super) async fn largest_stamp(&self) -> Stamp {
        let row =
            sqlx::query("SELECT coalesce(max(stamp), 0) FROM record").fetch_one(&self.pool).await.unwrap();
        row.get(0)
    }

    async fn get(&self, (group, item): NumberKey) -> Result<Option<Number>, FileError> {
        let query = sqlx::query("SELECT * FROM record WHERE grp = ? AND item = ? AND text IS NOT NULL");
        let row = query.bind(group).bind(item).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| decode(&row).1))
    }

    async fn write(
        &self,
        executor: impl SqliteExecutor<'_>,
        (group, item): NumberKey,
        record: Option<&Number>,
        stamp: Stamp,
        stamped: &'static str,
    ) -> Result<(), FileError> {
        let sql = match (STAMPED, record) {
            (true, _) => stamped,
            (false, Some(_)) => PUT,
            (false, None) => DELETE,
        };
        let mut query = sqlx::query(sql).bind(group).bind(item);
        if STAMPED || record.is_some() {
            query = query.bind(record.map_or(0, |record| record.version as i64));
            query = query.bind(record.map(|record| record.text.clone()));
        }
        if STAMPED {
            query = query.bind(stamp);
        }
        query.execute(executor).await?;
        Ok(())
    }

    async fn answer(&self, request: Request) -> Result<Response, FileError> {
        let answer = match request {
            Request::Get { group, item } => Answer::Record(self.get((group, item)).await?),
            Request::Put { group, item, record } => {
                self.write(&self.pool, (group, item), Some(&record), wall(), OWN_PUT).await?;
                Answer::Done
            }
            Request::Delete { group, item } => {
                self.write(&self.pool, (group, item), None, wall(), OWN_PUT).await?;
                Answer::Done
            }
            other => unreachable!("these tests do not send {other:?}"),
        };
        Ok(Response { from: if STAMPED { Store::Target } else { Store::Legacy }, answer })
    }
}

fn wall() -> Stamp {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as Stamp
}

fn decode(row: &SqliteRow) -> (NumberKey, Number) {
    let version: i64 = row.get("version");
    ((row.get("grp"), row.get("item")), Number::new(version as u64, row.get::<String, _>("text")))
}

impl<const STAMPED: bool> Service<Request> for FileStore<STAMPED> {
    type Response = Response;
    type Error = FileError;
    type Future = Pin<Box<dyn Future<Output = Result<Response, FileError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), FileError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let store = self.clone();
        Box::pin(async move { store.answer(request).await })
    }
}

impl<const STAMPED: bool> RecordStore for FileStore<STAMPED> {
    type Data = Numbers;
    type Error = FileError;
    const KEEPS_STAMPS: bool = STAMPED;

    async fn read(&self, key: &RecordKey<Numbers>, now: Stamp) -> Result<(Stamp, Option<Number>), FileError> {
        Ok((now, self.get((key.group, key.item)).await?))
    }

    async fn replace(
        &self,
        key: &RecordKey<Numbers>,
        record: Option<&Number>,
        stamp: Stamp,
    ) -> Result<(), FileError> {
        let delay = self.replace_delay_ms.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(delay)).await;
        self.write(&self.pool, (key.group, key.item), record, stamp, COPY).await
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Numbers>>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<Numbers>, FileError> {
        let (after_group, after_item) = after.map_or((i64::MIN, i64::MIN), |key| (key.group, key.item));
        let query = sqlx::query(
            "SELECT * FROM record WHERE (grp, item) > (?1, ?2) AND text IS NOT NULL AND (?3 IS NULL OR grp = ?3)
             ORDER BY grp, item LIMIT ?4",
        );
        let query = query.bind(after_group).bind(after_item).bind(group).bind(limit as i64);
        let rows = query.fetch_all(&self.pool).await?;
        let records = rows.iter().map(decode);
        let records = records.map(|((group, item), record)| (RecordKey { group, item }, record)).collect();
        Ok(Page { stamp: now, records })
    }

    async fn clock(&self) -> Result<Option<Stamp>, FileError> {
        Ok(STAMPED.then(wall))
    }

    fn outcome(error: &FileError) -> Outcome {
        error.outcome()
    }
}
