//! What a store, or a service, does badly.

use crossfade::route::Asked;
use tokio::net::{TcpListener, TcpSocket};

use super::*;
use crate::server::serve_on;
use crate::table::Fault;

#[tokio::test]
async fn a_write_that_is_refused_leaves_no_mark() {
    refused_writes(inside().await, []).await;
    // An update of typed records that finds none is no refusal: that there is none is copied.
    let missing = [(Ask::Pay(key(2)), Code::NotFound), (Ask::Delete(key(2)), Code::NotFound)];
    refused_writes(outside().await, missing).await;
}

async fn refused_writes<L, T>(world: World<L, T>, more: impl IntoIterator<Item = (Ask, Code)>)
where
    L: RecordStore<Data = Invoices>,
    T: RecordStore<Data = Invoices>,
{
    world.walk_to(Stage::DualWrite).await;
    world.ask(Ask::Create(Invoice { paid: true, ..invoice(1) })).await.unwrap();
    world.settle().await;
    // No copy and no repair goes through: a mark would stay.
    world.new.fail(Fault::Unreachable);
    let refused = [
        (Ask::Pay(key(1)), Code::FailedPrecondition),
        (Ask::Create(invoice(1)), Code::AlreadyExists),
        (Ask::Put(Invoice { total_cents: -1, ..invoice(1) }), Code::InvalidArgument),
        (Ask::Put(Invoice { text: "a".repeat(1_001), ..invoice(1) }), Code::InvalidArgument),
        (Ask::Clock, Code::Unimplemented),
    ];
    for (ask, code) in refused.into_iter().chain(more) {
        assert_eq!(world.ask(ask).await.unwrap_err(), code);
        assert_eq!(world.marks(), 0, "after {code:?}");
    }
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_copied_by_a_repair() {
    lost_answer(inside().await, Fault::Says(Code::Unavailable), Code::Unavailable).await;
    lost_answer(outside().await, Fault::Says(Code::Unavailable), Code::Unavailable).await;
    lost_answer(outside().await, Fault::Says(Code::Internal), Code::Internal).await;
    // Or `CANCELLED`: tonic's timer and that of the example are set to the same time.
    lost_answer(outside_answering_within(Duration::from_secs(1)).await, Fault::Hangs, Code::DeadlineExceeded)
        .await;
}

async fn lost_answer<L, T>(world: World<L, T>, fault: Fault, told: Code)
where
    L: RecordStore<Data = Invoices>,
    T: RecordStore<Data = Invoices>,
{
    world.walk_to(Stage::DualWrite).await;
    world.old.fail(fault);
    let code = world.ask(Ask::Create(invoice(1))).await.unwrap_err();
    let timers = [Code::Cancelled, Code::DeadlineExceeded];
    assert!(code == told || (timers.contains(&code) && timers.contains(&told)), "{code:?}");
    assert_eq!((world.marks(), world.new.invoices().len()), (1, 0));
    world.old.fail(None);
    world.settle().await;
    assert_eq!(world.new.invoices(), [invoice(1)]);
    world.assert_equal();
}

#[tokio::test]
async fn a_write_whose_connection_breaks_is_copied_by_a_repair() {
    let (old, new) = (Table::default(), Table::default());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let again = TcpListener::from_std(listener.try_clone().unwrap()).unwrap();
    let (service, runtime) = (back_end::old(old.clone()), tokio::runtime::Runtime::new().unwrap());
    let serves = async { serve_on(TcpListener::from_std(listener).unwrap(), service).unwrap() };
    let legacy = client(&runtime.spawn(serves).await.unwrap());
    let target = client(&serve(back_end::new(new.clone())).await.unwrap());
    let world = World::of(old, new, outside::open(CONFIG, legacy, target).await.unwrap()).await;
    world.walk_to(Stage::DualWrite).await;

    // The service dies when it has written, and before it has answered.
    world.old.fail(Fault::Hangs);
    let (told, ()) = tokio::join!(world.ask(Ask::Create(invoice(1))), async {
        while world.old.invoices().is_empty() {
            tokio::task::yield_now().await;
        }
        runtime.shutdown_background();
    });
    let code = told.unwrap_err();
    assert_eq!(world.marks(), 1, "after {code:?}");
    world.old.fail(None);
    serve_on(again, back_end::old(world.old.clone())).unwrap();
    world.settle().await;
    assert_eq!(world.new.invoices(), [invoice(1)]);
}

#[tokio::test]
async fn a_caller_that_gives_up_leaves_its_write_on_both_sides() {
    let world = outside().await;
    world.walk_to(Stage::DualWrite).await;
    world.old.fail(Fault::Hangs);
    let client = world.client.clone();
    let caller = tokio::spawn(async move { client.ask(Ask::Create(invoice(1)), None).await });
    while world.old.invoices().is_empty() {
        tokio::task::yield_now().await;
    }
    caller.abort();
    world.old.fail(None);
    world.settle().await;
    assert_eq!(world.new.invoices(), [invoice(1)]);
    world.assert_equal();
}

#[tokio::test]
async fn a_target_that_loses_the_answers_to_copies_becomes_equal() {
    let world = outside().await;
    world.walk_to(Stage::DualWrite).await;
    world.new.fail(Fault::Says(Code::Unknown));
    world.ask(Ask::Create(invoice(1))).await.unwrap();
    world.ask(Ask::Delete(key(1))).await.unwrap();
    world.new.fail(None);
    world.settle().await;
    world.assert_equal();
    assert!(world.new.invoices().is_empty(), "what was deleted does not come back");
}

#[tokio::test]
async fn a_target_store_that_is_down_fails_no_write_and_is_repaired_later() {
    let world = inside().await;
    world.walk_to(Stage::DualWrite).await;
    world.new.fail(Fault::Unreachable);
    for number in 1..=5 {
        world.ask(Ask::Create(invoice(number))).await.unwrap();
    }
    assert!(world.marks() > 0);
    world.new.fail(None);
    world.settle().await;
    assert_eq!(world.new.invoices().len(), 5);
    world.assert_equal();
}

#[tokio::test]
async fn a_target_service_that_is_down_fails_no_write_and_is_repaired_when_it_is_there() {
    let (old, new) = (Table::default(), Table::default());
    let legacy = client(&serve(back_end::old(old.clone())).await.unwrap());
    // The port is taken, and connections to it are refused until somebody listens.
    let port = TcpSocket::new_v4().unwrap();
    port.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let target = client(&format!("http://{}", port.local_addr().unwrap()));
    let world = World::of(old, new, outside::open(CONFIG, legacy, target).await.unwrap()).await;

    // The fill needs the target, so the move alone: it has nothing to fill yet.
    let asked = Asked::by("test", "the target is down");
    world.migrated.routing.move_to(Stage::DualWrite, asked).await.unwrap().drained().await;
    for number in 1..=5 {
        world.ask(Ask::Create(invoice(number))).await.unwrap();
    }
    world.ask(Ask::Pay(key(3))).await.unwrap();
    assert!(world.marks() >= 5);

    serve_on(port.listen(16).unwrap(), back_end::new(world.new.clone())).unwrap();
    world.settle().await;
    assert_eq!(world.new.invoices().len(), 5);
    world.assert_equal();
}

#[tokio::test]
async fn a_write_that_was_never_sent_leaves_no_mark() {
    let new = Table::default();
    let port = TcpSocket::new_v4().unwrap();
    port.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let legacy = client(&format!("http://{}", port.local_addr().unwrap()));
    let target = client(&serve(back_end::new(new.clone())).await.unwrap());
    let migrated = outside::open(CONFIG, legacy, target).await.unwrap();
    let world = World::of(Table::default(), new, migrated).await;
    let asked = Asked::by("test", "legacy is down");
    world.migrated.routing.move_to(Stage::DualWrite, asked).await.unwrap().drained().await;

    assert_eq!(world.ask(Ask::Create(invoice(1))).await.unwrap_err(), Code::Unavailable);
    assert_eq!(world.marks(), 0);
}
