//! Unusual identifiers, columns that the service does not know, and other unique keys.

use crossfade::backend::cassandra::Walk;
use crossfade::backend::sql::{MySql, Postgres, Reads, Table};
use crossfade::data::{Outcome, RecordStore};

use crate::notes::{Note, Notes, SqlNotes, cassandra_notes, key, mysql_notes, postgres_notes};
use crate::servers::{
    alter, cassandra, in_mysql, in_postgres, mysql_database, mysql_url, postgres_database, postgres_url,
};

fn odd() -> Table {
    Table::new("odd `table\" name", "group", "Order", ["select", "a`b\"c ü"]).stamped("when", "Deleted?")
}

type Row = (i64, i64, i64, String);

#[tokio::test]
async fn unusual_names_are_quoted_on_mariadb() {
    let url = mysql_database(&mysql_url()).await;
    let create = "CREATE TABLE `odd ``table\" name` (`group` BIGINT, `Order` BIGINT, `select` BIGINT, `a``b\"c ü` TEXT,
        `when` BIGINT NOT NULL DEFAULT 0, `Deleted?` BOOLEAN NOT NULL DEFAULT FALSE, PRIMARY KEY (`group`, `Order`))";
    in_mysql(&url, create).await;
    let (store, table) = (MySql::open(&url).await.unwrap(), MySql::table::<Notes>(&odd()));
    store.check_table(&table, &[Reads::a::<i64>()]).await.unwrap();
    table.replace(&key(1, 2), 5).bind(3_i64).bind("x").execute(store.pool()).await.unwrap();
    let page = table.page::<Row>(None, Some(&key(1, 1)), 5).fetch_all(store.pool()).await.unwrap();
    assert_eq!(page, [(1, 2, 3, "x".to_owned())]);
}

#[tokio::test]
async fn unusual_names_are_quoted_on_postgres() {
    let url = postgres_database(&postgres_url()).await;
    let create = "CREATE TABLE \"odd `table\"\" name\" (\"group\" BIGINT, \"Order\" BIGINT, \"select\" BIGINT, \"a`b\"\"c ü\" TEXT,
        \"when\" BIGINT NOT NULL DEFAULT 0, \"Deleted?\" BOOLEAN NOT NULL DEFAULT FALSE, PRIMARY KEY (\"group\", \"Order\"))";
    in_postgres(&url, create).await;
    let (store, table) = (Postgres::open(&url).await.unwrap(), Postgres::table::<Notes>(&odd()));
    store.check_table(&table, &[Reads::a::<i64>()]).await.unwrap();
    table.replace(&key(1, 2), 5).bind(3_i64).bind("x").execute(store.pool()).await.unwrap();
    let page = table.page::<Row>(None, Some(&key(1, 1)), 5).fetch_all(store.pool()).await.unwrap();
    assert_eq!(page, [(1, 2, 3, "x".to_owned())]);
}

