//! The servers that run, and a database or keyspace of its own for each test.

use std::time::Duration;

use crossfade::backend::cassandra::Cassandra;
use crossfade::backend::sql::{MySql, Postgres};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};

/// A URL from the environment, without a database.
fn url(name: &str) -> String {
    let found = std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run these tests as ./tests/servers/run cargo test --test backends")
    });
    found.trim_end_matches("/postgres").to_owned()
}

pub(crate) fn mysql_url() -> String {
    url("CROSSFADE_MYSQL_URL")
}

pub(crate) fn postgres_url() -> String {
    url("CROSSFADE_POSTGRES_URL")
}

pub(crate) fn cassandra_url() -> String {
    url("CROSSFADE_CASSANDRA_URL")
}

fn fresh_name() -> String {
    format!("test_{:016x}", fastrand::u64(..))
}

/// The URL of a new database in MariaDB.
pub(crate) async fn mysql_database(server: &str) -> String {
    let name = fresh_name();
    let mut admin = MySqlConnection::connect(server).await.unwrap();
    let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut admin).await.unwrap();
    admin.close().await.unwrap();
    format!("{server}/{name}")
}

/// The URL of a new database in PostgreSQL.
pub(crate) async fn postgres_database(server: &str) -> String {
    let name = fresh_name();
    let mut admin = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.unwrap();
    admin.close().await.unwrap();
    format!("{server}/{name}")
}

/// The URL of a new keyspace in Cassandra.
pub(crate) async fn keyspace(server: &str) -> String {
    keyspace_of_copies(server, 1).await
}

/// With so many copies of each row.
pub(crate) async fn keyspace_of_copies(server: &str, copies: u8) -> String {
    let name = fresh_name();
    let create = format!(
        "CREATE KEYSPACE {name} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': {copies}}}"
    );
    in_cassandra(server, &create).await;
    format!("{server}/{name}")
}

pub(crate) async fn mysql() -> MySql {
    MySql::open(&mysql_database(&mysql_url()).await).await.unwrap()
}

pub(crate) async fn postgres() -> Postgres {
    Postgres::open(&postgres_database(&postgres_url()).await).await.unwrap()
}

pub(crate) async fn cassandra() -> Cassandra {
    Cassandra::open(&keyspace(&cassandra_url()).await).await.unwrap()
}

/// Statements by plain SQL, outside of the pools that are tested.
pub(crate) async fn in_mysql(url: &str, sql: &str) {
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Statements by plain SQL, outside of the pools that are tested.
pub(crate) async fn in_postgres(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A statement outside of the sessions that are tested.
pub(crate) async fn in_cassandra(server: &str, cql: &str) {
    let nodes = server.trim_start_matches("cassandra://").split(',');
    let session = SessionBuilder::new().known_nodes(nodes).build().await.unwrap();
    alter(&session, cql).await;
}

/// A change of the schema, by the driver itself.
pub(crate) async fn alter(session: &Session, cql: &str) {
    let mut statement = scylla::statement::unprepared::Statement::new(cql);
    statement.set_request_timeout(Some(Duration::from_secs(30)));
    session.query_unpaged(statement, ()).await.unwrap();
}

/// A server of the test's own, to be killed and paused.
pub(crate) async fn own<S: Send + 'static>(
    start: impl FnOnce() -> Result<S, test_servers::Error> + Send + 'static,
) -> S {
    tokio::task::spawn_blocking(start).await.unwrap().unwrap()
}
