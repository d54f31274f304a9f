//! SQLite files, and what each way to fail says of a write. No server is needed.

use std::path::Path;
use std::time::{Duration, Instant};

use crossfade::backend::sql::{OpenError, Reads, Sqlite, Table};
use crossfade::data::{Outcome, RecordStore};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::notes::{Note, Notes, key, sqlite_notes};

const BUSY_MAX: Duration = Duration::from_millis(200);

async fn file(folder: &TempDir) -> Sqlite {
    let store = Sqlite::builder(&url(folder.path(), "?mode=rwc")).statement_timeout(BUSY_MAX);
    let store = store.open().await.unwrap();
    let create = "CREATE TABLE numbers (id INTEGER PRIMARY KEY, word TEXT UNIQUE CHECK (word <> 'bad'))";
    sqlx::raw_sql(create).execute(store.background()).await.unwrap();
    store
}

fn url(folder: &Path, mode: &str) -> String {
    format!("sqlite:{}{mode}", folder.join("a.db").display())
}

async fn rejected(store: &Sqlite, sql: &'static str) {
    let error = sqlx::query(sql).execute(store.pool()).await.unwrap_err();
    assert_eq!(Sqlite::outcome(&error), Outcome::Rejected, "{sql}: {error:?}");
}

#[tokio::test]
async fn what_sqlite_refuses_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let store = file(&folder).await;
    sqlx::query("INSERT INTO numbers VALUES (1, 'one')").execute(store.pool()).await.unwrap();
    for sql in [
        "INSRT",
        "INSERT INTO no_such VALUES (1)",
        "INSERT INTO numbers VALUES (1, 'again')",
        "INSERT INTO numbers VALUES (2, 'one')",
        "INSERT INTO numbers VALUES (2, 'bad')",
        "INSERT INTO numbers VALUES ('text', 'two')",
    ] {
        rejected(&store, sql).await;
    }
    let readers = Sqlite::open(&url(folder.path(), "?mode=ro")).await.unwrap();
    rejected(&readers, "INSERT INTO numbers VALUES (3, 'three')").await;
}

#[tokio::test]
async fn a_writer_waits_for_another_one_no_longer_than_it_may_and_readers_wait_for_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = file(&folder).await;
    let mut first = store.pool().begin_with("BEGIN IMMEDIATE").await.unwrap();
    sqlx::query("INSERT INTO numbers VALUES (1, 'one')").execute(&mut *first).await.unwrap();
    let began = Instant::now();
    rejected(&store, "INSERT INTO numbers VALUES (2, 'two')").await;
    assert!(began.elapsed() >= BUSY_MAX);
    let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM numbers").fetch_one(store.pool()).await.unwrap();
    assert_eq!(seen, 0);
    // One that read before somebody else wrote is not let write at all.
    let mut second = store.pool().begin().await.unwrap();
    sqlx::query("SELECT * FROM numbers").fetch_all(&mut *second).await.unwrap();
    first.commit().await.unwrap();
    let insert = sqlx::query("INSERT INTO numbers VALUES (2, 'two')").execute(&mut *second).await;
    assert_eq!(Sqlite::outcome(&insert.unwrap_err()), Outcome::Rejected);
}

/// No room for more pages, as on a full disk.
#[tokio::test]
async fn what_a_full_file_says_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let store = file(&folder).await;
    let mut connection = store.pool().acquire().await.unwrap();
    sqlx::raw_sql("PRAGMA max_page_count = 1").execute(&mut *connection).await.unwrap();
    let insert = "INSERT INTO numbers VALUES (1, printf('%.*c', 100000, 'x'))";
    let full = sqlx::query(insert).execute(&mut *connection).await.unwrap_err();
    assert_eq!(full.as_database_error().unwrap().code().as_deref(), Some("13"), "{full:?}");
    assert_eq!(Sqlite::outcome(&full), Outcome::Unknown);
}

#[tokio::test]
async fn a_request_at_its_deadline_is_unknown_and_its_transaction_is_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    drop(file(&folder).await);
    let store = Sqlite::builder(&url(folder.path(), "")).deadline(BUSY_MAX).connections(1);
    let store = store.open().await.unwrap();
    let hangs = store.service(|pool, id: i64| async move {
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("INSERT INTO numbers VALUES (?, NULL)").bind(id).execute(&mut *transaction).await?;
        std::future::pending::<()>().await;
        transaction.commit().await
    });
    let error = hangs.oneshot(1).await.unwrap_err();
    assert_eq!(Sqlite::outcome(&error), Outcome::Unknown, "{error:?}");
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM numbers").fetch_one(store.pool()).await.unwrap();
    assert_eq!(rows, 0);
    // The lock is free again.
    sqlx::query("INSERT INTO numbers VALUES (2, NULL)").execute(store.background()).await.unwrap();
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let error = Sqlite::open(&url(folder.path(), "")).await.unwrap_err();
    assert!(matches!(error, OpenError::File { .. }), "{error}");
    let shown = error.to_string();
    assert!(shown.contains("a.db cannot be opened") && shown.contains("?mode=rwc"), "{shown}");
    let shown = Sqlite::open("mysql://app:s3cret@db/billing").await.unwrap_err().to_string();
    assert!(shown.contains("sqlite:path/to/billing.db") && !shown.contains("s3cret"), "{shown}");
}

#[tokio::test]
async fn a_schema_that_does_not_fit_is_found_at_the_start() {
    let notes = sqlite_notes().await;
    let reads = || [Reads::a::<i64>(), Reads::a::<i64>(), Reads::a::<i64>(), Reads::a::<String>()];
    notes.store.check_table(&notes.table, &reads()).await.unwrap();
    let missing = Sqlite::table::<Notes>(&Table::new("no_such", "g", "i", ["total"]));
    let error = notes.store.check_table(&missing, &reads()).await.unwrap_err();
    assert!(matches!(error, OpenError::Statement { .. }), "{error}");
    let wrong = [Reads::a::<i64>(), Reads::a::<i64>(), Reads::a::<String>()];
    let error = notes.store.check_table(&notes.table, &wrong).await.unwrap_err();
    assert!(matches!(error, OpenError::ColumnType { .. }), "{error}");
}

/// Statements of the table leave alone what the service does not know, and another unique key is an error.
#[tokio::test]
async fn a_replace_keeps_columns_that_it_does_not_know_and_overwrites_no_other_record() {
    let notes = sqlite_notes().await;
    notes.replace(&key(1, 1), Some(&Note::new(1)), 1).await.unwrap();
    sqlx::query("UPDATE notes SET unknown = 8").execute(notes.store.pool()).await.unwrap();
    notes.replace(&key(1, 1), Some(&Note::new(2)), 2).await.unwrap();
    let unknown: i64 =
        sqlx::query_scalar("SELECT unknown FROM notes").fetch_one(notes.store.pool()).await.unwrap();
    assert_eq!(unknown, 8);
    sqlx::raw_sql("CREATE UNIQUE INDEX totals ON notes (total)").execute(notes.store.pool()).await.unwrap();
    let error = notes.replace(&key(1, 2), Some(&Note::new(2)), 3).await.unwrap_err();
    assert_eq!(Sqlite::outcome(&error), Outcome::Rejected, "{error:?}");
    assert_eq!(notes.read(&key(1, 1), 9).await.unwrap(), (9, Some(Note::new(2))));
}
