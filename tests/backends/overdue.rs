//! What the server still does for a request that was given up is ended, and nothing else is.

use std::time::Duration;

use crossfade::backend::sql::{Dialect, MySql, OverdueCounts, Postgres, SqlStore};
use sqlx::{Connection, Executor, MySqlConnection, PgConnection};
use test_servers::MariaDb;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

use crate::servers::{
    in_mysql, in_postgres, mysql_database, mysql_url, own, postgres_database, postgres_url,
    until_mysql_writes,
};

const DEADLINE: Duration = Duration::from_secs(1);
/// Far away, as that of MySQL is for a write.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(120);
const TABLE: &str = "CREATE TABLE numbers (id INT PRIMARY KEY, value INT)";

/// A store whose user has no right but on its own database.
async fn mysql(server: &str) -> (MySql, String) {
    let url = mysql_database(server).await;
    let name = url.rsplit_once('/').unwrap().1;
    in_mysql(&url, TABLE).await;
    in_mysql(&url, &format!("CREATE USER {name}@'%'; GRANT ALL ON {name}.* TO {name}@'%'")).await;
    let url = url.replace("root@", &format!("{name}@"));
    let store = MySql::builder(&url).deadline(DEADLINE).statement_timeout(STATEMENT_TIMEOUT);
    (store.connections(4).open().await.unwrap(), url)
}

async fn postgres() -> (Postgres, String) {
    let url = postgres_database(&postgres_url()).await;
    let name = url.rsplit_once('/').unwrap().1;
    in_postgres(&url, &format!("CREATE ROLE {name} LOGIN; ALTER DATABASE {name} OWNER TO {name}")).await;
    let url = url.replace("postgres@", &format!("{name}@"));
    in_postgres(&url, &format!("CREATE SCHEMA {name}; {TABLE}")).await;
    let store = Postgres::builder(&url).deadline(DEADLINE).statement_timeout(STATEMENT_TIMEOUT);
    (store.connections(4).open().await.unwrap(), url)
}

/// Waits until it was looked, and gives back what was found.
async fn looked<DB: Dialect>(store: &SqlStore<DB>) -> OverdueCounts
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let began = Instant::now();
    while store.overdue().confirmed + store.overdue().unconfirmed == 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "nobody looks: {:?}", store.overdue());
        sleep(Duration::from_millis(20)).await;
    }
    store.overdue()
}

#[track_caller]
fn assert_ended(counts: OverdueCounts, ended: u64) {
    assert_eq!((counts.ended, counts.confirmed, counts.unconfirmed), (ended, 1, 0));
}

#[tokio::test]
async fn in_mariadb_what_runs_past_its_deadline_is_ended_and_nothing_else_is() {
    let (store, url) = mysql(&mysql_url()).await;
    let mut other = MySqlConnection::connect(&url).await.unwrap();
    let sleeps = store.service(|pool, seconds: f64| async move {
        sqlx::query_scalar::<_, i64>("SELECT SLEEP(?)").bind(seconds).fetch_one(&pool).await
    });
    let writes = store.service(|pool, (): ()| async move {
        sqlx::query("INSERT INTO numbers SELECT 3, SLEEP(15)").execute(&pool).await.map(drop)
    });
    let given_up = async {
        writes.oneshot(()).await.unwrap_err();
        looked(&store).await
    };
    // Requests within their deadline, all the while, and after it on connections that had rested.
    let within = async {
        for _ in 0..12 {
            let both = tokio::join!(sleeps.clone().oneshot(0.4), sleeps.clone().oneshot(0.4));
            assert!(matches!(both, (Ok(0), Ok(0))), "{both:?}");
        }
    };
    let long = sqlx::query_scalar::<_, i64>("SELECT SLEEP(6)");
    let page = sqlx::query_scalar::<_, i64>("SELECT SLEEP(6)");
    let (counts, (), others, background) =
        tokio::join!(given_up, within, long.fetch_one(&mut other), page.fetch_one(store.background()));
    assert_ended(counts, 1);
    assert_eq!((others.unwrap(), background.unwrap()), (0, 0), "of somebody else, and of a fill");

    let left = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'INSERT INTO numbers%'";
    assert_eq!(sqlx::query_scalar::<_, i64>(left).fetch_one(&mut other).await.unwrap(), 0);
    let landed = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM numbers").fetch_one(&mut other).await;
    assert_eq!(landed.unwrap(), 0);
}

