//! Background work takes nothing from callers.

use std::error::Error;
use std::time::Duration;

use crossfade::Migration;
use crossfade::backend::cassandra::{Cassandra, Statement};
use crossfade::backend::sql::{MySql, Postgres};
use crossfade::copy::Copier;
use crossfade::data::Key;
use crossfade::functions::Functions;
use crossfade::journal::Journal;
use crossfade::route::{Asked, Leg, RoutingConfig, RoutingHandle, Stage};
use crossfade::test_util::MemoryStore;
use scylla::client::session::Session;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::servers::{
    alter, cassandra, cassandra_url, keyspace, mysql_database, mysql_url, postgres_database, postgres_url,
};

/// Callers are answered while all of the background work is still running.
macro_rules! callers_are_answered {
    ($name:ident, $database:expr, $store:ty, $slow:literal) => {
        #[tokio::test]
        async fn $name() {
            let url = $database.await;
            let store =
                <$store>::builder(&url).connections(2).background_connections(2).open().await.unwrap();
            let slow: Vec<_> = (0..6)
                .map(|_| {
                    let pool = store.background().clone();
                    tokio::spawn(async move { sqlx::query($slow).execute(&pool).await.map(drop) })
                })
                .collect();
            while store.background().num_idle() > 0 || store.background().size() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            for _ in 0..20 {
                sqlx::query("SELECT 1").execute(store.pool()).await.unwrap();
            }
            assert!(
                timeout(Duration::from_millis(50), store.background().acquire()).await.is_err(),
                "it is full"
            );
            assert!(!slow.iter().any(tokio::task::JoinHandle::is_finished));
        }
    };
}

callers_are_answered!(
    callers_are_answered_while_slow_background_work_has_all_of_its_connections_on_mariadb,
    mysql_database(&mysql_url()),
    MySql,
    "SELECT SLEEP(4)"
);
callers_are_answered!(
    callers_are_answered_while_slow_background_work_has_all_of_its_connections_on_postgres,
    postgres_database(&postgres_url()),
    Postgres,
    "SELECT pg_sleep(4)"
);

/// Answers with the name of the session that it ran on, see [`named`].
const NAME: &str = "SELECT name FROM sessions WHERE id = 1";

/// A store whose sessions are in keyspaces of their own, each with a table of this session's name.
async fn named() -> Cassandra {
    let store = cassandra().await;
    let (callers, background) = (store.session().unwrap(), store.background().unwrap());
    let other = keyspace(&cassandra_url()).await;
    background.use_keyspace(other.rsplit_once('/').unwrap().1, true).await.unwrap();
    for (session, name) in [(callers, "callers"), (background, "background")] {
        alter(session, "CREATE TABLE sessions (id int PRIMARY KEY, name text)").await;
        alter(session, &format!("INSERT INTO sessions (id, name) VALUES (1, '{name}')")).await;
    }
    store
}

/// A new statement: one that is prepared already keeps the keyspace that it was prepared in.
async fn name_of_statement(statement: Statement<(String,)>) -> String {
    statement.one(()).await.unwrap().unwrap().0
}

async fn name_of(session: &Session) -> String {
    let rows = session.query_unpaged(NAME, ()).await.unwrap().into_rows_result().unwrap();
    rows.single_row::<(String,)>().unwrap().0
}

/// Runs a read in the stage `shadow`, and what it asks of the target is repeated there for comparison.
async fn in_a_shadow_read<F>(store: &Cassandra, on_target: impl Fn(Cassandra) -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let journal = Journal::memory();
    let routing = RoutingHandle::open(&journal, RoutingConfig::default()).await.unwrap();
    let copier = Copier::new(routing, MemoryStore::legacy(), MemoryStore::target());
    let calls: Functions<(), Cassandra, Box<dyn Error + Send + Sync>> =
        Migration::builder(routing, copier).functions((), store.clone());
    for stage in [Stage::DualWrite, Stage::Shadow] {
        routing.move_to(stage, Asked::by("test", "because")).await.unwrap().drained().await;
    }
    let on_target = async move |store| {
        on_target(store).await;
        Ok(Some(()))
    };
    calls.get("name", Key::new(&1_i64, &1_i64), async |()| Ok(Some(())), on_target).await.unwrap();
}

#[tokio::test]
async fn on_cassandra_background_work_and_shadow_reads_have_a_session_that_callers_have_not() {
    let store = named().await;
    assert_eq!(name_of_statement(store.reads(NAME)).await, "callers");
    assert_eq!(name_of(store.session().unwrap()).await, "callers");
    assert_eq!(name_of_statement(store.reads(NAME).background()).await, "background");
    assert_eq!(name_of(store.background().unwrap()).await, "background");

    let (seen, mut shadow) = mpsc::unbounded_channel();
    in_a_shadow_read(&store, move |store| {
        let seen = seen.clone();
        async move {
            let by_statement = name_of_statement(store.reads(NAME)).await;
            let by_driver = name_of(store.session().unwrap()).await;
            seen.send((Leg::current(), by_statement, by_driver)).unwrap();
        }
    })
    .await;
    let (leg, by_statement, by_driver) =
        timeout(Duration::from_secs(30), shadow.recv()).await.unwrap().unwrap();
    assert_eq!((leg, &*by_statement, &*by_driver), (Leg::Shadow, "background", "background"));
    assert_eq!(name_of_statement(store.reads(NAME)).await, "callers", "callers stay where they were");
}
