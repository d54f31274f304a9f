//! The servers that run, and a database or keyspace of its own for each test.

use std::time::Duration;

use crossfade::backend::cassandra::Cassandra;
use crossfade::backend::sql::{MySql, Postgres};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};
use tokio::time::sleep;

/// How often a server is asked whether something is so.
const ASK_EVERY: Duration = Duration::from_millis(5);

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

/// Waits until MariaDB says that a connection of this database is writing.
pub(crate) async fn until_mysql_writes(url: &str) {
    let writes = "SELECT COUNT(*) FROM information_schema.processlist
        WHERE db = DATABASE() AND info LIKE 'INSERT INTO numbers SELECT%'";
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    while sqlx::query_scalar::<_, i64>(writes).fetch_one(&mut connection).await.unwrap() == 0 {
        sleep(ASK_EVERY).await;
    }
}

/// Waits until so many connections of this PostgreSQL database are in such a state, which names columns of `pg_stat_activity`.
pub(crate) async fn until_in_postgres(url: &str, state: &str, connections: i64) {
    let count = format!(
        "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND {state}"
    );
    let mut connection = PgConnection::connect(url).await.unwrap();
    let count = || sqlx::query_scalar::<_, i64>(AssertSqlSafe(count.clone()));
    while count().fetch_one(&mut connection).await.unwrap() != connections {
        sleep(ASK_EVERY).await;
    }
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
