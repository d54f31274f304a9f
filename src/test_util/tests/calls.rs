//! Plain requests, replaces, pages, stamps and ids.

use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use super::*;
use crate::data::{Key, RecordStore, Scope, Stamp};
use crate::journal::Journal;
use crate::route::LegacyIds;

#[tokio::test(start_paused = true)]
async fn every_kind_of_request_is_answered() {
    let store = MemoryStore::target();
    let (group, item) = KEY;
    assert_eq!(ask(&store, GET).await.unwrap(), Answer::Record(None));
    ask(&store, put("a")).await.unwrap();
    let raised = ask(&store, Request::Increment { group, item, by: 4 }).await.unwrap();
    assert_eq!(raised, Answer::Written(Number::new(5, "a")));
    let put_if = |expected| Request::PutIf { group, item, expected, record: Number::new(6, "b") };
    let moved = ask(&store, put_if(1)).await.unwrap_err();
    assert!(matches!(moved, StoreError::VersionMoved { found: 5, .. }));
    ask(&store, put_if(5)).await.unwrap();
    let created = ask(&store, Request::Create { group, record: Number::new(1, "c") }).await.unwrap();
    assert_eq!(created, Answer::Created { item: 1 });
    ask(&store, Request::PutMany(vec![((9, 9), Number::new(1, "c"))])).await.unwrap();
    let listed = store.clone().oneshot(Request::List { group }).await.unwrap();
    assert_eq!(listed.records().iter().map(|(key, _)| *key).collect::<Vec<_>>(), [(1, 1), (1, 2)]);
    let found = store.clone().oneshot(Request::FindByText("c".into())).await.unwrap();
    assert_eq!(found.records().iter().map(|(key, _)| *key).collect::<Vec<_>>(), [(1, 1), (9, 9)]);
    ask(&store, Request::Delete { group, item }).await.unwrap();
    let gone = ask(&store, Request::Increment { group, item, by: 1 }).await.unwrap_err();
    assert!(matches!(gone, StoreError::NotFound { group: 1, item: 2, .. }));
    assert_eq!((store.calls(Call::RequestWrite), store.calls(Call::RequestRead)), (8, 3));
}

#[tokio::test(start_paused = true)]
async fn the_larger_stamp_wins_where_stamps_are_kept() {
    let store = MemoryStore::target();
    let replace = async |text: Option<&str>, stamp| {
        let record = text.map(|text| Number::new(1, text));
        store.replace(&key(), record.as_ref(), stamp).await.unwrap();
    };
    replace(Some("new"), 20).await;
    replace(Some("old"), 10).await;
    replace(Some("equal"), 20).await;
    assert_eq!(text(&store).as_deref(), Some("new"));
    replace(None, 30).await;
    replace(Some("late"), 25).await;
    assert_eq!((text(&store), store.stamp(KEY)), (None, Some(30)), "the tombstone is kept");
    assert!(store.records().is_empty());
    let won: Vec<bool> = store.replaces().iter().map(|replaced| replaced.won).collect();
    assert_eq!(won, [true, false, false, true, false]);
}

#[tokio::test(start_paused = true)]
async fn without_stamps_the_last_replace_wins() {
    let store = MemoryStore::legacy();
    store.replace(&key(), Some(&Number::new(1, "new")), 20).await.unwrap();
    store.replace(&key(), Some(&Number::new(1, "old")), 10).await.unwrap();
    assert_eq!((text(&store).as_deref(), store.stamp(KEY)), (Some("old"), None));
    assert_eq!(store.read(&key(), 7).await.unwrap().0, 7, "the gateway's stamp");
    assert_eq!(store.clock().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn an_own_write_is_newer_than_what_it_replaces_and_than_every_stamp_before_it() {
    let store = MemoryStore::target();
    let far_ahead = Stamp::MAX / 2;
    store.replace(&key(), Some(&Number::new(1, "copy")), far_ahead).await.unwrap();
    ask(&store, put("own")).await.unwrap();
    assert_eq!(store.stamp(KEY), Some(far_ahead + 1));
    let (read, none) = store.read(&typed((3, 3)), 0).await.unwrap();
    assert_eq!(none, None);
    store.seed((3, 3), Number::new(1, "own"));
    assert!(store.stamp((3, 3)).unwrap() > read, "also while the clock is paused");
    assert!(store.clock().await.unwrap().unwrap() >= read);
    store.clock_ahead(MS(5));
    assert!(store.clock().await.unwrap().unwrap() > read + 4_000);
}

#[tokio::test(start_paused = true)]
async fn pages_follow_each_other_in_the_order_of_keys() {
    let store = MemoryStore::legacy();
    for key in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)] {
        store.seed(key, Number::default());
    }
    let page = async |group: Option<i64>, after: Option<NumberKey>, limit| {
        let after = after.map(typed);
        let page = store.page(group.as_ref(), after.as_ref(), limit, 5).await.unwrap();
        page.records.iter().map(|(key, _)| plain(key)).collect::<Vec<_>>()
    };
    assert_eq!(page(None, None, 2).await, [(1, 1), (1, 2)]);
    assert_eq!(page(None, Some((1, 2)), 2).await, [(2, 1), (2, 2)]);
    assert_eq!(page(None, Some((3, 1)), 2).await, []);
    assert_eq!(page(Some(2), None, 9).await, [(2, 1), (2, 2)]);
    assert_eq!(page(Some(2), Some((2, 1)), 9).await, [(2, 2)]);
    assert_eq!(page(Some(4), None, 9).await, []);
}

#[tokio::test(start_paused = true)]
async fn ids_come_from_the_own_sequence_or_from_blocks() {
    let store = MemoryStore::legacy();
    let create = || Request::Create { group: 1, record: Number::default() };
    let created = async || ask(&store, create()).await.unwrap();
    assert_eq!(
        (created().await, created().await),
        (Answer::Created { item: 1 }, Answer::Created { item: 2 })
    );
    assert_eq!(store.largest().await.unwrap(), 2);
    store.raise_above(10).await.unwrap();
    assert_eq!(created().await, Answer::Created { item: 11 });
    let ids = Journal::memory().ids("numbers");
    ids.raise_above(50).await.unwrap();
    store.take_ids_from(ids);
    let answer = store.clone().oneshot(create()).await.unwrap();
    assert_eq!(answer.created(), Some(51));
    assert_eq!(create().written(&answer).as_slice(), [Scope::Key(Key::new(&1, &51))]);
    assert_eq!(store.largest().await.unwrap(), 11, "the own sequence rests");
}

#[tokio::test(start_paused = true)]
async fn a_stalled_store_is_ready_once_it_is_unstalled() {
    let mut store = MemoryStore::target();
    store.stall();
    assert!(timeout(MS(10), store.ready()).await.is_err());
    let other = store.clone();
    let release = async {
        sleep(MS(5)).await;
        other.unstall();
    };
    let (ready, ()) = tokio::join!(timeout(MS(10), store.ready()), release);
    assert!(ready.is_ok());
}

#[test]
fn stores_differ_in_the_keys_that_are_named() {
    let (here, there) = (MemoryStore::legacy(), MemoryStore::target());
    for key in [(1, 1), (1, 2)] {
        here.seed(key, Number::new(1, "a"));
        there.seed(key, Number::new(1, "a"));
    }
    assert_eq!(here.same_as(&there), []);
    there.seed((1, 2), Number::new(2, "a"));
    there.seed((0, 3), Number::new(1, "a"));
    let keys: Vec<NumberKey> = here.same_as(&there).iter().map(|difference| difference.key).collect();
    assert_eq!(keys, [(0, 3), (1, 2)]);
}
