//! Keys alone: pages of them, and those of many that have a record.

use std::collections::BTreeSet;

use crossfade::backend::cassandra::Keys;
use crossfade::backend::sql::{Dialect, MySql, Postgres, SqlStore, Sqlite, Statements, Table};
use crossfade::data::{RecordKey, RecordStore};
use sqlx::AssertSqlSafe;

use crate::keys::{self, Texts};
use crate::notes::{
    CassandraNotes, Notes, SqlNotes, cassandra_notes, key, mysql_notes, postgres_notes, sqlite_notes,
};
use crate::pages;
use crate::servers::{
    alter, cassandra, in_mysql, in_postgres, mysql_database, mysql_url, postgres_database, postgres_url,
};

type Ints = BTreeSet<(i64, i64)>;

fn ints(keys: impl IntoIterator<Item = RecordKey<Notes>>) -> Vec<(i64, i64)> {
    keys.into_iter().map(|key| (key.group, key.item)).collect()
}

async fn a_page_of_keys_has_the_keys_of_the_page<S: RecordStore<Data = Notes>>(store: S) {
    pages::fill(&store).await;
    let (mut starts, mut keys_seen) = (0, 0);
    for group in [None, Some(2), Some(4), Some(1), Some(77)] {
        for after in [None, Some(key(4, 5)), Some(key(2, -7)), Some(key(4, 2_000)), Some(key(3, 0))] {
            // The last key of a page of a group is one of that group.
            if group.is_some_and(|group| after.as_ref().is_some_and(|after| after.group != group)) {
                continue;
            }
            for limit in [1, 7, 100] {
                let page = store.page(group.as_ref(), after.as_ref(), limit, 0).await.unwrap();
                let keys = store.page_of_keys(group.as_ref(), after.as_ref(), limit).await.unwrap();
                let expected = ints(page.records.into_iter().map(|(key, _)| key));
                keys_seen += expected.len();
                assert_eq!(ints(keys), expected, "{group:?} {after:?} {limit}");
            }
            starts |= 1 << (usize::from(group.is_some()) * 2 + usize::from(after.is_some()));
        }
    }
    assert!(starts == 0b1111 && keys_seen > 100, "all four kinds of start: {starts:b}, {keys_seen}");
}

/// Lists of these lengths, of keys that have a record and of those that have none.
async fn those_that_exist_are_found_and_no_other<S: RecordStore<Data = Notes>>(store: S) {
    let filled = pages::fill(&store).await;
    let exist: Ints =
        filled.iter().flat_map(|(group, items)| items.iter().map(|item| (*group, *item))).collect();
    let groups = || pages::GROUPS.iter().map(|(group, _)| *group).chain([77, 5]);
    // The tombstones are of item 1,000; group 77 has nothing.
    let all: Vec<_> =
        groups().flat_map(|group| (-12..70).chain([1_000]).map(move |item| (group, item))).collect();
    assert!(all.len() > 800 && exist.iter().all(|key| all.contains(key)));
    let mut seeded = fastrand::Rng::with_seed(7);
    for length in [0, 1, 7, 8, 9, 33, 128, 129, 499, 500, 501, all.len()] {
        let mut all = all.clone();
        seeded.shuffle(&mut all);
        let asked = &all[..length];
        let keys: Vec<_> = asked.iter().map(|(group, item)| key(*group, *item)).collect();
        let mut found = ints(store.existing_keys(&keys).await.unwrap().unwrap());
        found.sort_unstable();
        let expected: Vec<_> =
            asked.iter().copied().collect::<Ints>().intersection(&exist).copied().collect();
        assert_eq!(found, expected, "{length}");
    }
    let twice = [key(4, 2), key(4, 2), key(4, 3)];
    assert_eq!(ints(store.existing_keys(&twice).await.unwrap().unwrap()), [(4, 2)]);
}

