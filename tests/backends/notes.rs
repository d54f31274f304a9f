//! A data set of the tests, and its stores in each database.

use std::sync::Arc;

use crossfade::backend::cassandra::{Cassandra, CassandraError, Keys, Statement, Walk};
use crossfade::backend::sql::{
    BoundQuery, Dialect, MySql, Postgres, SqlStore, Sqlite, StampedRow, Statements, Table,
};
use crossfade::data::{
    DataSet, FoundKeys, KeyedRecord, Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord,
};
use sqlx::AssertSqlSafe;
use tempfile::TempDir;

use crate::servers::{
    alter, cassandra, in_mysql, in_postgres, mysql_database, mysql_url, postgres_database, postgres_url,
};

pub(crate) struct Notes;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) total: i64,
    pub(crate) text: String,
}

impl Note {
    pub(crate) fn new(total: i64) -> Self {
        Self { total, text: format!("note {total}") }
    }
}

impl DataSet for Notes {
    type Group = i64;
    type Item = i64;
    type Record = Note;

    fn same(a: &Note, b: &Note) -> bool {
        a == b
    }
}

pub(crate) fn key(group: i64, item: i64) -> RecordKey<Notes> {
    (group, item).into()
}

type Row = (i64, i64, i64, String);

fn record((group, item, total, text): Row) -> KeyedRecord<Notes> {
    (key(group, item), Note { total, text })
}

pub(crate) struct SqlNotes<DB: Dialect> {
    pub(crate) store: SqlStore<DB>,
    pub(crate) table: Statements<DB, Notes>,
    pub(crate) url: String,
    folder: Option<Arc<TempDir>>,
}

pub(crate) const COLUMNS: &str = "customer BIGINT NOT NULL, id BIGINT NOT NULL, total BIGINT, words TEXT,
    stamp BIGINT NOT NULL DEFAULT 0, deleted BOOLEAN NOT NULL DEFAULT FALSE, unknown INT DEFAULT 7,
    PRIMARY KEY (customer, id)";

pub(crate) fn table() -> Table {
    Table::new("notes", "customer", "id", ["total", "words"]).stamped("stamp", "deleted")
}

pub(crate) async fn mysql_notes() -> SqlNotes<sqlx::MySql> {
    let url = mysql_database(&mysql_url()).await;
    in_mysql(&url, &format!("CREATE TABLE notes ({COLUMNS})")).await;
    SqlNotes { store: MySql::open(&url).await.unwrap(), table: MySql::table(&table()), url, folder: None }
}

pub(crate) async fn postgres_notes() -> SqlNotes<sqlx::Postgres> {
    let url = postgres_database(&postgres_url()).await;
    in_postgres(&url, &format!("CREATE TABLE notes ({COLUMNS})")).await;
    SqlNotes {
        store: Postgres::open(&url).await.unwrap(),
        table: Postgres::table(&table()),
        url,
        folder: None,
    }
}

/// In a file that is gone with the last holder.
pub(crate) async fn sqlite_notes() -> SqlNotes<sqlx::Sqlite> {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("notes.db").display());
    let store = Sqlite::open(&url).await.unwrap();
    let create = AssertSqlSafe(format!("CREATE TABLE notes ({COLUMNS})"));
    sqlx::raw_sql(create).execute(store.background()).await.unwrap();
    SqlNotes { store, table: Sqlite::table(&table()), url, folder: Some(Arc::new(folder)) }
}

impl<DB: Dialect> Clone for SqlNotes<DB> {
    fn clone(&self) -> Self {
        let (store, table) = (self.store.clone(), self.table.clone());
        Self { store, table, url: self.url.clone(), folder: self.folder.clone() }
    }
}

macro_rules! sql_notes {
    ($db:ty) => {
        impl SqlNotes<$db> {
            pub(crate) fn columns(query: BoundQuery<$db>, note: &Note) -> BoundQuery<$db> {
                query.bind(note.total).bind(&note.text)
            }
        }

        impl RecordStore for SqlNotes<$db> {
            type Data = Notes;
            type Error = sqlx::Error;
            const KEEPS_STAMPS: bool = true;

            async fn read(&self, key: &RecordKey<Notes>, now: Stamp) -> sqlx::Result<StampedRecord<Notes>> {
                self.stamped_read(key, now).await
            }

            async fn replace(
                &self,
                key: &RecordKey<Notes>,
                note: Option<&Note>,
                stamp: Stamp,
            ) -> sqlx::Result<()> {
                let query = match note {
                    Some(note) => Self::columns(self.table.replace(key, stamp), note),
                    None => self.table.delete(key, stamp),
                };
                query.execute(self.store.background()).await.map(drop)
            }

            async fn replace_many(&self, notes: &[KeyedRecord<Notes>], stamp: Stamp) -> sqlx::Result<()> {
                self.table.replace_many(self.store.background(), notes, stamp, Self::columns).await
            }

            async fn page(
                &self,
                group: Option<&i64>,
                after: Option<&RecordKey<Notes>>,
                limit: usize,
                now: Stamp,
            ) -> sqlx::Result<Page<Notes>> {
                let (stamp, rows) = self.stamped_page(group, after, limit, now).await?;
                Ok(Page { stamp, records: rows.into_iter().map(record).collect() })
            }

            async fn page_of_keys(
                &self,
                group: Option<&i64>,
                after: Option<&RecordKey<Notes>>,
                limit: usize,
            ) -> sqlx::Result<Vec<RecordKey<Notes>>> {
                self.table.page_of_keys(group, after, limit).fetch_all(self.store.background()).await
            }

            async fn existing_keys(&self, keys: &[RecordKey<Notes>]) -> sqlx::Result<FoundKeys<Notes>> {
                self.table.existing_keys(self.store.background(), keys).await.map(Some)
            }

            async fn clock(&self) -> sqlx::Result<Option<Stamp>> {
                self.table.clock().fetch_one(self.store.background()).await.map(Some)
            }

            fn outcome(error: &sqlx::Error) -> Outcome {
                SqlStore::<$db>::outcome(error)
            }
        }
    };
}

