//! A target without write code: enough until `ramp_down`, which is refused by name.

use crossfade::copy::Copier;
use crossfade::data::{KeyedRecord, RecordStore};
use crossfade::journal::Journal;
use crossfade::records::{Records, ServiceStore, StoreCall};
use crossfade::route::{Asked, RoutingHandle, Stage};
use crossfade::test_util::{MemoryStore, Number, Numbers, Plain, Request, Response, StoreError};
use crossfade::{Migration, Refused};

use super::records;
use crate::support::{World, asked, config};

fn copied_only(world: &World) -> Records<Numbers> {
    let builder = Migration::builder(world.routing, world.copier);
    builder.records_before_ramp_down(world.legacy.clone(), world.target.clone())
}

#[tokio::test(start_paused = true)]
async fn a_target_without_write_code_is_enough_until_ramp_down() {
    let world = World::at(Stage::Live, "").await;
    let numbers = copied_only(&world);
    numbers.put((1, 1), Number::new(1, "a")).await.unwrap();
    assert_eq!(world.target.get((1, 1)), Some(Number::new(1, "a")));
    assert_eq!(numbers.get((1, 1)).await.unwrap(), Some(Number::new(1, "a")));

    for asked in [asked(), Asked::by("ops", "now").with_force()] {
        let refused = world.routing.move_to(Stage::RampDown, asked).await.unwrap_err().to_string();
        assert!(refused.contains("Numbers cannot write to the target"), "{refused}");
    }
    assert_eq!(world.routing.stage(), Stage::Live);
    world.routing.move_to(Stage::Shadow, asked()).await.unwrap().drained().await;
}

#[tokio::test(start_paused = true)]
async fn all_that_cannot_write_are_named() {
    let world = World::at(Stage::Live, "").await;
    world.routing.without_target_writes("refunds");
    world.routing.without_target_writes("payments");
    let refused = world.routing.move_to(Stage::RampDown, asked()).await.unwrap_err().to_string();
    assert!(refused.contains("payments, refunds cannot write"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_starts_in_ramp_down_without_write_code_refuses_writes_and_leaves_no_mark() {
    let world = World::at(Stage::RampDown, "").await;
    records(&world).put((1, 1), Number::new(1, "a")).await.unwrap();
    let numbers = copied_only(&world);
    let refused = numbers.put((1, 1), Number::new(2, "b")).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::Refused(Refused::NoTargetWrites { operation: "put" })),
        "{refused}"
    );
    assert_eq!(world.journal.marks(), 0);
    assert_eq!(numbers.get((1, 1)).await.unwrap(), Some(Number::new(1, "a")));
    world.routing.move_to(Stage::Live, asked()).await.unwrap().drained().await;
    numbers.put((1, 1), Number::new(2, "b")).await.unwrap();
}

/// What a client of another service would do.
fn ask(call: StoreCall<'_, Numbers>) -> Request {
    match call {
        StoreCall::Read(key) => Request::Get { group: key.group, item: key.item },
        StoreCall::Replace { key, record: Some(record), .. } => {
            Request::Put { group: key.group, item: key.item, record: record.clone() }
        }
        StoreCall::Replace { key, record: None, .. } => Request::Delete { group: key.group, item: key.item },
        StoreCall::Page { group, .. } => Request::List { group: *group.unwrap() },
    }
}

fn one(response: Response) -> Result<Option<Number>, StoreError> {
    Ok(response.record().cloned())
}

fn many(response: Response) -> Result<Vec<KeyedRecord<Numbers>>, StoreError> {
    Ok(response.records().iter().map(|(key, number)| ((*key).into(), number.clone())).collect())
}

fn keeps_stamps<S: RecordStore>(_: &S) -> bool {
    S::KEEPS_STAMPS
}

#[tokio::test(start_paused = true)]
async fn copies_go_through_a_service_that_closures_make_a_store() {
    let (legacy, service) =
        (MemoryStore::legacy(), MemoryStore::<Plain>::new(crossfade::route::Store::Target));
    let target = ServiceStore::new(service.clone(), ask, one, many);
    assert!(!keeps_stamps(&target) && keeps_stamps(&target.clone().keeping_stamps()));

    let routing = RoutingHandle::open(&Journal::memory(), config("")).await.unwrap();
    let copier = Copier::new(routing, legacy.clone(), target.clone());
    let numbers = Migration::builder(routing, copier).records_before_ramp_down(legacy.clone(), target);
    routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;
    numbers.put((1, 1), Number::new(1, "kept")).await.unwrap();
    numbers.put((1, 2), Number::new(1, "gone")).await.unwrap();
    assert!(numbers.delete((1, 2)).await.unwrap());
    assert_eq!(service.records().into_iter().collect::<Vec<_>>(), [((1, 1), Number::new(1, "kept"))]);
    assert_eq!((legacy.same_as(&service), routing.journal().marks()), (Vec::new(), 0));
}
