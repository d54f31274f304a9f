//! A caller that goes away leaves its request running to its end, and the connection in step.

use std::time::Duration;

use crossfade::backend::sql::MySql;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use crate::servers::{in_mysql, mysql_database, mysql_url};

/// The driver is not safe to drop in the midst of an answer, and asks what is left of it whether the connection is alive.
#[tokio::test]
async fn a_request_that_is_given_up_while_its_answer_comes_in_takes_no_connection_away() {
    let url = mysql_database(&mysql_url()).await;
    let store = MySql::builder(&url).connections(1).deadline(Duration::from_millis(150));
    let store = store
        .statement_timeout(Duration::from_secs(1))
        .acquire_timeout(Duration::from_secs(20))
        .open()
        .await
        .unwrap();
    let large = store.service(|pool, (): ()| async move {
        let rows = sqlx::query("SELECT REPEAT('x', 4000000) FROM seq_1_to_1000").fetch_all(&pool).await;
        rows.map(drop)
    });
    for _ in 0..4 {
        large.clone().oneshot(()).await.unwrap_err();
        let answer =
            timeout(Duration::from_secs(5), sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(store.pool()))
                .await;
        assert_eq!(answer.expect("the connection has come back").unwrap(), 1);
    }
}

#[tokio::test]
async fn a_request_whose_caller_went_away_runs_to_its_end_and_leaves_its_connection_in_step() {
    let url = mysql_database(&mysql_url()).await;
    in_mysql(&url, "CREATE TABLE numbers (id INT PRIMARY KEY)").await;
    let store = MySql::builder(&url).connections(1).open().await.unwrap();
    let insert = store.service(|pool, id: i32| async move {
        let mut transaction = pool.begin().await?;
        sqlx::query("INSERT INTO numbers SELECT ? FROM (SELECT SLEEP(0.1)) AS slept")
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO numbers VALUES (?)").bind(-id).execute(&mut *transaction).await?;
        transaction.commit().await
    });
    // Each at another moment, from before the first packet to after the last one.
    for id in 1..=30_i32 {
        let moment = Duration::from_millis(8) * u32::try_from(id - 1).unwrap();
        drop(timeout(moment, insert.clone().oneshot(id)).await);
        // The only connection answers what it is asked.
        let answer: i32 = sqlx::query_scalar("SELECT ?").bind(id).fetch_one(store.pool()).await.unwrap();
        assert_eq!(answer, id);
    }
    for _ in 0..100 {
        let rows: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM numbers").fetch_one(store.pool()).await.unwrap();
        if rows == 60 {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("a request was dropped with its caller");
}
