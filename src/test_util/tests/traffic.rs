//! Recorded callers of a faulty store, and the readiness probe.

use tokio::time::sleep;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use super::*;
use crate::data::Outcome;
use crate::journal::Journal;
use crate::route::{RouteLayer, RoutingConfig, RoutingHandle, Store};
use crate::store::TargetLayer;

#[tokio::test(start_paused = true)]
async fn a_layer_records_what_callers_saw() {
    let history = History::new();
    let store = MemoryStore::target();
    let mut callers = HistoryLayer::new(history.clone()).layer(store.clone());
    let (group, item) = KEY;
    store.script().next(Call::RequestWrite, Fault::Pass).next(Call::RequestWrite, Fault::LostAnswer);
    let requests = [
        put("a"),
        put("b"), // its answer is lost
        GET,
        Request::Increment { group, item, by: 1 },
        Request::Create { group, record: Number::new(1, "c") },
        Request::Delete { group: 8, item: 8 },
        Request::List { group },
        Request::FindByText("c".into()),
        Request::PutMany(vec![((2, 1), Number::new(1, "d")), ((2, 2), Number::new(1, "e"))]),
    ];
    for request in requests {
        drop(callers.ready().await.unwrap().call(request).await);
    }
    assert_eq!((history.writes(), history.writes_that(Outcome::Unknown), history.reads()), (7, 1, 4));
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
        let callers = HistoryLayer::new(history.clone()).layer(store.clone());
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
            3 => Request::PutIf { group, item, expected: n, record },
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
        assert_eq!(probe.ready().await.unwrap().call(GET).await.unwrap().from, Store::Target);
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

#[tokio::test(start_paused = true)]
async fn stores_history_and_probe_fit_around_and_under_the_layers() {
    let (legacy, target, history) = (MemoryStore::legacy(), MemoryStore::target(), History::new());
    let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await.unwrap();
    let numbers = BoxCloneSyncService::new(
        ServiceBuilder::new()
            .layer(HistoryLayer::new(history.clone()))
            .layer(RouteLayer::new(routing))
            .layer(TargetLayer::new(ReadinessProbe::new(target)))
            .service(ReadinessProbe::new(legacy.clone())),
    );
    let answer = numbers.clone().oneshot(put("a")).await.unwrap();
    assert_eq!(answer.from, Store::Legacy);
    assert_eq!(numbers.oneshot(GET).await.unwrap().record(), legacy.get(KEY).as_ref());
    assert_eq!((history.writes(), history.reads()), (1, 1));
}