macro_rules! on {
    ($notes:ident: $page:ident, $existing:ident) => {
        #[tokio::test]
        async fn $page() {
            a_page_of_keys_has_the_keys_of_the_page($notes().await).await;
        }

        #[tokio::test]
        async fn $existing() {
            those_that_exist_are_found_and_no_other($notes().await).await;
        }
    };
}

on!(mysql_notes: a_page_of_keys_has_the_keys_of_the_page_on_mariadb, those_that_exist_are_found_and_no_other_on_mariadb);
on!(postgres_notes: a_page_of_keys_has_the_keys_of_the_page_on_postgres, those_that_exist_are_found_and_no_other_on_postgres);
on!(sqlite_notes: a_page_of_keys_has_the_keys_of_the_page_on_sqlite, those_that_exist_are_found_and_no_other_on_sqlite);
on!(cassandra_notes: a_page_of_keys_has_the_keys_of_the_page_on_cassandra, those_that_exist_are_found_and_no_other_on_cassandra);

#[tokio::test]
async fn serial_reads_find_the_same_on_cassandra() {
    those_that_exist_are_found_and_no_other(cassandra_notes().await.serially()).await;
}

/// A group of more items than one statement asks for.
#[tokio::test]
async fn all_items_of_a_large_group_are_found_on_cassandra() {
    let notes: CassandraNotes = cassandra_notes().await;
    let insert = notes.store.writes("INSERT INTO notes (customer, id, total, words) VALUES (1, ?, 1, 'x')");
    for item in (0..350_i64).step_by(7) {
        insert.run((item,)).await.unwrap();
    }
    let asked: Vec<_> = (0..350).map(|item| key(1, item)).collect();
    let mut found = ints(notes.existing_keys(&asked).await.unwrap().unwrap());
    found.sort_unstable();
    assert_eq!(found, (0..350).step_by(7).map(|item| (1, item)).collect::<Vec<_>>());
}

/// Each has a twin beside it that differs in one thing, and has no record.
const TEXTS: [[(&str, &str); 2]; 11] = [
    [("a", "b"), ("A", "b")],
    [("Case", "Matters"), ("Case", "matters")],
    [("left", "right"), ("right", "left")],
    [("ab", "c"), ("a", "bc")],
    [("quote'", "double\""), ("quote", "double\"")],
    [("back\\slash", "`tick`"), ("back\\slash", "tick")],
    [("100%", "under_score"), ("100%", "underXscore")],
    [("grüße", "日本"), ("grusse", "日本")],
    [("a/b", "%2F"), ("a%2Fb", "/")],
    [("); --", "?, $1"), ("); --", "?")],
    [("😀", "tab\tline\n"), ("😁", "tab\tline\n")],
];

fn texts(of: usize) -> BTreeSet<(String, String)> {
    TEXTS.iter().map(|pair| (pair[of].0.to_owned(), pair[of].1.to_owned())).collect()
}

fn both() -> Vec<RecordKey<Texts>> {
    TEXTS.as_flattened().iter().map(|(group, item)| keys::key(group, item)).collect()
}

fn found(keys: Vec<RecordKey<Texts>>) -> BTreeSet<(String, String)> {
    let keys = keys.into_iter().map(|key| (key.group, key.item));
    keys.inspect(|key| assert!(!texts(1).contains(key))).collect()
}

fn table() -> Table {
    Table::new("texts", "grp", "item", ["total"])
}

macro_rules! odd_texts_in {
    ($db:ty, $store:expr) => {{
        let (store, texts_of): (SqlStore<$db>, Statements<$db, Texts>) =
            ($store, SqlStore::<$db>::table(&table()));
        for (group, item) in texts(0) {
            let replace = texts_of.replace(&keys::key(&group, &item), 0).bind(5_i64);
            replace.execute(store.background()).await.unwrap();
        }
        let existing = texts_of.existing_keys(store.background(), &both()).await.unwrap();
        assert_eq!(found(existing), texts(0));
        let page = texts_of.page_of_keys(None, None, 100).fetch_all(store.background()).await.unwrap();
        assert_eq!(found(page), texts(0));
    }};
}

