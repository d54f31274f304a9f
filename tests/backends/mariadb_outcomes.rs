//! What the errors of MariaDB mean for a write, each from a real server.

use std::time::Duration;

use crossfade::backend::sql::MySql;
use crossfade::data::Outcome;
use sqlx::{Connection, Executor, MySqlConnection};
use test_servers::MariaDb;
use tokio::time::sleep;
use tower::ServiceExt;

use crate::servers::{in_mysql, mysql_database, mysql_url, own, until_mysql_writes};

const TABLE: &str = "CREATE TABLE numbers (id INT PRIMARY KEY, value INT NOT NULL);
    INSERT INTO numbers VALUES (1, 0), (2, 0)";
/// Takes longer than any timeout here.
const SLOW: &str = "INSERT INTO numbers SELECT 3, SLEEP(30)";

async fn store_with(server: &str, statement_timeout: Duration) -> (MySql, String) {
    let url = mysql_database(server).await;
    in_mysql(&url, TABLE).await;
    (MySql::builder(&url).statement_timeout(statement_timeout).open().await.unwrap(), url)
}

async fn store() -> (MySql, String) {
    store_with(&mysql_url(), Duration::from_secs(5)).await
}

#[track_caller]
fn assert_means(error: &sqlx::Error, number: u16, outcome: Outcome) {
    let found = error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>());
    assert_eq!(found.map(sqlx::mysql::MySqlDatabaseError::number), Some(number), "{error:?}");
    assert_eq!(MySql::outcome(error), outcome, "{error:?}");
}

async fn count(url: &str) -> i64 {
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM numbers").fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    count
}

#[tokio::test]
async fn what_the_server_refuses_is_rejected() {
    let (store, url) = store().await;
    for (sql, number) in [
        ("INSERT INTO numbers VALUES (1, 5)", 1062),
        ("INSERT INTO numbers VALUES (9, NULL)", 1048),
        ("INSERT INTO no_such VALUES (1)", 1146),
        ("INSERT INTO numbers (no_such) VALUES (1)", 1054),
        ("INSERT INTO numbers VALUES (1)", 1136),
        ("INSERT INTO numbers VALUES (9, 99999999999)", 1264),
        ("INSERT INTO numbers VALUES (9, 'text')", 1366),
        ("INSRT", 1064),
    ] {
        let error = sqlx::query(sql).execute(store.pool()).await.unwrap_err();
        assert_means(&error, number, Outcome::Rejected);
    }
    assert_eq!(count(&url).await, 2);
}

#[tokio::test]
async fn a_deadlock_is_rejected() {
    let (store, _) = store().await;
    let mut first = store.pool().begin().await.unwrap();
    let mut second = store.pool().begin().await.unwrap();
    first.execute("UPDATE numbers SET value = 1 WHERE id = 1").await.unwrap();
    second.execute("UPDATE numbers SET value = 2 WHERE id = 2").await.unwrap();
    let (one, other) = tokio::join!(
        first.execute("UPDATE numbers SET value = 1 WHERE id = 2"),
        second.execute("UPDATE numbers SET value = 2 WHERE id = 1"),
    );
    let error = one.err().or(other.err()).unwrap();
    assert_means(&error, 1213, Outcome::Rejected);
}