#[tokio::test]
async fn unusual_names_are_quoted_on_cassandra() {
    let store = cassandra().await;
    let create =
        "CREATE TABLE \"Table\" (\"group\" bigint, \"Order\" bigint, \"select\" bigint, \"a`b\"\"c d\" text,
        PRIMARY KEY (\"group\", \"Order\"))";
    alter(store.session().unwrap(), create).await;
    let insert =
        "INSERT INTO \"Table\" (\"group\", \"Order\", \"select\", \"a`b\"\"c d\") VALUES (1, 2, 3, 'x')";
    store.replaces(insert).run(()).await.unwrap();
    let walk: Walk<Row> = store.walk("Table", "group", "Order", &["select", "a`b\"c d"]);
    walk.check().await.unwrap();
    assert_eq!(walk.page::<i64, i64>(None, None, 5).await.unwrap(), [(1, 2, 3, "x".to_owned())]);
}

macro_rules! unknown_columns {
    ($name:ident, $notes:ident) => {
        #[tokio::test]
        async fn $name() {
            let notes = $notes().await;
            notes.replace(&key(1, 1), Some(&Note::new(1)), 1).await.unwrap();
            sqlx::raw_sql("UPDATE notes SET unknown = 42").execute(notes.store.pool()).await.unwrap();
            notes.replace(&key(1, 1), Some(&Note::new(2)), 2).await.unwrap();
            notes.replace_many(&[(key(1, 1), Note::new(3))], 3).await.unwrap();
            let unknown = async || -> i32 {
                sqlx::query_scalar("SELECT unknown FROM notes").fetch_one(notes.store.pool()).await.unwrap()
            };
            assert_eq!(unknown().await, 42);
            // And by a tombstone, for a record that comes back.
            notes.replace(&key(1, 1), None, 4).await.unwrap();
            notes.replace(&key(1, 1), Some(&Note::new(5)), 5).await.unwrap();
            assert_eq!(
                (unknown().await, notes.read(&key(1, 1), 0).await.unwrap().1),
                (42, Some(Note::new(5)))
            );
        }
    };
}

unknown_columns!(columns_that_the_service_does_not_know_are_kept_on_mariadb, mysql_notes);
unknown_columns!(columns_that_the_service_does_not_know_are_kept_on_postgres, postgres_notes);

#[tokio::test]
async fn columns_that_the_service_does_not_know_are_kept_on_cassandra() {
    let notes = cassandra_notes().await;
    notes.replace(&key(1, 1), Some(&Note::new(1)), 1).await.unwrap();
    notes
        .store
        .replaces("UPDATE notes SET unknown = 42 WHERE customer = 1 AND id = 1")
        .run(())
        .await
        .unwrap();
    notes.replace(&key(1, 1), Some(&Note::new(2)), 2).await.unwrap();
    let unknown = notes.store.reads::<(Option<i32>,)>("SELECT unknown FROM notes");
    assert_eq!(unknown.one(()).await.unwrap(), Some((Some(42),)));
}

/// `ON DUPLICATE KEY UPDATE` would change the row that another unique key found.
#[tokio::test]
async fn a_row_with_the_same_value_of_another_unique_key_is_never_overwritten() {
    let (mysql, postgres) = (mysql_notes().await, postgres_notes().await);
    in_mysql(&mysql.url, "ALTER TABLE notes MODIFY words VARCHAR(100), ADD UNIQUE (words)").await;
    in_postgres(&postgres.url, "ALTER TABLE notes ADD UNIQUE (words)").await;
    for stamp in [1, 9] {
        mysql.replace(&key(1, 1), Some(&Note::new(7)), 5).await.unwrap();
        let error = mysql.replace(&key(2, 2), Some(&Note::new(7)), stamp).await.unwrap_err();
        assert_eq!(SqlNotes::<sqlx::MySql>::outcome(&error), Outcome::Rejected, "{error}");
        let many = [(key(3, 3), Note::new(8)), (key(2, 2), Note::new(7))];
        assert!(mysql.replace_many(&many, stamp).await.is_err());
        assert_eq!(mysql.read(&key(1, 1), 0).await.unwrap().1, Some(Note::new(7)));
        assert_eq!(mysql.read(&key(2, 2), 0).await.unwrap().1, None);

        postgres.replace(&key(1, 1), Some(&Note::new(7)), 5).await.unwrap();
        let error = postgres.replace(&key(2, 2), Some(&Note::new(7)), stamp).await.unwrap_err();
        assert_eq!(SqlNotes::<sqlx::Postgres>::outcome(&error), Outcome::Rejected, "{error}");
        assert_eq!(postgres.read(&key(1, 1), 0).await.unwrap().1, Some(Note::new(7)));
    }
}

/// A table that keeps no stamps, as the service has it.
#[tokio::test]
async fn a_table_without_stamps_is_replaced_and_deleted() {
    let (url, other) = (mysql_database(&mysql_url()).await, postgres_database(&postgres_url()).await);
    let create = "CREATE TABLE notes (customer BIGINT, id BIGINT, total BIGINT, unknown INT DEFAULT 7, PRIMARY KEY (customer, id))";
    in_mysql(&url, create).await;
    in_postgres(&other, create).await;
    let plain = Table::new("notes", "customer", "id", ["total"]);
    let (mysql, postgres) = (MySql::open(&url).await.unwrap(), Postgres::open(&other).await.unwrap());
    let (in_mysql, in_postgres) = (MySql::table::<Notes>(&plain), Postgres::table::<Notes>(&plain));
    for total in [1_i64, 2] {
        in_mysql.replace(&key(1, 1), 0).bind(total).execute(mysql.pool()).await.unwrap();
        in_postgres.replace(&key(1, 1), 0).bind(total).execute(postgres.pool()).await.unwrap();
        let read = in_mysql.read::<(i64, i64, i64)>(&key(1, 1)).fetch_one(mysql.pool()).await.unwrap();
        assert_eq!(read.2, total);
        let read =
            in_postgres.read_stamped::<(i64, i64, i64)>(&key(1, 1)).fetch_one(postgres.pool()).await.unwrap();
        assert_eq!(read.row.unwrap().2, total);
    }
    in_mysql.delete(&key(1, 1), 0).execute(mysql.pool()).await.unwrap();
    in_postgres.remove(&key(1, 1)).execute(postgres.pool()).await.unwrap();
    let read = in_mysql.read_stamped::<(i64, i64, i64)>(&key(1, 1)).fetch_one(mysql.pool()).await.unwrap();
    assert!(read.row.is_none() && read.stamp > 0);
    assert!(
        in_postgres
            .read::<(i64, i64, i64)>(&key(1, 1))
            .fetch_optional(postgres.pool())
            .await
            .unwrap()
            .is_none()
    );
    let mut connection = mysql.pool().acquire().await.unwrap();
    in_mysql.insert(&mut connection, &key(1, 1), |query| query.bind(1_i64)).await.unwrap();
    in_mysql.change(&key(1, 1), |query| query.bind(2_i64)).execute(&mut *connection).await.unwrap();
    in_mysql.insert(&mut connection, &key(1, 1), |query| query.bind(1_i64)).await.unwrap_err();
}
