//! The writes of the request path in tables that keep stamps.

use crossfade::backend::sql::{MySql, Postgres, Sqlite};
use crossfade::data::{Outcome, RecordStore};

use crate::notes::{Note, SqlNotes, cassandra_notes, key, mysql_notes, postgres_notes, sqlite_notes};

macro_rules! own_writes {
    ($name:ident, $notes:ident, $db:ty, $store:ty) => {
        #[tokio::test]
        async fn $name() {
            let notes = $notes().await;
            let mut connection = notes.store.pool().acquire().await.unwrap();
            let columns = |note: Note| move |query| SqlNotes::<$db>::columns(query, &note);
            let read = async || notes.read(&key(1, 1), 0).await.unwrap().1;

            notes.table.insert(&mut connection, &key(1, 1), columns(Note::new(1))).await.unwrap();
            assert_eq!(read().await, Some(Note::new(1)));
            // Never in the place of a live row.
            let taken =
                notes.table.insert(&mut connection, &key(1, 1), columns(Note::new(2))).await.unwrap_err();
            assert!(taken.as_database_error().unwrap().is_unique_violation(), "{taken}");
            assert_eq!(<$store>::outcome(&taken), Outcome::Rejected);
            assert_eq!(read().await, Some(Note::new(1)));

            let changed = notes.table.change(&key(1, 1), columns(Note::new(3)));
            assert_eq!(changed.execute(&mut *connection).await.unwrap().rows_affected(), 1);
            assert_eq!(read().await, Some(Note::new(3)));
            let removed = notes.table.remove(&key(1, 1)).execute(&mut *connection).await.unwrap();
            assert_eq!((removed.rows_affected(), read().await), (1, None));
            // What is not there is neither changed nor removed.
            let removed = notes.table.remove(&key(1, 1)).execute(&mut *connection).await.unwrap();
            let changed =
                notes.table.change(&key(1, 1), columns(Note::new(4))).execute(&mut *connection).await;
            assert_eq!(
                (removed.rows_affected(), changed.unwrap().rows_affected(), read().await),
                (0, 0, None)
            );

            // In the place of a tombstone, with a stamp above it: a late copy loses.
            let high = notes.clock().await.unwrap().unwrap() + 3_600_000_000;
            notes.replace(&key(1, 1), None, high).await.unwrap();
            notes.table.insert(&mut connection, &key(1, 1), columns(Note::new(5))).await.unwrap();
            notes.replace(&key(1, 1), Some(&Note::new(6)), high).await.unwrap();
            assert_eq!(read().await, Some(Note::new(5)));
        }
    };
}

own_writes!(own_writes_carry_stamps_above_what_they_replace_on_mariadb, mysql_notes, sqlx::MySql, MySql);
own_writes!(
    own_writes_carry_stamps_above_what_they_replace_on_postgres,
    postgres_notes,
    sqlx::Postgres,
    Postgres
);

own_writes!(own_writes_carry_stamps_above_what_they_replace_on_sqlite, sqlite_notes, sqlx::Sqlite, Sqlite);

/// The clock of `RecordStore::clock` is one that conditional writes have passed.
#[tokio::test]
async fn a_conditional_write_is_stamped_after_the_clock_that_was_asked_before_on_cassandra() {
    let notes = cassandra_notes().await;
    let insert = notes
        .store
        .writes_if("INSERT INTO notes (customer, id, total, words) VALUES (?, ?, ?, '') IF NOT EXISTS");
    let stamp =
        notes.store.reads::<(i64,)>("SELECT writetime(total) FROM notes WHERE customer = ? AND id = ?");
    for id in 0..50_i64 {
        let clock = notes.clock().await.unwrap().unwrap();
        assert!(insert.applied((1_i64, id, 5_i64)).await.unwrap());
        assert!(!insert.applied((1_i64, id, 6_i64)).await.unwrap());
        let (written,) = stamp.one((1_i64, id)).await.unwrap().unwrap();
        assert!(written >= clock, "{written} {clock}");
        // So a copy with an earlier stamp loses.
        notes.replace(&key(1, id), Some(&Note::new(9)), clock - 1).await.unwrap();
        assert_eq!(notes.read(&key(1, id), 0).await.unwrap().1.unwrap().total, 5);
    }
    let update =
        notes.store.writes_if("UPDATE notes SET total = ? WHERE customer = ? AND id = ? IF total = ?");
    assert!(update.applied((6_i64, 1_i64, 3_i64, 5_i64)).await.unwrap());
    assert!(!update.applied((7_i64, 1_i64, 3_i64, 5_i64)).await.unwrap());
}
