//! Background work takes nothing from callers.

use std::time::Duration;

use crossfade::backend::sql::{MySql, Postgres};
use crossfade::route::Leg;
use tokio::time::{Instant, timeout};

use crate::servers::{cassandra, mysql_database, mysql_url, postgres_database, postgres_url};

/// Far below the two seconds that the background work takes.
const SOON: Duration = Duration::from_millis(900);

#[tokio::test]
async fn callers_are_answered_while_slow_background_work_has_all_of_its_connections_on_mariadb() {
    let url = mysql_database(&mysql_url()).await;
    let store = MySql::builder(&url).connections(2).background_connections(2).open().await.unwrap();
    for _ in 0..6 {
        let pool = store.background().clone();
        drop(tokio::spawn(async move { sqlx::query("SELECT SLEEP(2)").execute(&pool).await.map(drop) }));
    }
    while store.background().num_idle() > 0 || store.background().size() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let begun = Instant::now();
    for _ in 0..20 {
        sqlx::query("SELECT 1").execute(store.pool()).await.unwrap();
    }
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert!(timeout(Duration::from_millis(50), store.background().acquire()).await.is_err(), "it is full");
}

#[tokio::test]
async fn callers_are_answered_while_slow_background_work_has_all_of_its_connections_on_postgres() {
    let url = postgres_database(&postgres_url()).await;
    let store = Postgres::builder(&url).connections(2).background_connections(2).open().await.unwrap();
    for _ in 0..6 {
        let pool = store.background().clone();
        drop(tokio::spawn(async move { sqlx::query("SELECT pg_sleep(2)").execute(&pool).await.map(drop) }));
    }
    while store.background().num_idle() > 0 || store.background().size() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let begun = Instant::now();
    for _ in 0..20 {
        sqlx::query("SELECT 1").execute(store.pool()).await.unwrap();
    }
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn cassandra_has_two_sessions_and_callers_have_the_first() {
    let store = cassandra().await;
    let (callers, background) = (store.session().unwrap(), store.background().unwrap());
    assert_ne!(callers.session_id(), background.session_id());
    assert_eq!(Leg::current(), Leg::Answer);
}
