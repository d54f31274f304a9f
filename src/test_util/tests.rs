//! What the stores in memory do, call by call.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tower::{Service, ServiceExt};

use super::*;
use crate::data::{Key, Outcome, RecordKey, RecordStore, Scope, Stamp};
use crate::journal::Journal;
use crate::route::{LegacyIds, Store};

const KEY: NumberKey = (1, 2);
const MS: fn(u64) -> Duration = Duration::from_millis;

fn key() -> RecordKey<Numbers> {
    RecordKey {
        group: KEY.0,
        item: KEY.1,
    }
}

fn put(text: &str) -> Request {
    Request::Put {
        group: KEY.0,
        item: KEY.1,
        record: Number::new(1, text),
    }
}

const GET: Request = Request::Get {
    group: KEY.0,
    item: KEY.1,
};

async fn ask<F: Flavour>(store: &MemoryStore<F>, request: Request) -> Result<Answer, StoreError> {
    Ok(store.clone().oneshot(request).await?.answer)
}

fn text<F: Flavour>(store: &MemoryStore<F>) -> Option<String> {
    store.get(KEY).map(|record| record.text)
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_request_is_answered() {
    let store = MemoryStore::target();
    let (group, item) = KEY;
    assert_eq!(ask(&store, GET).await.unwrap(), Answer::Record(None));
    ask(&store, put("a")).await.unwrap();
    let raised = ask(&store, Request::Increment { group, item, by: 4 })
        .await
        .unwrap();
    assert_eq!(raised, Answer::Written(Number::new(5, "a")));
    let put_if = |expected| Request::PutIf {
        group,
        item,
        expected,
        record: Number::new(6, "b"),
    };
    let moved = ask(&store, put_if(1)).await.unwrap_err();
    assert!(matches!(moved, StoreError::VersionMoved { found: 5, .. }));
    ask(&store, put_if(5)).await.unwrap();
    let created = ask(
        &store,
        Request::Create {
            group,
            record: Number::new(1, "c"),
        },
    )
    .await
    .unwrap();
    assert_eq!(created, Answer::Created { item: 1 });
    ask(&store, Request::PutMany(vec![((9, 9), Number::new(1, "c"))]))
        .await
        .unwrap();
    let listed = store.clone().oneshot(Request::List { group }).await.unwrap();
    assert_eq!(
        listed.records().iter().map(|(key, _)| *key).collect::<Vec<_>>(),
        [(1, 1), (1, 2)]
    );
    let found = store
        .clone()
        .oneshot(Request::FindByText("c".into()))
        .await
        .unwrap();
    assert_eq!(
        found.records().iter().map(|(key, _)| *key).collect::<Vec<_>>(),
        [(1, 1), (9, 9)]
    );
    ask(&store, Request::Delete { group, item }).await.unwrap();
    let gone = ask(&store, Request::Increment { group, item, by: 1 })
        .await
        .unwrap_err();
    assert!(matches!(
        gone,
        StoreError::NotFound {
            group: 1,
            item: 2,
            ..
        }
    ));
    assert_eq!(
        (store.calls(Call::RequestWrite), store.calls(Call::RequestRead)),
        (8, 3)
    );
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
    assert_eq!(text(&store).as_deref(), Some("new"));
    replace(None, 30).await;
    replace(Some("late"), 25).await;
    assert_eq!(
        (text(&store), store.stamp(KEY)),
        (None, Some(30)),
        "the tombstone is kept"
    );
    assert!(store.records().is_empty());
    let won: Vec<bool> = store.replaces().iter().map(|replaced| replaced.won).collect();
    assert_eq!(won, [true, false, true, false]);
}

#[tokio::test(start_paused = true)]
async fn without_stamps_the_last_replace_wins() {
    let store = MemoryStore::legacy();
    store
        .replace(&key(), Some(&Number::new(1, "new")), 20)
        .await
        .unwrap();
    store
        .replace(&key(), Some(&Number::new(1, "old")), 10)
        .await
        .unwrap();
    assert_eq!((text(&store).as_deref(), store.stamp(KEY)), (Some("old"), None));
    assert_eq!(store.read(&key(), 7).await.unwrap().0, 7, "the gateway's stamp");
    assert_eq!(store.clock().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn an_own_write_is_newer_than_what_it_replaces_and_than_every_stamp_before_it() {
    let store = MemoryStore::target();
    let far_ahead = Stamp::MAX / 2;
    store
        .replace(&key(), Some(&Number::new(1, "copy")), far_ahead)
        .await
        .unwrap();
    ask(&store, put("own")).await.unwrap();
    assert_eq!(store.stamp(KEY), Some(far_ahead + 1));
    store.seed((3, 3), Number::new(1, "own"));
    let (read, _) = store.read(&key(), 0).await.unwrap();
    store.seed((3, 3), Number::new(2, "own"));
    assert!(
        store.stamp((3, 3)).unwrap() > read,
        "also while the clock is paused"
    );
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
        let page = store
            .page(group.as_ref(), after.as_ref(), limit, 5)
            .await
            .unwrap();
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
async fn a_rejected_or_broken_write_does_not_land() {
    let store = MemoryStore::target();
    store
        .script()
        .next(Call::RequestWrite, Fault::Reject)
        .next(Call::RequestWrite, Fault::Break);
    assert_eq!(
        ask(&store, put("a")).await.unwrap_err().outcome(),
        Outcome::Rejected
    );
    assert_eq!(
        ask(&store, put("b")).await.unwrap_err().outcome(),
        Outcome::Unknown
    );
    assert_eq!(text(&store), None);
    assert_eq!((store.faults(Call::RequestWrite), store.script().left()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_unknown_and_has_landed() {
    let store = MemoryStore::target();
    store.script().next(Call::Replace, Fault::LostAnswer);
    let error = store
        .replace(&key(), Some(&Number::new(1, "a")), 5)
        .await
        .unwrap_err();
    assert_eq!(MemoryStore::<Stamped>::outcome(&error), Outcome::Unknown);
    assert_eq!(text(&store).as_deref(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn a_late_write_lands_after_its_caller_gave_up_and_over_newer_writes() {
    let store = MemoryStore::legacy();
    store
        .script()
        .next(Call::RequestWrite, Fault::LateWrite(MS(30)))
        .next(Call::RequestWrite, Fault::Pass)
        .next(Call::RequestWrite, Fault::HangLate(MS(50)));
    assert_eq!(
        ask(&store, put("late")).await.unwrap_err().outcome(),
        Outcome::Unknown
    );
    ask(&store, put("newer")).await.unwrap();
    assert!(timeout(MS(10), ask(&store, put("latest"))).await.is_err());
    assert_eq!((text(&store).as_deref(), store.late_writes()), (Some("newer"), 2));
    sleep(MS(21)).await;
    assert_eq!((text(&store).as_deref(), store.late_writes()), (Some("late"), 1));
    sleep(MS(30)).await;
    assert_eq!(
        (text(&store).as_deref(), store.late_writes()),
        (Some("latest"), 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_delay_before_and_a_slow_answer_differ_in_what_a_read_sees() {
    let store = MemoryStore::target();
    store.seed(KEY, Number::new(1, "old"));
    let script = store.script();
    script
        .next(Call::RecordRead, Fault::Delay(MS(10)))
        .next(Call::RecordRead, Fault::SlowAnswer(MS(10)));
    let begun = Instant::now();
    let key = key();
    let write = async {
        sleep(MS(5)).await;
        store.seed(KEY, Number::new(2, "new"));
    };
    let (waits, sees, ()) = tokio::join!(store.read(&key, 0), store.read(&key, 0), write);
    assert_eq!(begun.elapsed(), MS(10));
    let ((early, waits), (_, sees)) = (waits.unwrap(), sees.unwrap());
    assert_eq!(
        (waits.unwrap().text, sees.unwrap().text),
        ("new".to_owned(), "old".to_owned())
    );
    assert!(
        early < store.stamp(KEY).unwrap(),
        "the stamp is from the begin of the statement"
    );
}

#[tokio::test(start_paused = true)]
async fn a_delayed_call_leaves_with_its_caller_and_a_hanging_one_never_answers() {
    let store = MemoryStore::target();
    let script = store.script();
    script
        .next(Call::RequestWrite, Fault::Delay(MS(20)))
        .next(Call::RequestWrite, Fault::Hang);
    script.next(Call::RequestWrite, Fault::HangApplied);
    assert!(timeout(MS(10), ask(&store, put("a"))).await.is_err());
    assert!(timeout(MS(86_400_000), ask(&store, put("b"))).await.is_err());
    assert_eq!(text(&store), None);
    assert!(timeout(MS(10), ask(&store, put("c"))).await.is_err());
    assert_eq!(text(&store).as_deref(), Some("c"));
}

#[tokio::test(start_paused = true)]
async fn lines_for_a_key_or_a_scope_leave_other_calls_alone() {
    let store = MemoryStore::target();
    let (group, item) = KEY;
    store
        .script()
        .always(Call::RequestRead, Fault::Break)
        .always_on(Call::RequestRead, (5, 5), Fault::Pass);
    store.script().when(
        Call::RequestRead,
        |scope| *scope == Scope::Everything,
        Fault::Reject,
    );
    store.script().next_on(Call::RequestWrite, KEY, Fault::Reject);
    let read = |group, item| ask(&store, Request::Get { group, item });
    assert!(read(5, 5).await.is_ok());
    assert_eq!(read(5, 6).await.unwrap_err().outcome(), Outcome::Unknown);
    let lookup = ask(&store, Request::FindByText("x".into())).await.unwrap_err();
    assert_eq!(lookup.outcome(), Outcome::Rejected);
    let other = Request::Delete {
        group,
        item: item + 1,
    };
    assert!(ask(&store, other).await.is_ok());
    assert_eq!(store.script().left(), 1);
    let many = Request::PutMany(vec![((7, 7), Number::default()), (KEY, Number::default())]);
    assert!(ask(&store, many).await.is_err());
    store.script().clear();
    assert!(read(5, 6).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_random_mix_is_the_same_for_the_same_seed_and_keeps_its_rates() {
    let run = async |seed| {
        let store = MemoryStore::target();
        let rates = Rates {
            reject: 0.2,
            lost_answer: 0.1,
            delay: 0.1,
            ..Rates::default()
        };
        store.script().random(seed, rates);
        let mut ended = Vec::new();
        for _ in 0..1000 {
            ended.push(ask(&store, put("x")).await.map_err(|error| error.outcome()).err());
        }
        (ended, store.faults(Call::RequestWrite))
    };
    let (first, faults) = run(7).await;
    assert_eq!((first.clone(), faults), run(7).await);
    assert_ne!(first, run(8).await.0);
    let of = |outcome| first.iter().filter(|ended| **ended == Some(outcome)).count();
    assert!((150..250).contains(&of(Outcome::Rejected)) && (60..140).contains(&of(Outcome::Unknown)));
    assert!((330..470).contains(&faults));
}

#[tokio::test(start_paused = true)]
async fn ids_come_from_the_own_sequence_or_from_blocks() {
    let store = MemoryStore::legacy();
    let create = || Request::Create {
        group: 1,
        record: Number::default(),
    };
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
    assert_eq!(
        create().written(&answer).as_slice(),
        [Scope::Key(Key::new(&1, &51))]
    );
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
    let keys: Vec<NumberKey> = here
        .same_as(&there)
        .iter()
        .map(|difference| difference.key)
        .collect();
    assert_eq!(keys, [(0, 3), (1, 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_layer_records_what_callers_saw() {
    let history = History::new();
    let store = MemoryStore::target();
    let mut callers = tower::Layer::layer(&HistoryLayer::new(history.clone()), store.clone());
    let (group, item) = KEY;
    store
        .script()
        .next(Call::RequestWrite, Fault::Pass)
        .next(Call::RequestWrite, Fault::LostAnswer);
    let requests = [
        put("a"),
        put("b"), // its answer is lost
        GET,
        Request::Increment { group, item, by: 1 },
        Request::Create {
            group,
            record: Number::new(1, "c"),
        },
        Request::Delete { group: 8, item: 8 },
        Request::List { group },
        Request::FindByText("c".into()),
        Request::PutMany(vec![((2, 1), Number::new(1, "d")), ((2, 2), Number::new(1, "e"))]),
    ];
    for request in requests {
        drop(callers.ready().await.unwrap().call(request).await);
    }
    assert_eq!(
        (
            history.writes(),
            history.writes_that(Outcome::Unknown),
            history.reads()
        ),
        (7, 1, 4)
    );
    history.assert_holds_in(&store, &store);
    store.seed((2, 1), Number::new(0, "gone"));
    assert_eq!(history.violations(store.records()).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn callers_of_a_faulty_store_are_never_misled_by_it() {
    for seed in 0..20 {
        let (history, store) = (History::new(), MemoryStore::legacy());
        let rates = Rates {
            delay: 0.3,
            slow_answer: 0.3,
            reject: 0.1,
            broken: 0.05,
            lost_answer: 0.1,
            late_write: 0.1,
            ..Rates::default()
        };
        store.script().random(seed, rates);
        let callers = tower::Layer::layer(&HistoryLayer::new(history.clone()), store.clone());
        let mut clients = tokio::task::JoinSet::new();
        for client in 0..4 {
            clients.spawn(a_client(callers.clone(), seed * 10 + client));
        }
        clients.join_all().await;
        sleep(Rates::default().late_max).await;
        assert_eq!(store.late_writes(), 0);
        history.assert_holds_in(&store, &store);
    }
}

async fn a_client<S>(mut callers: S, seed: u64)
where
    S: Service<Request, Response = Response, Error = StoreError>,
{
    let mut random = fastrand::Rng::with_seed(seed);
    for n in 0..40 {
        let (group, item, record) = (1, random.i64(0..3), Number::new(n, format!("{seed}-{n}")));
        let request = match random.u8(0..6) {
            0 => Request::Put { group, item, record },
            1 => Request::Delete { group, item },
            2 => Request::PutMany(vec![((1, 0), record.clone()), ((1, 1), record)]),
            3 => Request::PutIf {
                group,
                item,
                expected: n,
                record,
            },
            4 => Request::List { group },
            _ => Request::Get { group, item },
        };
        drop(callers.ready().await.unwrap().call(request).await);
    }
}

#[tokio::test]
async fn a_probe_lets_a_service_be_called_once_for_each_time_it_was_ready() {
    let mut probe = ReadinessProbe::new(MemoryStore::target());
    for _ in 0..2 {
        assert_eq!(
            probe.ready().await.unwrap().call(GET).await.unwrap().from,
            Store::Target
        );
    }
}

#[tokio::test]
#[should_panic(expected = "called without having been ready")]
async fn a_probe_panics_on_a_second_call() {
    let mut probe = ReadinessProbe::new(MemoryStore::target());
    drop(probe.ready().await.unwrap().call(GET));
    drop(probe.call(GET));
}

#[tokio::test]
#[should_panic(expected = "called without having been ready")]
async fn a_clone_of_a_ready_probe_is_not_ready() {
    let mut probe = ReadinessProbe::new(MemoryStore::target());
    drop(probe.ready().await.unwrap().clone().call(GET));
}
