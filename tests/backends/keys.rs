//! Keys of no bytes and of very many: what each server does with them.

use crossfade::backend::cassandra::Cassandra;
use crossfade::backend::sql::{MySql, Postgres, Table};
use crossfade::data::{DataSet, Outcome, RecordKey};

use crate::servers::{
    alter, cassandra, in_mysql, in_postgres, mysql_database, mysql_url, postgres_database, postgres_url,
};

pub(crate) struct Texts;

impl DataSet for Texts {
    type Group = String;
    type Item = String;
    type Record = i64;

    fn same(a: &i64, b: &i64) -> bool {
        a == b
    }
}

pub(crate) fn key(group: &str, item: &str) -> RecordKey<Texts> {
    (group.to_owned(), item.to_owned()).into()
}

/// That no server can shorten by compressing it.
fn long_key() -> String {
    let mut seeded = fastrand::Rng::with_seed(1);
    std::iter::repeat_with(|| seeded.alphanumeric()).take(64 << 10).collect()
}

fn table() -> Table {
    Table::new("texts", "grp", "item", ["total"])
}

#[tokio::test]
async fn mariadb_takes_an_empty_key_and_rejects_a_long_one() {
    let url = mysql_database(&mysql_url()).await;
    in_mysql(
        &url,
        "CREATE TABLE texts (grp VARCHAR(300), item VARCHAR(300), total BIGINT, PRIMARY KEY (grp, item))",
    )
    .await;
    let (store, texts) = (MySql::open(&url).await.unwrap(), MySql::table::<Texts>(&table()));
    texts.replace(&key("", ""), 0).bind(5_i64).execute(store.background()).await.unwrap();
    let read = texts.read::<(String, String, i64)>(&key("", "")).fetch_one(store.background()).await.unwrap();
    assert_eq!(read.2, 5);
    let long =
        texts.replace(&key(&long_key(), ""), 0).bind(5_i64).execute(store.background()).await.unwrap_err();
    assert_eq!(MySql::outcome(&long), Outcome::Rejected, "{long:?}");
}

/// A key that a server without strict mode would shorten, and so take for another one.
#[tokio::test]
async fn mariadb_shortens_no_key_of_background_work_whatever_it_is_set_to() {
    let url = mysql_database(&mysql_url()).await;
    in_mysql(
        &url,
        "CREATE TABLE texts (grp VARCHAR(3), item VARCHAR(3), total BIGINT, PRIMARY KEY (grp, item))",
    )
    .await;
    let (store, texts) = (MySql::open(&url).await.unwrap(), MySql::table::<Texts>(&table()));
    let mode: String = sqlx::query_scalar("SELECT @@sql_mode").fetch_one(store.background()).await.unwrap();
    assert!(mode.contains("STRICT_ALL_TABLES"), "{mode}");
    let long = texts.replace(&key("abcd", "x"), 0).bind(5_i64).execute(store.background()).await.unwrap_err();
    assert_eq!(MySql::outcome(&long), Outcome::Rejected, "{long:?}");
}

#[tokio::test]
async fn postgres_takes_an_empty_key_and_rejects_a_long_one() {
    let url = postgres_database(&postgres_url()).await;
    in_postgres(&url, "CREATE TABLE texts (grp TEXT, item TEXT, total BIGINT, PRIMARY KEY (grp, item))")
        .await;
    let (store, texts) = (Postgres::open(&url).await.unwrap(), Postgres::table::<Texts>(&table()));
    texts.replace(&key("", ""), 0).bind(5_i64).execute(store.background()).await.unwrap();
    let read = texts.read::<(String, String, i64)>(&key("", "")).fetch_one(store.background()).await.unwrap();
    assert_eq!(read.2, 5);
    let long =
        texts.replace(&key(&long_key(), ""), 0).bind(5_i64).execute(store.background()).await.unwrap_err();
    assert_eq!(Postgres::outcome(&long), Outcome::Rejected, "{long:?}");
    // Nor can a text hold a zero byte there.
    let zero = texts.replace(&key("\0", ""), 0).bind(5_i64).execute(store.background()).await.unwrap_err();
    assert_eq!(Postgres::outcome(&zero), Outcome::Rejected, "{zero:?}");
}

#[tokio::test]
async fn cassandra_rejects_an_empty_group_and_long_keys_and_takes_an_empty_item() {
    let store = cassandra().await;
    let create = "CREATE TABLE texts (grp text, item text, total bigint, PRIMARY KEY (grp, item))";
    alter(store.session().unwrap(), create).await;
    let insert = "INSERT INTO texts (grp, item, total) VALUES (?, ?, ?)";
    let (once, again) = (store.writes(insert), store.replaces(insert));
    again.run(("group", "", 5_i64)).await.unwrap();
    let read = store.reads::<(i64,)>("SELECT total FROM texts WHERE grp = ? AND item = ?");
    assert_eq!(read.one(("group", "")).await.unwrap(), Some((5,)));
    let long = long_key();
    for (group, item) in [("", "item"), (&*long, "item"), ("group", &*long)] {
        let error = once.run((group, item, 5_i64)).await.unwrap_err();
        assert_eq!(
            Cassandra::outcome(&error),
            Outcome::Rejected,
            "{} {}: {error:?}",
            group.len(),
            item.len()
        );
        assert!(again.run((group, item, 5_i64)).await.is_err());
    }
    // 65,535 bytes are allowed.
    again.run((&long[1..], "item", 5_i64)).await.unwrap();
    assert_eq!(read.one((&long[1..], "item")).await.unwrap(), Some((5,)));
}
