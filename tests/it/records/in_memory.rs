//! Every operation in every stage, and what becomes of an update that does not go well.

use std::collections::BTreeSet;

use crossfade::data::Outcome;
use crossfade::records::{RecordAnswer, RecordRequest, Records};
use crossfade::route::{Stage, Store};
use crossfade::test_util::{Call, Fault, Number, Numbers, StoreError};
use crossfade::{Failed, Refused};
use tower::ServiceExt;

use super::records;
use crate::support::{World, asked};

fn number(version: u64) -> Number {
    Number::new(version, format!("v{version}"))
}

fn raise(number: &mut Number) -> Result<(), StoreError> {
    number.version += 1;
    Ok(())
}

const NOT_FOUND: StoreError = StoreError::NotFound { store: Store::Legacy, group: 0, item: 0 };

async fn every_operation(numbers: &Records<Numbers>, group: i64) -> Result<(), StoreError> {
    let (kept, created) = numbers.create(group, number(1)).await?;
    assert_eq!((kept.group, created), (group, number(1)));
    let id = kept.item;
    assert_eq!(numbers.get((group, id)).await?, Some(number(1)));

    let raised = numbers.update((group, id), raise).await?.expect("it was created");
    assert_eq!(raised.version, 2);
    assert_eq!(numbers.get((group, id)).await?, Some(raised));
    assert_eq!(numbers.update((group, -1), raise).await?, None, "there is none");
    assert_eq!(numbers.get((group, -1)).await?, None, "an update makes none");

    numbers.put((group, -5), number(5)).await?;
    numbers.put((group, -5), number(6)).await?;
    let items = |page: crossfade::records::RecordsPage<Numbers>| {
        page.records.into_iter().map(|(key, record)| (key.item, record.version)).collect::<Vec<_>>()
    };
    assert_eq!(items(numbers.list(group, None, 9).await?), [(-5, 6), (id, 2)]);
    assert!(numbers.delete((group, -5)).await?);
    assert!(!numbers.delete((group, -5)).await?, "it is gone already");
    assert_eq!(items(numbers.list(group, None, 9).await?), [(id, 2)]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn every_operation_does_the_same_in_every_stage() {
    let mut world = World::new("[cohort]\nweight = \"50%\"").await;
    let numbers = records(&world);
    world.reconcile();
    for (group, stage) in (1..).zip(Stage::ALL) {
        world.walk_to(stage).await;
        every_operation(&numbers, group).await.unwrap_or_else(|error| panic!("in {stage}: {error}"));
        if stage.copies() {
            world.settle().await;
            world.assert_converged();
        }
    }
    assert_eq!(world.target.records().len(), Stage::ALL.len(), "one was left in each stage");
    assert_eq!(world.routing.stats().mismatches_confirmed(), 0);
    assert!(world.routing.stats().comparisons_matched > 0, "answers were compared");
}

#[tokio::test(start_paused = true)]
async fn ids_of_creates_are_unique_across_the_switch_there_and_back() {
    let world = World::at(Stage::Live, "").await;
    let numbers = records(&world);
    let mut ids = BTreeSet::new();
    for stage in [Stage::Live, Stage::RampDown, Stage::Live, Stage::RampDown] {
        if world.routing.stage() != stage {
            world.routing.move_to(stage, asked()).await.unwrap().drained().await;
        }
        for _ in 0..3 {
            let (key, _) = numbers.create(1, number(1)).await.unwrap();
            assert!(ids.insert(key.item), "{} was given out twice", key.item);
        }
        world.settle().await;
    }
    world.assert_converged();
    assert_eq!(world.legacy.records().len(), ids.len(), "no create replaced another");
}

#[tokio::test(start_paused = true)]
async fn a_rejected_update_changes_nothing_and_leaves_no_mark() {
    for stage in [Stage::Live, Stage::RampDown] {
        let mut world = World::at(stage, "").await;
        let numbers = records(&world);
        numbers.put((1, 1), number(1)).await.unwrap();
        world.settle().await;
        world.reconciler = None; // so that a mark would stay
        let rejected = numbers.update((1, 1), |number| {
            number.version = 99;
            Err(NOT_FOUND)
        });
        assert!(
            matches!(rejected.await, Err(StoreError::NotFound { group: 0, .. })),
            "the closure's own error"
        );
        assert_eq!(world.journal.marks(), 0, "{stage}");
        assert_eq!(world.routing.stats().writes_rejected, 1);
        assert_eq!(numbers.get((1, 1)).await.unwrap(), Some(number(1)));
        world.assert_converged();
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_whose_answer_was_lost_reaches_the_other_store_all_the_same() {
    for stage in [Stage::Live, Stage::RampDown] {
        let world = World::at(stage, "").await;
        let numbers = records(&world);
        numbers.put((1, 1), number(1)).await.unwrap();
        let authority = if stage == Stage::Live { world.legacy.script() } else { world.target.script() };
        authority.next(Call::RequestWrite, Fault::LostAnswer);
        let lost = numbers.update((1, 1), raise).await;
        assert!(matches!(lost, Err(StoreError::TimedOut { .. })), "the store's own error: {lost:?}");
        assert_eq!((world.journal.marks(), world.routing.stats().writes_unknown), (1, 1), "{stage}");
        world.settle().await;
        world.assert_converged();
        assert_eq!(numbers.get((1, 1)).await.unwrap().unwrap().version, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_copies_its_record_and_not_its_group() {
    let world = World::at(Stage::DualWrite, "").await;
    let numbers = records(&world);
    for item in 1..=20 {
        world.legacy.seed((1, item), number(1));
    }
    world.legacy.raise_ids_above(20);
    let before = world.target.calls(Call::Replace);
    let (key, _) = numbers.create(1, number(2)).await.unwrap();
    assert_eq!(world.target.get((1, key.item)), Some(number(2)));
    assert_eq!(world.target.calls(Call::Replace) - before, 1);
    assert_eq!(world.journal.marks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_the_target_lacks_is_answered_by_legacy() {
    let mut world = World::at(Stage::Live, "").await;
    let numbers = records(&world);
    world.reconciler = None;
    world.legacy.seed((1, 1), number(1));
    assert_eq!(numbers.get((1, 1)).await.unwrap(), Some(number(1)));
    assert_eq!(world.routing.stats().fallbacks_on_missing, 1);
    assert_eq!(world.journal.marks(), 1, "it waits for its repair");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_a_layer_mixed_up_is_an_error() {
    let world = World::new("").await;
    let numbers = records(&world);
    let answer = |request: RecordRequest<Numbers>| async move {
        let body = crossfade::records::RecordBody::Done;
        drop(request);
        Ok::<_, Failed<StoreError>>(RecordAnswer::<Numbers> { from: Store::Legacy, body })
    };
    let mixed_up = Records::over(tower::service_fn(answer));
    let error = mixed_up.get((1, 1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(Refused::WrongAnswer { operation: "get" })), "{error}");
    assert!(mixed_up.put((1, 1), number(1)).await.is_ok(), "this is the answer to a put");
    drop(numbers);
}

#[tokio::test]
async fn a_service_of_a_store_says_what_became_of_a_write() {
    use crossfade::records::{RecordCall, RecordService};
    let store = crossfade::test_util::MemoryStore::legacy();
    let service = RecordService::new(store.clone(), Store::Legacy);
    for (fault, outcome) in [(Fault::Reject, Outcome::Rejected), (Fault::LostAnswer, Outcome::Unknown)] {
        store.script().next(Call::RequestWrite, fault);
        let put = RecordRequest::new(RecordCall::Put((1, 1).into(), number(1)));
        assert_eq!(service.clone().oneshot(put).await.unwrap_err().outcome, outcome);
    }
}
