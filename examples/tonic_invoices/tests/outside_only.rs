//! What only a gateway between two services has to do.

use std::sync::{Arc, Mutex};

use crossfade::data::RecordKey;
use tonic::metadata::MetadataMap;
use tower::{ServiceExt, service_fn};

use super::*;
use crate::call::{Call, Calls, STAMP};
use crate::messages::{ListRequest, PAGE_MAX};
use crate::table::Fault;

#[tokio::test]
async fn a_read_that_the_new_service_fails_is_answered_by_the_old_one() {
    let world = outside().await;
    for number in [1, 2] {
        world.ask(Ask::Create(invoice(number))).await.unwrap();
    }
    world.walk_to(Stage::Live).await;
    world.settle().await;
    world.new.fail(Fault::Says(Code::Unavailable));
    assert!(world.ask(Ask::Get(key(1))).await.unwrap().invoice().is_some());
    assert_eq!(world.migrated.routing.stats().fallbacks_on_error, 1);
    world.new.fail(None);

    // As if a copy had never been made.
    world.new.set(key(2), None).await.unwrap();
    assert!(world.ask(Ask::Get(key(2))).await.unwrap().invoice().is_some(), "a missing one too");
    assert_eq!(world.migrated.routing.stats().fallbacks_on_missing, 1);
    world.settle().await;
    world.assert_equal();
}

#[tokio::test]
async fn answers_are_compared_and_a_no_is_one() {
    let world = outside().await;
    for number in [1, 2] {
        world.ask(Ask::Create(invoice(number))).await.unwrap();
    }
    world.walk_to(Stage::Shadow).await;
    world.settle().await;
    world.new.set(key(2), Some(Invoice { total_cents: 1, ..invoice(2) })).await.unwrap();
    for number in [1, 2] {
        world.ask(Ask::Get(key(number))).await.unwrap();
    }
    assert_eq!(world.ask(Ask::Get(key(3))).await.unwrap_err(), Code::NotFound);
    let compared = || {
        let stats = world.migrated.routing.stats();
        (stats.comparisons_matched, stats.mismatches_value)
    };
    while compared().0 + compared().1 < 3 {
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(compared(), (2, 1));
}

#[tokio::test]
async fn an_older_copy_that_lands_late_changes_nothing_in_the_new_service() {
    let table = Table::default();
    let target = BackEnd::<true>(client(&serve(back_end::new(table.clone())).await.unwrap()));
    let key = &RecordKey::<Invoices>::from((1, 1));
    target.replace(key, Some(&invoice(1)), 20).await.unwrap();
    target.replace(key, None, 10).await.unwrap();
    assert_eq!(table.invoices(), [invoice(1)]);
    target.replace(key, None, 30).await.unwrap();
    target.replace(key, Some(&invoice(1)), 25).await.unwrap();
    assert!(table.invoices().is_empty(), "what was deleted does not come back");
    assert!(target.clock().await.unwrap().is_some());
}

#[tokio::test]
async fn a_caller_cannot_send_a_stamp() {
    let world = outside().await;
    world.walk_to(Stage::RampDown).await;
    world.client.ask(Ask::Put(invoice(1)), Some(i64::MAX)).await.unwrap();
    world.ask(Ask::Pay(key(1))).await.unwrap();
    world.client.ask(Ask::Delete(key(1)), Some(1)).await.unwrap();
    world.settle().await;
    assert!(world.new.invoices().is_empty());
    world.assert_equal();
}

#[tokio::test]
async fn the_callers_metadata_is_passed_on_and_its_deadline_is_not() {
    let seen = Arc::new(Mutex::new(MetadataMap::new()));
    let keeps = Arc::clone(&seen);
    let service = Calls::new(service_fn(move |call: Call| {
        *keeps.lock().unwrap() = call.metadata;
        async { Ok(Reply::Done) }
    }));
    let url = serve(service).await.unwrap();
    let migrated = outside::open(CONFIG, client(&url), client(&url)).await.unwrap();
    let world = World::of(Table::default(), Table::default(), migrated).await;

    let mut call = Call::from(Ask::Delete(key(1)));
    call.metadata.insert("authorization", "Bearer a".parse().unwrap());
    call.metadata.insert(STAMP, 7.into());
    call.metadata.insert("grpc-timeout", "9S".parse().unwrap());
    call.metadata.insert("grpc-encoding", "gzip".parse().unwrap());
    world.migrated.calls.clone().oneshot(call).await.unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.get("authorization").unwrap(), "Bearer a");
    assert_eq!(seen.get("grpc-timeout").unwrap(), "30000000u", "what the gateway itself gives a back end");
    for gone in [STAMP, "grpc-encoding"] {
        assert!(seen.get(gone).is_none(), "{gone}");
    }
}

#[tokio::test]
async fn pages_that_are_larger_than_a_service_gives_are_walked_to_their_end() {
    let world = outside().await;
    let many = 1 + 2 * PAGE_MAX as i64;
    for number in 1..=many {
        world.old.set(key(number), Some(invoice(number))).await.unwrap();
    }
    world.walk_to(Stage::DualWrite).await;
    world.settle().await;
    assert_eq!(world.new.invoices().len(), 1_001);
    world.assert_equal();

    // A list of all customers has no scope: it is a lookup, which the authority answers.
    let page = world.ask(Ask::List(ListRequest::default())).await.unwrap().invoices().unwrap();
    assert_eq!((page.invoices.len(), &*page.next_page_token), (PAGE_MAX, "1/500"));
}
