//! A schema that does not fit is an error of the start.

use crossfade::backend::cassandra::{self, Statement};
use crossfade::backend::sql::{self, MySql, Postgres, Reads, Table};

use crate::notes::{COLUMNS, CassandraNotes, Notes, cassandra_notes, table};
use crate::servers::{
    alter, cassandra, in_mysql, in_postgres, mysql, mysql_database, mysql_url, postgres, postgres_database,
    postgres_url,
};

#[tokio::test]
async fn a_missing_table_is_named_with_its_statement() {
    let mysql = mysql().await.check("SELECT total FROM notes", &[]).await.unwrap_err();
    assert!(matches!(mysql, sql::OpenError::Statement { .. }));
    assert!(mysql.to_string().contains("`SELECT total FROM notes`"), "{mysql}");
    let postgres = postgres().await.check("SELECT total FROM notes", &[]).await.unwrap_err();
    assert!(postgres.to_string().contains("`SELECT total FROM notes`"), "{postgres}");
    let read: Statement<(i64,)> = cassandra().await.reads("SELECT total FROM notes");
    let error = read.check().await.unwrap_err();
    assert!(matches!(error, cassandra::OpenError::Statement { .. }));
    assert!(error.to_string().contains("`SELECT total FROM notes`"), "{error}");
}

#[tokio::test]
async fn all_statements_of_a_table_are_checked() {
    let (url, other) = (mysql_database(&mysql_url()).await, postgres_database(&postgres_url()).await);
    in_mysql(&url, &format!("CREATE TABLE notes ({COLUMNS})")).await;
    in_postgres(&other, &format!("CREATE TABLE notes ({COLUMNS})")).await;
    let (mysql, postgres) = (MySql::open(&url).await.unwrap(), Postgres::open(&other).await.unwrap());

    mysql.check_table(&MySql::table::<Notes>(&table()), &reads()).await.unwrap();
    postgres.check_table(&Postgres::table::<Notes>(&table()), &reads()).await.unwrap();

    let missing = Table::new("notes", "customer", "id", ["total", "words"]).stamped("stamp", "gone");
    let error = mysql.check_table(&MySql::table::<Notes>(&missing), &reads()).await.unwrap_err();
    assert!(error.to_string().contains("gone"), "{error}");
    let error = postgres.check_table(&Postgres::table::<Notes>(&missing), &reads()).await.unwrap_err();
    assert!(error.to_string().contains("gone"), "{error}");

    let wrong = Table::new("notes", "customer", "id", ["words", "total"]).stamped("stamp", "deleted");
    let error = mysql.check_table(&MySql::table::<Notes>(&wrong), &reads()).await.unwrap_err();
    assert!(matches!(error, sql::OpenError::ColumnType { .. }), "{error}");
    assert!(error.to_string().contains("column `words`") && error.to_string().contains("i64"), "{error}");
    let error = postgres.check_table(&Postgres::table::<Notes>(&wrong), &reads()).await.unwrap_err();
    assert!(matches!(error, sql::OpenError::ColumnType { .. }), "{error}");
}

fn reads<DB>() -> [Reads<DB>; 4]
where
    DB: sqlx::Database,
    i64: sqlx::Type<DB>,
    String: sqlx::Type<DB>,
{
    [Reads::a::<i64>(), Reads::a::<i64>(), Reads::a::<i64>(), Reads::a::<String>()]
}

#[tokio::test]
async fn all_statements_of_a_store_are_checked_on_cassandra() {
    let notes = cassandra_notes().await;
    notes.check().await.unwrap();
    alter(notes.store.session().unwrap(), "ALTER TABLE notes DROP words").await;
    let error = CassandraNotes::over(notes.store).check().await.unwrap_err();
    assert!(error.to_string().contains("words"), "{error}");
}

#[tokio::test]
async fn a_column_of_another_type_is_named_in_cassandra() {
    let store = cassandra().await;
    alter(store.session().unwrap(), "CREATE TABLE notes (id bigint PRIMARY KEY, total int)").await;
    let fits: Statement<(i64, i32)> = store.reads("SELECT id, total FROM notes");
    fits.check().await.unwrap();
    let wrong: Statement<(i64, i64)> = store.reads("SELECT id, total FROM notes");
    let error = wrong.check().await.unwrap_err();
    assert!(matches!(error, cassandra::OpenError::ColumnType { .. }), "{error}");
    let shown = error.to_string();
    assert!(shown.contains("total: Native(Int)") && shown.contains("(i64, i64)"), "{shown}");
    let fewer: Statement<(i64,)> = store.reads("SELECT id, total FROM notes");
    assert!(matches!(fewer.check().await.unwrap_err(), cassandra::OpenError::ColumnType { .. }));
}
