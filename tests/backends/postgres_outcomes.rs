//! What the errors of PostgreSQL mean for a write, each from a real server.

use std::time::Duration;

use crossfade::backend::sql::Postgres;
use crossfade::data::Outcome;
use sqlx::{Connection, Executor, PgConnection};

use crate::servers::{in_postgres, own, postgres_database, postgres_url, until_in_postgres};

const TABLE: &str = "CREATE TABLE numbers (id INT PRIMARY KEY, value INT NOT NULL);
    INSERT INTO numbers VALUES (1, 0), (2, 0)";
const WRITES: &str = "state = 'active' AND query LIKE 'INSERT INTO numbers SELECT%'";
/// Takes longer than any timeout here.
const SLOW: &str = "INSERT INTO numbers SELECT 3, 0 FROM pg_sleep(30)";

async fn store_with(server: &str, statement_timeout: Duration) -> (Postgres, String) {
    let url = postgres_database(server).await;
    in_postgres(&url, TABLE).await;
    (Postgres::builder(&url).statement_timeout(statement_timeout).open().await.unwrap(), url)
}

async fn store() -> (Postgres, String) {
    store_with(&postgres_url(), Duration::from_secs(5)).await
}

#[track_caller]
fn assert_means(error: &sqlx::Error, state: &str, outcome: Outcome) {
    let found = error.as_database_error().and_then(|error| error.code());
    assert_eq!(found.as_deref(), Some(state), "{error:?}");
    assert_eq!(Postgres::outcome(error), outcome, "{error:?}");
}

async fn count(url: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM numbers").fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    count
}

#[tokio::test]
async fn what_the_server_refuses_is_rejected() {
    let (store, url) = store().await;
    for (sql, state) in [
        ("INSERT INTO numbers VALUES (1, 5)", "23505"),
        ("INSERT INTO numbers VALUES (9, NULL)", "23502"),
        ("INSERT INTO no_such VALUES (1)", "42P01"),
        ("INSERT INTO numbers (no_such) VALUES (1)", "42703"),
        ("INSERT INTO numbers VALUES (9, 99999999999)", "22003"),
        ("INSERT INTO numbers VALUES (9, 'text')", "22P02"),
        ("INSRT", "42601"),
    ] {
        let error = sqlx::query(sql).execute(store.pool()).await.unwrap_err();
        assert_means(&error, state, Outcome::Rejected);
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
    let (one, other) = tokio::join!(first.execute("UPDATE numbers SET value = 1 WHERE id = 2"), async {
        let done = second.execute("UPDATE numbers SET value = 2 WHERE id = 1").await;
        drop(second); // rolled back, so that the other one goes on
        done
    },);
    let error = one.err().or(other.err()).unwrap();
    assert_means(&error, "40P01", Outcome::Rejected);
}

#[tokio::test]
async fn a_lock_that_is_waited_for_too_long_is_rejected() {
    let (store, _) = store_with(&postgres_url(), Duration::from_millis(300)).await;
    let mut holder = store.pool().begin().await.unwrap();
    holder.execute("SET LOCAL idle_in_transaction_session_timeout = 0").await.unwrap();
    holder.execute("UPDATE numbers SET value = 1 WHERE id = 1").await.unwrap();
    let error =
        sqlx::query("UPDATE numbers SET value = 2 WHERE id = 1").execute(store.pool()).await.unwrap_err();
    let state = error.as_database_error().unwrap().code().unwrap().into_owned();
    // The two timeouts are the same, and the one of the statement began a moment earlier.
    assert!(["55P03", "57014"].contains(&&*state), "{error:?}");
    assert_eq!(Postgres::outcome(&error), Outcome::Rejected);
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_rejected_and_changes_nothing() {
    let (store, url) = store_with(&postgres_url(), Duration::from_millis(300)).await;
    let error = sqlx::query(SLOW).execute(store.pool()).await.unwrap_err();
    assert_means(&error, "57014", Outcome::Rejected);
    assert_eq!(count(&url).await, 2);
}

/// Its locks are gone, and what it wrote is rolled back.
#[tokio::test]
async fn a_transaction_whose_client_is_silent_ends() {
    let (store, url) = store_with(&postgres_url(), Duration::from_millis(300)).await;
    let mut silent = store.pool().begin().await.unwrap();
    silent.execute("INSERT INTO numbers VALUES (3, 0)").await.unwrap();
    until_in_postgres(&url, "state = 'idle in transaction'", 0).await;
    let error = silent.execute("INSERT INTO numbers VALUES (4, 0)").await.unwrap_err();
    assert_means(&error, "25P03", Outcome::Rejected);
    assert_eq!(count(&url).await, 2);
}

#[tokio::test]
async fn a_connection_that_is_terminated_is_unknown() {
    let (store, url) = store().await;
    let mut held = store.pool().acquire().await.unwrap();
    let id: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *held).await.unwrap();
    let killed = async {
        until_in_postgres(&url, WRITES, 1).await;
        in_postgres(&url, &format!("SELECT pg_terminate_backend({id})")).await;
    };
    let (error, ()) = tokio::join!(held.execute(SLOW), killed);
    assert_means(&error.unwrap_err(), "57P01", Outcome::Unknown);
}

#[tokio::test]
async fn a_read_only_database_rejects() {
    let (_, url) = store().await;
    let name = url.rsplit_once('/').unwrap().1.to_owned();
    in_postgres(&url, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    let store = Postgres::open(&url).await.unwrap();
    let error = sqlx::query("INSERT INTO numbers VALUES (3, 0)").execute(store.pool()).await.unwrap_err();
    assert_means(&error, "25006", Outcome::Rejected);
}

#[tokio::test]
async fn no_connection_left_is_rejected() {
    let (_, url) = store().await;
    let name = url.rsplit_once('/').unwrap().1.to_owned();
    in_postgres(&url, &format!("CREATE ROLE {name} LOGIN CONNECTION LIMIT 2")).await;
    let url = url.replace("postgres@", &format!("{name}@"));
    let patience = Duration::from_millis(300);
    let store = Postgres::builder(&url).acquire_timeout(patience).open().await.unwrap();
    let mut held = Vec::new();
    let refused = loop {
        match store.pool().acquire().await {
            Ok(connection) => held.push(connection),
            Err(error) => break error,
        }
    };
    assert_means(&PgConnection::connect(&url).await.unwrap_err(), "53300", Outcome::Rejected);
    // sqlx's pool asks again until its patience is over.
    assert!(matches!(refused, sqlx::Error::PoolTimedOut), "{refused:?}");
    assert_eq!(Postgres::outcome(&refused), Outcome::Rejected);
}

#[tokio::test]
async fn a_server_that_is_killed_in_the_middle_of_a_write_is_unknown() {
    let server = own(test_servers::Postgres::start).await;
    let (store, url) = store_with(server.url().trim_end_matches("/postgres"), Duration::from_secs(60)).await;
    let killed = async {
        until_in_postgres(&url, WRITES, 1).await;
        own(move || server.kill().map(|()| server)).await
    };
    let (error, _server) = tokio::join!(sqlx::query(SLOW).execute(store.pool()), killed);
    let error = error.unwrap_err();
    assert_eq!(Postgres::outcome(&error), Outcome::Unknown, "{error:?}");
    let error = sqlx::query("INSERT INTO numbers VALUES (3, 0)").execute(store.pool()).await.unwrap_err();
    assert_eq!(Postgres::outcome(&error), Outcome::Rejected, "{error:?}");
}
