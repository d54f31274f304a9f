//! Background work takes nothing from callers.

use std::time::Duration;

use crossfade::backend::sql::{MySql, Postgres};
use crossfade::route::Leg;
use tokio::time::timeout;

use crate::servers::{cassandra, mysql_database, mysql_url, postgres_database, postgres_url};

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

#[tokio::test]
async fn cassandra_has_two_sessions_and_callers_have_the_first() {
    let store = cassandra().await;
    let (callers, background) = (store.session().unwrap(), store.background().unwrap());
    assert_ne!(callers.session_id(), background.session_id());
    assert_eq!(Leg::current(), Leg::Answer);
}
