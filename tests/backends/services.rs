//! A function over a store as a tower service.

use tower::ServiceExt;

use crate::notes::CASSANDRA_TABLE;
use crate::servers::{alter, cassandra};

#[tokio::test]
async fn a_function_over_cassandra_is_a_tower_service_and_its_errors_are_its_own() {
    let store = cassandra().await;
    alter(store.session().unwrap(), CASSANDRA_TABLE).await;
    let insert = store.writes("INSERT INTO notes (customer, id, total, words) VALUES (1, ?, 0, ?)");
    let count = store.reads::<(i64,)>("SELECT count(*) FROM notes WHERE customer = 1");
    let add = store.service(move |_, (id, words): (i64, Option<&'static str>)| {
        let (insert, count) = (insert.clone(), count.clone());
        async move {
            insert.run((id, words)).await?;
            count.one(()).await
        }
    });
    assert_eq!(add.clone().oneshot((1, Some("first"))).await.unwrap(), Some((1,)));
    assert_eq!(add.clone().oneshot((2, None)).await.unwrap(), Some((2,)));
    alter(store.session().unwrap(), "DROP TABLE notes").await;
    let error = add.oneshot((3, None)).await.unwrap_err();
    assert!(error.to_string().contains("notes"), "{error}");
}
