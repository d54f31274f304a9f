//! The larger stamp wins.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossfade::data::{RecordStore, Stamp};

use crate::notes::{Note, Notes, cassandra_notes, key, mysql_notes, postgres_notes, sqlite_notes};

/// A copy: a note or that there is none, and its stamp, which is its total.
type Landing = (Option<Note>, Stamp);

fn live(stamp: Stamp) -> Landing {
    (Some(Note::new(stamp)), stamp)
}

fn deleted(stamp: Stamp) -> Landing {
    (None, stamp)
}

async fn after<S: RecordStore<Data = Notes>>(store: &S, group: i64, copies: &[Landing]) -> Option<Note> {
    for (note, stamp) in copies {
        store.replace(&key(group, 1), note.as_ref(), *stamp).await.unwrap();
    }
    store.read(&key(group, 1), 0).await.unwrap().1
}

fn orders(copies: &[Landing]) -> Vec<Vec<Landing>> {
    let Some((first, rest)) = copies.split_first() else { return vec![vec![]] };
    let rest = orders(rest);
    let insert = |order: &Vec<Landing>, at: usize| {
        let mut order = order.clone();
        order.insert(at, first.clone());
        order
    };
    rest.iter().flat_map(|order| (0..=order.len()).map(move |at| insert(order, at))).collect()
}

async fn the_larger_stamp_wins_in_any_order<S: RecordStore<Data = Notes>>(store: S) {
    let sets = [
        (vec![live(1), live(2), live(3)], Some(Note::new(3))),
        (vec![live(1), deleted(2), live(3)], Some(Note::new(3))),
        (vec![live(1), live(2), deleted(3)], None),
        (vec![deleted(1), deleted(2)], None),
        (vec![deleted(2), live(1)], None),
    ];
    let mut group = 0;
    for (copies, expected) in sets {
        for order in orders(&copies) {
            group += 1;
            assert_eq!(after(&store, group, &order).await, expected, "{order:?}");
        }
    }
    assert!(group > 20);
}

#[tokio::test]
async fn the_larger_stamp_wins_in_any_order_on_mariadb() {
    the_larger_stamp_wins_in_any_order(mysql_notes().await).await;
}

#[tokio::test]
async fn the_larger_stamp_wins_in_any_order_on_postgres() {
    the_larger_stamp_wins_in_any_order(postgres_notes().await).await;
}

#[tokio::test]
async fn the_larger_stamp_wins_in_any_order_on_sqlite() {
    the_larger_stamp_wins_in_any_order(sqlite_notes().await).await;
}

#[tokio::test]
async fn the_larger_stamp_wins_in_any_order_on_cassandra() {
    the_larger_stamp_wins_in_any_order(cassandra_notes().await).await;
}

async fn many_at_once_lose_to_larger_stamps<S: RecordStore<Data = Notes>>(store: S) {
    store.replace(&key(3, 3), Some(&Note::new(9)), 9).await.unwrap();
    store.replace(&key(5, 5), None, 9).await.unwrap();
    // More than two of the largest batches, and a rest.
    let notes: Vec<_> = (0..150).map(|number| (key(number, number), Note::new(5))).collect();
    store.replace_many(&notes, 5).await.unwrap();
    for number in 0..150 {
        let expected = match number {
            3 => Some(Note::new(9)),
            5 => None,
            _ => Some(Note::new(5)),
        };
        assert_eq!(store.read(&key(number, number), 0).await.unwrap().1, expected, "{number}");
    }
}

#[tokio::test]
async fn many_at_once_lose_to_larger_stamps_on_each_store() {
    many_at_once_lose_to_larger_stamps(mysql_notes().await).await;
    many_at_once_lose_to_larger_stamps(postgres_notes().await).await;
    many_at_once_lose_to_larger_stamps(sqlite_notes().await).await;
    many_at_once_lose_to_larger_stamps(cassandra_notes().await).await;
}

fn wall_clock() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Stamp::try_from(since.as_micros()).unwrap()
}

async fn the_clock_is_that_of_the_server<S: RecordStore<Data = Notes>>(store: S) {
    let before = wall_clock();
    let clock = store.clock().await.unwrap().unwrap();
    // Cassandra's and SQLite's are rounded down to the millisecond.
    assert!(before - 1_000 <= clock && clock <= wall_clock(), "{before} {clock}");
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert!(store.clock().await.unwrap().unwrap() > clock);
}

#[tokio::test]
async fn the_clock_is_that_of_the_server_on_each_store() {
    the_clock_is_that_of_the_server(mysql_notes().await).await;
    the_clock_is_that_of_the_server(postgres_notes().await).await;
    the_clock_is_that_of_the_server(sqlite_notes().await).await;
    the_clock_is_that_of_the_server(cassandra_notes().await).await;
}

/// Also where a local time would say something else.
async fn a_read_is_stamped_before_it_began<S: RecordStore<Data = Notes>>(store: S) {
    for there in [false, true] {
        if there {
            store.replace(&key(1, 1), Some(&Note::new(1)), 1).await.unwrap();
        }
        let before = wall_clock();
        let (stamp, note) = store.read(&key(1, 1), 0).await.unwrap();
        assert_eq!(note.is_some(), there);
        assert!(before <= stamp && stamp <= wall_clock(), "{before} {stamp}");
        let page = store.page(None, None, 10, 0).await.unwrap();
        assert!(!there || (before <= page.stamp && page.stamp <= wall_clock()));
    }
}

#[tokio::test]
async fn a_read_is_stamped_before_it_began_also_where_there_is_nothing() {
    a_read_is_stamped_before_it_began(mysql_notes().await).await;
    a_read_is_stamped_before_it_began(postgres_notes().await).await;
}