sql_notes!(sqlx::MySql);
sql_notes!(sqlx::Postgres);
sql_notes!(sqlx::Sqlite);

/// With stamps of the server's clock.
macro_rules! stamped_by_the_server {
    ($db:ty) => {
        impl SqlNotes<$db> {
            async fn stamped_read(
                &self,
                key: &RecordKey<Notes>,
                _: Stamp,
            ) -> sqlx::Result<StampedRecord<Notes>> {
                let read = self.table.read_stamped::<Row>(key).fetch_one(self.store.background()).await?;
                Ok((read.stamp, read.row.map(|row| record(row).1)))
            }

            async fn stamped_page(
                &self,
                group: Option<&i64>,
                after: Option<&RecordKey<Notes>>,
                limit: usize,
                now: Stamp,
            ) -> sqlx::Result<(Stamp, Vec<Row>)> {
                let rows = self.table.page_stamped::<Row>(group, after, limit);
                Ok(StampedRow::page(rows.fetch_all(self.store.background()).await?, now))
            }
        }
    };
}

stamped_by_the_server!(sqlx::MySql);
stamped_by_the_server!(sqlx::Postgres);

/// With stamps of the gateway.
impl SqlNotes<sqlx::Sqlite> {
    async fn stamped_read(&self, key: &RecordKey<Notes>, now: Stamp) -> sqlx::Result<StampedRecord<Notes>> {
        let row = self.table.read::<Row>(key).fetch_optional(self.store.background()).await?;
        Ok((now, row.map(|row| record(row).1)))
    }

    async fn stamped_page(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Notes>>,
        limit: usize,
        now: Stamp,
    ) -> sqlx::Result<(Stamp, Vec<Row>)> {
        Ok((now, self.table.page::<Row>(group, after, limit).fetch_all(self.store.background()).await?))
    }
}

#[derive(Clone)]
pub(crate) struct CassandraNotes {
    pub(crate) store: Cassandra,
    read: Statement<(i64, String)>,
    replace: Statement,
    delete: Statement,
    walk: Walk<Row>,
    keys: Keys<Notes>,
}

pub(crate) const CASSANDRA_TABLE: &str = "CREATE TABLE notes (customer bigint, id bigint, total bigint, words text, unknown int, PRIMARY KEY (customer, id))";

pub(crate) async fn cassandra_notes() -> CassandraNotes {
    let store = cassandra().await;
    alter(store.session().unwrap(), CASSANDRA_TABLE).await;
    CassandraNotes::over(store)
}

impl CassandraNotes {
    pub(crate) fn over(store: Cassandra) -> Self {
        Self {
            read: store.reads("SELECT total, words FROM notes WHERE customer = ? AND id = ?").background(),
            replace: store
                .replaces(
                    "INSERT INTO notes (customer, id, total, words) VALUES (?, ?, ?, ?) USING TIMESTAMP ?",
                )
                .background(),
            delete: store
                .replaces("DELETE FROM notes USING TIMESTAMP ? WHERE customer = ? AND id = ?")
                .background(),
            walk: store.walk("notes", "customer", "id", &["total", "words"]),
            keys: store.keys("notes", "customer", "id"),
            store,
        }
    }

    /// With serial reads of many keys.
    pub(crate) fn serially(self) -> Self {
        Self { keys: self.keys.serially(), ..self }
    }

    pub(crate) async fn check(&self) -> Result<(), crossfade::backend::cassandra::OpenError> {
        tokio::try_join!(self.read.check(), self.replace.check(), self.delete.check())?;
        tokio::try_join!(self.walk.check(), self.keys.check()).map(drop)
    }
}

impl RecordStore for CassandraNotes {
    type Data = Notes;
    type Error = CassandraError;
    const KEEPS_STAMPS: bool = true;

    async fn read(&self, key: &RecordKey<Notes>, now: Stamp) -> Result<StampedRecord<Notes>, CassandraError> {
        let found = self.read.one((key.group, key.item)).await?;
        Ok((now, found.map(|(total, text)| Note { total, text })))
    }

    async fn replace(
        &self,
        key: &RecordKey<Notes>,
        note: Option<&Note>,
        stamp: Stamp,
    ) -> Result<(), CassandraError> {
        match note {
            Some(note) => self.replace.run((key.group, key.item, note.total, &note.text, stamp)).await,
            None => self.delete.run((stamp, key.group, key.item)).await,
        }
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Notes>>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<Notes>, CassandraError> {
        let rows = self.walk.page(group, after.map(|key| (&key.group, &key.item)), limit).await?;
        Ok(Page { stamp: now, records: rows.into_iter().map(record).collect() })
    }

    async fn page_of_keys(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Notes>>,
        limit: usize,
    ) -> Result<Vec<RecordKey<Notes>>, CassandraError> {
        self.keys.page(group, after, limit).await
    }

    async fn existing_keys(&self, keys: &[RecordKey<Notes>]) -> Result<FoundKeys<Notes>, CassandraError> {
        self.keys.existing(keys).await.map(Some)
    }

    async fn clock(&self) -> Result<Option<Stamp>, CassandraError> {
        self.store.clock().await.map(Some)
    }

    fn outcome(error: &CassandraError) -> Outcome {
        Cassandra::outcome(error)
    }
}