#[tokio::test]
async fn in_postgres_what_runs_past_its_deadline_is_ended_and_nothing_else_is() {
    let (store, url) = postgres().await;
    let mut other = PgConnection::connect(&url).await.unwrap();
    let sleeps = store.service(|pool, seconds: f64| async move {
        sqlx::query("SELECT pg_sleep($1)").bind(seconds).execute(&pool).await.map(drop)
    });
    let writes = store.service(|pool, (): ()| async move {
        let write = "INSERT INTO numbers SELECT 3, 0 FROM pg_sleep(15)";
        sqlx::query(write).execute(&pool).await.map(drop)
    });
    let given_up = async {
        writes.oneshot(()).await.unwrap_err();
        looked(&store).await
    };
    let within = async {
        for _ in 0..12 {
            let both = tokio::join!(sleeps.clone().oneshot(0.4), sleeps.clone().oneshot(0.4));
            assert!(matches!(both, (Ok(()), Ok(()))), "{both:?}");
        }
    };
    let (long, page) = (sqlx::query("SELECT pg_sleep(6)"), sqlx::query("SELECT pg_sleep(6)"));
    let (counts, (), others, background) =
        tokio::join!(given_up, within, long.execute(&mut other), page.execute(store.background()));
    assert_ended(counts, 1);
    others.unwrap();
    background.unwrap();

    let left =
        "SELECT COUNT(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'INSERT INTO numbers%'";
    assert_eq!(sqlx::query_scalar::<_, i64>(left).fetch_one(&mut other).await.unwrap(), 0);
    let landed = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM numbers").fetch_one(&mut other).await;
    assert_eq!(landed.unwrap(), 0);
}

/// No statement timeout ends it.
#[tokio::test]
async fn a_commit_that_waits_past_its_deadline_is_ended_on_mariadb() {
    let server = own(MariaDb::start).await;
    let (store, _) = mysql(&server.url()).await;
    let mut admin = MySqlConnection::connect(&server.url()).await.unwrap();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let (goes_on, waits) = tokio::sync::oneshot::channel();
    let hands = std::sync::Mutex::new(Some((begun, waits)));
    let commits = store.service(move |pool, (): ()| {
        let (begun, waits) = hands.lock().unwrap().take().unwrap();
        async move {
            let mut transaction = pool.begin().await?;
            transaction.execute("INSERT INTO numbers VALUES (3, 0)").await?;
            begun.send(()).unwrap();
            waits.await.unwrap();
            transaction.commit().await
        }
    });
    let request = tokio::spawn(commits.oneshot(()));
    begins.await.unwrap();
    // Commits of others wait for the end of this.
    admin.execute("FLUSH TABLES WITH READ LOCK").await.unwrap();
    goes_on.send(()).unwrap();
    assert_eq!(MySql::outcome(&request.await.unwrap().unwrap_err()), crossfade::data::Outcome::Unknown);
    assert_ended(looked(&store).await, 1);
    admin.execute("UNLOCK TABLES").await.unwrap();
    sleep(Duration::from_millis(200)).await;
    let landed = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM numbers").fetch_one(store.pool()).await;
    assert_eq!(landed.unwrap(), 0);
}

#[tokio::test]
async fn what_ends_by_itself_after_its_deadline_is_confirmed_without_an_end() {
    let (store, url) = mysql(&mysql_url()).await;
    let writes = store.service(|pool, (): ()| async move {
        sqlx::query("INSERT INTO numbers SELECT 3, SLEEP(1.5)").execute(&pool).await.map(drop)
    });
    let request = tokio::spawn(writes.oneshot(()));
    until_mysql_writes(&url).await;
    request.await.unwrap().unwrap_err();
    assert_ended(looked(&store).await, 0);
    let landed = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM numbers").fetch_one(store.pool()).await;
    assert_eq!(landed.unwrap(), 1, "what is confirmed to have ended may have landed");
}

#[tokio::test]
async fn nothing_is_ended_where_that_is_switched_off() {
    let (_, url) = mysql(&mysql_url()).await;
    let store = MySql::builder(&url).deadline(DEADLINE).ends_overdue(false).open().await.unwrap();
    let sleeps = store
        .service(|pool, (): ()| async move { sqlx::query("SELECT SLEEP(4)").execute(&pool).await.map(drop) });
    sleeps.oneshot(()).await.unwrap_err();
    // It ends by itself, long after its deadline.
    let runs = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP(4)%'";
    let began = Instant::now();
    while sqlx::query_scalar::<_, i64>(runs).fetch_one(store.background()).await.unwrap() > 0 {
        assert!(began.elapsed() < Duration::from_secs(20));
        sleep(Duration::from_millis(20)).await;
    }
    assert!(began.elapsed() > Duration::from_secs(1), "it was ended after all");
    assert_eq!(store.overdue(), OverdueCounts::default());
}
