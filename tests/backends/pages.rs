//! Pages: everything once, in order, whatever the sizes of groups and pages.

use std::collections::BTreeMap;

use crossfade::data::{RecordKey, RecordStore};

use crate::notes::{Note, Notes, cassandra_notes, key, mysql_notes, postgres_notes, sqlite_notes};

/// How many records each group has; 0 has only tombstones.
pub(crate) const GROUPS: [(i64, i64); 8] =
    [(-5, 3), (0, 1), (1, 0), (2, 7), (3, 1), (4, 25), (i64::MAX, 2), (i64::MIN, 1)];

pub(crate) async fn fill<S: RecordStore<Data = Notes>>(store: &S) -> BTreeMap<i64, Vec<i64>> {
    let mut filled = BTreeMap::new();
    for (group, items) in GROUPS {
        // From both sides of zero.
        let items: Vec<i64> = (0..items).map(|item| item * 3 - 10).collect();
        for item in &items {
            store.replace(&key(group, *item), Some(&Note::new(*item)), 1).await.unwrap();
        }
        store.replace(&key(group, 1_000), Some(&Note::new(1)), 1).await.unwrap();
        store.replace(&key(group, 1_000), None, 2).await.unwrap();
        filled.insert(group, items);
    }
    filled
}

async fn walk<S: RecordStore<Data = Notes>>(store: &S, group: Option<&i64>, limit: usize) -> Vec<(i64, i64)> {
    let mut walked = Vec::new();
    let mut after: Option<RecordKey<Notes>> = None;
    loop {
        let page = store.page(group, after.as_ref(), limit, 0).await.unwrap();
        let Some((last, _)) = page.records.last() else { return walked };
        after = Some(key(last.group, last.item));
        assert!(page.records.len() <= limit);
        for (key, note) in page.records {
            assert_eq!(note, Note::new(key.item));
            walked.push((key.group, key.item));
        }
    }
}

async fn pages_give_everything_once<S: RecordStore<Data = Notes>>(store: S) {
    assert_eq!(walk(&store, None, 3).await, []);
    let filled = fill(&store).await;
    let all: Vec<_> =
        filled.iter().flat_map(|(group, items)| items.iter().map(|item| (*group, *item))).collect();
    let first = walk(&store, None, 100).await;
    for limit in [1, 2, 3, 7, 25, 26, 100] {
        let walked = walk(&store, None, limit).await;
        assert_eq!(walked, first, "the order does not depend on the limit {limit}");
        let mut sorted = walked;
        sorted.sort_unstable();
        assert_eq!(sorted, all, "{limit}");
        for (group, items) in &filled {
            let expected: Vec<_> = items.iter().map(|item| (*group, *item)).collect();
            assert_eq!(walk(&store, Some(group), limit).await, expected, "{group} {limit}");
        }
        assert_eq!(walk(&store, Some(&77), limit).await, []);
    }
}

#[tokio::test]
async fn pages_give_everything_once_on_mariadb() {
    pages_give_everything_once(mysql_notes().await).await;
}

#[tokio::test]
async fn pages_give_everything_once_on_postgres() {
    pages_give_everything_once(postgres_notes().await).await;
}

#[tokio::test]
async fn pages_give_everything_once_on_sqlite() {
    pages_give_everything_once(sqlite_notes().await).await;
}

#[tokio::test]
async fn pages_give_everything_once_on_cassandra() {
    pages_give_everything_once(cassandra_notes().await).await;
}

/// As many rows as the page has, and a few: not the group from its start, nor the table.
#[tokio::test]
async fn a_page_in_the_middle_of_a_large_group_reads_only_itself_on_mariadb() {
    let notes = mysql_notes().await;
    let fill = "INSERT INTO notes (customer, id, total, words) SELECT seq DIV 1000, seq, seq, 'x' FROM seq_1_to_20000";
    crate::servers::in_mysql(&notes.url, fill).await;
    let mut connection = notes.store.background().acquire().await.unwrap();
    sqlx::raw_sql("FLUSH STATUS").execute(&mut *connection).await.unwrap();
    let after = key(6, 6_900);
    let page = notes.table.page::<(i64, i64, i64, String)>(None, Some(&after), 10);
    assert_eq!(page.fetch_all(&mut *connection).await.unwrap().len(), 10);
    let reads = "SHOW SESSION STATUS LIKE 'Handler_read%'";
    let reads: Vec<(String, String)> = sqlx::query_as(reads).fetch_all(&mut *connection).await.unwrap();
    let rows: u64 = reads.iter().map(|(_, rows)| rows.parse::<u64>().unwrap()).sum();
    assert!(rows <= 50, "{reads:?}");
}