#[tokio::test]
async fn keys_of_odd_texts_are_found_as_they_are_on_mariadb() {
    let url = mysql_database(&mysql_url()).await;
    let create =
        "CREATE TABLE texts (grp VARCHAR(100), item VARCHAR(100), total BIGINT, PRIMARY KEY (grp, item))";
    in_mysql(&url, create).await;
    odd_texts_in!(sqlx::MySql, MySql::open(&url).await.unwrap());
}

#[tokio::test]
async fn keys_of_odd_texts_are_found_as_they_are_on_postgres() {
    let url = postgres_database(&postgres_url()).await;
    let create = "CREATE TABLE texts (grp TEXT COLLATE \"C\", item VARCHAR(100), total BIGINT, PRIMARY KEY (grp, item))";
    in_postgres(&url, create).await;
    let store = Postgres::open(&url).await.unwrap();
    store.check_table(&Postgres::table::<Texts>(&table()), &[]).await.unwrap();
    odd_texts_in!(sqlx::Postgres, store);
}

#[tokio::test]
async fn keys_of_odd_texts_are_found_as_they_are_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("texts.db").display());
    let store = Sqlite::open(&url).await.unwrap();
    let create =
        "CREATE TABLE texts (grp TEXT, item TEXT, total INTEGER, PRIMARY KEY (grp, item)) WITHOUT ROWID";
    sqlx::raw_sql(create).execute(store.background()).await.unwrap();
    odd_texts_in!(sqlx::Sqlite, store);
}

#[tokio::test]
async fn keys_of_odd_texts_are_found_as_they_are_on_cassandra() {
    let store = cassandra().await;
    let create = "CREATE TABLE texts (grp text, item text, total bigint, PRIMARY KEY (grp, item))";
    alter(store.session().unwrap(), create).await;
    let insert = store.writes("INSERT INTO texts (grp, item, total) VALUES (?, ?, 5)");
    for key in texts(0) {
        insert.run(key).await.unwrap();
    }
    let of_texts: Keys<Texts> = store.keys("texts", "grp", "item");
    assert_eq!(found(of_texts.existing(&both()).await.unwrap()), texts(0));
    assert_eq!(found(of_texts.page(None, None, 100).await.unwrap()), texts(0));
}

/// A column that has another type than its part of the key; on the connection that checked the statements, too.
#[tokio::test]
async fn a_key_is_read_as_the_type_of_its_columns_on_postgres() {
    let url = postgres_database(&postgres_url()).await;
    let create = "CREATE TABLE notes (customer INT, id SMALLINT, total BIGINT, PRIMARY KEY (customer, id));
        INSERT INTO notes VALUES (1, 2, 3), (2, 1, 3), (7, 7, 7)";
    in_postgres(&url, create).await;
    let store = Postgres::builder(&url).background_connections(1).open().await.unwrap();
    let notes = Postgres::table::<Notes>(&Table::new("notes", "customer", "id", ["total"]));
    store.check_table(&notes, &[]).await.unwrap();
    let asked = [key(1, 2), key(2, 2), key(7, 7)];
    let mut found: Vec<(i32, i16)> = notes.existing_keys(store.background(), &asked).await.unwrap();
    found.sort_unstable();
    assert_eq!(found, [(1, 2), (7, 7)]);
    let page: Vec<(i32, i16)> =
        notes.page_of_keys(None, Some(&key(1, 2)), 9).fetch_all(store.background()).await.unwrap();
    assert_eq!(page, [(2, 1), (7, 7)]);
}