#[tokio::test]
async fn a_lock_that_is_waited_for_too_long_is_rejected() {
    let (store, _) = store_with(&mysql_url(), Duration::from_millis(1_900)).await;
    let mut holder = store.pool().begin().await.unwrap();
    holder.execute("SET SESSION idle_transaction_timeout = 0").await.unwrap();
    holder.execute("UPDATE numbers SET value = 1 WHERE id = 1").await.unwrap();
    let error =
        sqlx::query("UPDATE numbers SET value = 2 WHERE id = 1").execute(store.pool()).await.unwrap_err();
    assert_means(&error, 1205, Outcome::Rejected);
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_rejected_and_changes_nothing() {
    let (store, url) = store_with(&mysql_url(), Duration::from_millis(300)).await;
    let error = sqlx::query(SLOW).execute(store.pool()).await.unwrap_err();
    assert_means(&error, 1969, Outcome::Rejected);
    assert_eq!(count(&url).await, 2);
}

#[tokio::test]
async fn a_connection_that_is_killed_is_unknown() {
    let (store, url) = store().await;
    let mut held = store.pool().acquire().await.unwrap();
    let id: u64 = sqlx::query_scalar("SELECT CONNECTION_ID()").fetch_one(&mut *held).await.unwrap();
    let killed = async {
        until_mysql_writes(&url).await;
        in_mysql(&url, &format!("KILL {id}")).await;
    };
    let (error, ()) = tokio::join!(held.execute(SLOW), killed);
    let error = error.unwrap_err();
    assert_eq!(MySql::outcome(&error), Outcome::Unknown, "{error:?}");
}

#[tokio::test]
async fn a_statement_that_is_killed_is_unknown() {
    let (store, url) = store().await;
    let mut held = store.pool().acquire().await.unwrap();
    let id: u64 = sqlx::query_scalar("SELECT CONNECTION_ID()").fetch_one(&mut *held).await.unwrap();
    let killed = async {
        until_mysql_writes(&url).await;
        in_mysql(&url, &format!("KILL QUERY {id}")).await;
    };
    let (done, ()) = tokio::join!(
        held.execute("INSERT INTO numbers SELECT 3, COUNT(*) FROM seq_1_to_100000000000"),
        killed
    );
    let error = done.unwrap_err();
    assert_means(&error, 1317, Outcome::Unknown);
}

#[tokio::test]
async fn a_server_that_is_read_only_rejects() {
    let server = own(|| MariaDb::builder().arg("--read-only=1").start()).await;
    let url = mysql_database(&server.url()).await;
    in_mysql(
        &url,
        &format!("{TABLE}; CREATE USER app; GRANT ALL ON *.* TO app; REVOKE READ_ONLY ADMIN ON *.* FROM app"),
    )
    .await;
    let store = MySql::open(&url.replace("root@", "app@")).await.unwrap();
    let error = sqlx::query("INSERT INTO numbers VALUES (3, 0)").execute(store.pool()).await.unwrap_err();
    assert_means(&error, 1290, Outcome::Rejected);
}

#[tokio::test]
async fn no_connection_left_is_rejected() {
    let server = own(|| MariaDb::builder().arg("--max-connections=10").start()).await;
    let (store, _) = store_with(&server.url(), Duration::from_secs(5)).await;
    let mut held = Vec::new();
    let refused = loop {
        match store.pool().acquire().await {
            Ok(connection) => held.push(connection),
            Err(error) => break error,
        }
    };
    assert_means(&refused, 1040, Outcome::Rejected);
}

#[tokio::test]
async fn no_connection_of_the_pool_left_is_rejected() {
    let patience = Duration::from_millis(300);
    let url = mysql_database(&mysql_url()).await;
    let store = MySql::builder(&url).connections(1).acquire_timeout(patience).open().await.unwrap();
    let _held = store.pool().acquire().await.unwrap();
    let error = sqlx::query("SELECT 1").execute(store.pool()).await.unwrap_err();
    assert!(matches!(error, sqlx::Error::PoolTimedOut), "{error:?}");
    assert_eq!(MySql::outcome(&error), Outcome::Rejected);
}

/// Its locks are gone, and what it wrote is rolled back, also where its host does not say that it is gone.
#[tokio::test]
async fn a_transaction_whose_client_is_silent_ends() {
    let (store, url) = store_with(&mysql_url(), Duration::from_secs(1)).await;
    let mut silent = store.pool().begin().await.unwrap();
    silent.execute("UPDATE numbers SET value = 7 WHERE id = 1").await.unwrap();
    // Waits for the lock.
    in_mysql(&url, "UPDATE numbers SET value = value + 1 WHERE id = 1").await;
    let error = silent.execute("INSERT INTO numbers VALUES (4, 0)").await.unwrap_err();
    assert_eq!(MySql::outcome(&error), Outcome::Unknown, "{error:?}");
    assert_eq!(count(&url).await, 2);
}

#[tokio::test]
async fn a_server_that_is_killed_in_the_middle_of_a_write_is_unknown() {
    let server = own(MariaDb::start).await;
    let (store, url) = store_with(&server.url(), Duration::from_secs(60)).await;
    let killed = async {
        until_mysql_writes(&url).await;
        own(move || server.kill().map(|()| server)).await
    };
    let (error, server) = tokio::join!(sqlx::query(SLOW).execute(store.pool()), killed);
    let error = error.unwrap_err();
    assert_eq!(MySql::outcome(&error), Outcome::Unknown, "{error:?}");
    // Then nothing is sent.
    let error = sqlx::query("INSERT INTO numbers VALUES (3, 0)").execute(store.pool()).await.unwrap_err();
    assert_eq!(MySql::outcome(&error), Outcome::Rejected, "{error:?}");
    let server = own(move || server.restart().map(|()| server)).await;
    sqlx::query("INSERT INTO numbers VALUES (3, 0)").execute(store.pool()).await.unwrap();
    drop(server);
}

/// What a paused server had received it executes when it goes on.
#[tokio::test]
async fn a_server_that_stands_still_is_unknown_and_goes_on_later() {
    let server = own(MariaDb::start).await;
    let url = mysql_database(&server.url()).await;
    in_mysql(&url, TABLE).await;
    let store = MySql::builder(&url).deadline(Duration::from_millis(500)).open().await.unwrap();
    let insert = store.service(|pool, id: i32| async move {
        sqlx::query("INSERT INTO numbers VALUES (?, 0)").bind(id).execute(&pool).await.map(drop)
    });
    let call = async |id| insert.clone().oneshot(id).await;
    call(3).await.unwrap();
    let server = own(move || server.pause().map(|()| server)).await;
    let error = call(4).await.unwrap_err();
    assert!(
        matches!(&error, sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut),
        "{error:?}"
    );
    assert_eq!(MySql::outcome(&error), Outcome::Unknown);
    let server = own(move || server.resume().map(|()| server)).await;
    for _ in 0..100 {
        if count(&url).await == 4 {
            return drop(server);
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("the write that was given up was in the server's hands");
}