/// As many rows as there are keys, and a few: not the table.
#[tokio::test]
async fn a_list_of_keys_reads_only_these_keys_on_mariadb() {
    let notes = mysql_notes().await;
    let fill = "INSERT INTO notes (customer, id, total, words) SELECT seq DIV 1000, seq, seq, 'x' FROM seq_1_to_20000";
    in_mysql(&notes.url, fill).await;
    let store = MySql::builder(&notes.url).background_connections(1).open().await.unwrap();
    sqlx::raw_sql("FLUSH STATUS").execute(store.background()).await.unwrap();
    let asked: Vec<_> = (0..500_i64).map(|n| key(n % 20, n % 20 * 1_000 + n)).collect();
    let found: Vec<RecordKey<Notes>> = notes.table.existing_keys(store.background(), &asked).await.unwrap();
    assert_eq!(found.len(), 499, "all but 0, 0");
    let reads = "SHOW SESSION STATUS LIKE 'Handler_read%'";
    let reads: Vec<(String, String)> = sqlx::query_as(reads).fetch_all(store.background()).await.unwrap();
    let rows: u64 = reads.iter().map(|(_, rows)| rows.parse::<u64>().unwrap()).sum();
    assert!((499..550).contains(&rows), "{reads:?}");
}

/// That for 500 keys.
fn longest<DB: Dialect>(notes: &SqlNotes<DB>, explain: &str) -> AssertSqlSafe<String> {
    let is_it = |text: &&str| {
        text.starts_with("SELECT") && (text.contains("$1000") || text.matches('?').count() == 1_000)
    };
    AssertSqlSafe(format!("{explain} {}", notes.table.all().find(is_it).unwrap()))
}

/// Also before the server knows anything of the table.
#[tokio::test]
async fn a_list_of_keys_reads_only_these_keys_on_postgres() {
    let notes = postgres_notes().await;
    let fill = "INSERT INTO notes (customer, id, total, words) SELECT n / 1000, n, n, 'x' FROM generate_series(1, 20000) n";
    in_postgres(&notes.url, fill).await;
    for prepare in ["SELECT 1", "ANALYZE notes"] {
        in_postgres(&notes.url, prepare).await;
        let explain = sqlx::query_scalar::<_, String>(longest(&notes, "EXPLAIN"));
        let explain = (0..1_000_i64).fold(explain, |explain, value| explain.bind(value));
        let plan = explain.fetch_all(notes.store.background()).await.unwrap().join("\n");
        assert!(plan.contains("Nested Loop") && plan.contains("using notes_pkey"), "{plan}");
        assert!(!plan.contains("Seq Scan"), "{plan}");
    }
}

#[tokio::test]
async fn a_list_of_keys_reads_only_these_keys_on_sqlite() {
    let notes = sqlite_notes().await;
    let explain = sqlx::query_as::<_, (i64, i64, i64, String)>(longest(&notes, "EXPLAIN QUERY PLAN"));
    let explain = (0..1_000_i64).fold(explain, |explain, value| explain.bind(value));
    let plan = explain.fetch_all(notes.store.background()).await.unwrap();
    assert!(
        plan.iter()
            .any(|(.., step)| step.contains("SEARCH r USING") && step.contains("(customer=? AND id=?)")),
        "{plan:?}"
    );
    assert!(!plan.iter().any(|(.., step)| step.contains("SCAN r")), "{plan:?}");
}

#[tokio::test]
async fn lists_of_all_lengths_are_four_statements_and_no_key_is_none() {
    let notes = mysql_notes().await;
    let store = MySql::builder(&notes.url).background_connections(1).open().await.unwrap();
    let prepared = async || -> u64 {
        let status = sqlx::query_as("SHOW SESSION STATUS LIKE 'Com_stmt_prepare'");
        let (_, prepared): (String, String) = status.fetch_one(store.background()).await.unwrap();
        prepared.parse().unwrap()
    };
    let keys: Vec<_> = (0..600).map(|item| key(1, item)).collect();
    prepared().await;
    let before = prepared().await;
    let ask = async |keys| -> Vec<RecordKey<Notes>> {
        notes.table.existing_keys(store.background(), keys).await.unwrap()
    };
    assert!(ask(&keys[..0]).await.is_empty());
    assert_eq!(prepared().await, before);
    for length in (1..600).step_by(13) {
        assert!(ask(&keys[..length]).await.is_empty());
    }
    assert_eq!(prepared().await, before + 4);
}
