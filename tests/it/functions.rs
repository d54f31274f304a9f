//! Functions that exist, called through the stack.

use std::time::Duration;

use crossfade::data::{Group, Key, Outcome, Scope};
use crossfade::functions::{BeforeRampDown, Functions};
use crossfade::route::{Stage, Store};
use crossfade::test_util::{
    Answer, Call, Fault, Flavour, MemoryStore, Number, Plain, Request, Stamped, StoreError,
};
use crossfade::{Migration, Refused};
use tower::ServiceExt;

use crate::support::{World, asked};

type Both = Functions<MemoryStore<Plain>, MemoryStore<Stamped>, StoreError>;
type LegacyOnly = Functions<MemoryStore<Plain>, MemoryStore<Stamped>, StoreError, BeforeRampDown>;

/// The repository of a service, one for each store.
async fn get<F: Flavour>(store: MemoryStore<F>, item: i64) -> Result<Option<Number>, StoreError> {
    Ok(store.oneshot(Request::Get { group: 1, item }).await?.record().cloned())
}

async fn versions<F: Flavour>(store: MemoryStore<F>) -> Result<Vec<u64>, StoreError> {
    let list = store.oneshot(Request::List { group: 1 }).await?;
    Ok(list.records().iter().map(|(_, number)| number.version).collect())
}

async fn add<F: Flavour>(store: MemoryStore<F>, item: i64, by: u64) -> Result<u64, StoreError> {
    let raised = store.oneshot(Request::Increment { group: 1, item, by }).await?;
    Ok(raised.record().map_or(0, |number| number.version))
}

async fn create<F: Flavour>(store: MemoryStore<F>, group: i64) -> Result<(i64, i64), StoreError> {
    match store.oneshot(Request::Create { group, record: Number::new(1, "new") }).await?.answer {
        Answer::Created { item } => Ok((group, item)),
        _ => Err(Refused::Closed.into()),
    }
}

fn key(item: i64) -> Key {
    Key::new(&1_i64, &item)
}

fn functions(world: &World) -> Both {
    let builder = Migration::builder(world.routing, world.copier);
    builder.functions(world.legacy.clone(), world.target.clone()).outcome(StoreError::outcome)
}

fn before_ramp_down(world: &World) -> LegacyOnly {
    let builder = Migration::builder(world.routing, world.copier);
    builder
        .functions_before_ramp_down(world.legacy.clone(), world.target.clone())
        .outcome(StoreError::outcome)
}

async fn add_to(numbers: &Both, item: i64, by: u64) -> Result<u64, StoreError> {
    numbers
        .write("add", key(item), move |legacy| add(legacy, item, by), move |target| add(target, item, by))
        .await
}

async fn get_of(numbers: &Both, item: i64) -> Result<Option<Number>, StoreError> {
    numbers.get("get", key(item), move |legacy| get(legacy, item), move |target| get(target, item)).await
}

#[tokio::test(start_paused = true)]
async fn only_the_authority_runs_a_function_and_the_other_store_receives_its_record() {
    let mut world = World::new("").await;
    world.legacy.seed((1, 1), Number::new(0, "a"));
    world.reconcile();
    let numbers = functions(&world);
    for (times, stage) in (1..).zip(Stage::ALL) {
        world.walk_to(stage).await;
        let before = [world.legacy.calls(Call::RequestWrite), world.target.calls(Call::RequestWrite)];
        assert_eq!(add_to(&numbers, 1, 1).await.unwrap(), times, "{stage}");
        let after = [world.legacy.calls(Call::RequestWrite), world.target.calls(Call::RequestWrite)];
        let ran = if stage.authority() == Store::Legacy { [1, 0] } else { [0, 1] };
        assert_eq!([after[0] - before[0], after[1] - before[1]], ran, "{stage}");
        if stage.copies() {
            world.settle().await;
            world.assert_converged();
        }
        assert_eq!(get_of(&numbers, 1).await.unwrap().unwrap().version, times, "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_marks_its_group_and_copies_its_key() {
    let world = World::at(Stage::DualWrite, "").await;
    let numbers = functions(&world);
    (1..=9).for_each(|item| world.legacy.seed((1, item), Number::new(1, "seeded")));
    world.legacy.raise_ids_above(9);
    let replaces = world.target.calls(Call::Replace);
    let created = numbers
        .create("create", Group::new(&1_i64), |l| create(l, 1), |t| create(t, 1), |(g, i)| Key::new(g, i))
        .await
        .unwrap();
    assert_eq!((created, world.target.get(created)), ((1, 10), Some(Number::new(1, "new"))));
    assert_eq!(world.target.calls(Call::Replace) - replaces, 1);
    assert_eq!(world.journal.marks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_names_a_key_outside_of_its_group_is_not_believed() {
    let world = World::at(Stage::DualWrite, "").await;
    let numbers = functions(&world);
    numbers
        .create(
            "create",
            Group::new(&1_i64),
            |l| create(l, 1),
            |t| create(t, 1),
            |(_, i)| Key::new(&2_i64, i),
        )
        .await
        .unwrap();
    world.settle().await;
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn reads_go_where_the_plan_says_and_are_compared() {
    let world = World::at(Stage::Shadow, "").await;
    let numbers = functions(&world);
    world.legacy.seed((1, 1), Number::new(1, "a"));
    world.target.seed((1, 1), Number::new(2, "a"));
    let list = || numbers.read("list", Group::new(&1_i64), versions::<Plain>, versions::<Stamped>);
    assert_eq!(list().await.unwrap(), [1], "legacy answers");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.routing.stats().mismatches_value, 1);
    world.walk_to(Stage::Live).await;
    assert_eq!(list().await.unwrap(), [2], "the target answers");
}

#[tokio::test(start_paused = true)]
async fn a_get_that_the_target_lacks_is_answered_by_legacy() {
    let mut world = World::at(Stage::Live, "").await;
    let numbers = functions(&world);
    world.reconciler = None;
    world.legacy.seed((1, 1), Number::new(1, "a"));
    assert_eq!(get_of(&numbers, 1).await.unwrap(), Some(Number::new(1, "a")));
    assert_eq!(world.routing.stats().fallbacks_on_missing, 1);
    assert_eq!(get_of(&numbers, 2).await.unwrap(), None, "legacy has none either");
}

#[tokio::test(start_paused = true)]
async fn a_lookup_stays_with_the_authority_until_it_is_enabled() {
    let world = World::at(Stage::Live, "").await;
    let numbers = functions(&world);
    world.legacy.seed((1, 1), Number::new(1, "a"));
    let find = || numbers.lookup("find", versions::<Plain>, versions::<Stamped>);
    assert_eq!(find().await.unwrap(), [1]);
    let mut config = world.routing.config();
    config.lookups.insert("find".into(), crossfade::route::LookupConfig { target: true });
    world.routing.swap(config).await.unwrap().drained().await;
    assert_eq!(find().await.unwrap(), [] as [u64; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_an_error_means_is_asked_and_unknown_by_default() {
    let world = World::new("").await;
    world.walk_to(Stage::DualWrite).await;
    let missing = add_to(&functions(&world), 7, 1).await.unwrap_err();
    assert!(matches!(missing, StoreError::NotFound { .. }), "the function's own error: {missing}");
    assert_eq!(world.journal.marks(), 0, "it says that nothing was changed");
    let builder = Migration::builder(world.routing, world.copier);
    let unsaid: Both = builder.functions(world.legacy.clone(), world.target.clone());
    add_to(&unsaid, 7, 1).await.unwrap_err();
    assert_eq!((world.journal.marks(), world.routing.stats().writes_unknown), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_leaves_its_write_on_both_stores() {
    let world = World::at(Stage::DualWrite, "").await;
    let numbers = functions(&world);
    world.legacy.seed((1, 1), Number::new(0, "a"));
    world.legacy.script().next(Call::RequestWrite, Fault::Delay(Duration::from_millis(20)));
    tokio::time::timeout(Duration::from_millis(5), add_to(&numbers, 1, 3)).await.unwrap_err();
    tokio::time::sleep(Duration::from_millis(50)).await;
    world.settle().await;
    world.assert_converged();
    assert_eq!(world.target.get((1, 1)).unwrap().version, 3);
}

#[tokio::test(start_paused = true)]
async fn writes_without_a_function_for_the_target_keep_ramp_down_away_by_name() {
    let world = World::at(Stage::Live, "").await;
    world.legacy.seed((1, 1), Number::new(0, "a"));
    // Not one of them has been called when the move is asked for.
    let numbers = before_ramp_down(&world);
    let refused = world.routing.move_to(Stage::RampDown, asked()).await.unwrap_err().to_string();
    assert!(refused.contains("Numbers cannot write to the target"), "{refused}");

    assert_eq!(numbers.write_legacy("add", key(1), |legacy| add(legacy, 1, 5)).await.unwrap(), 5);
    let (_, item) = numbers
        .create_legacy("create", Group::new(&2_i64), |l| create(l, 2), |(g, i)| Key::new(g, i))
        .await
        .unwrap();
    world.settle().await;
    world.assert_converged();
    assert!(world.target.get((2, item)).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_write_without_a_function_for_the_target_is_refused_where_it_decides_and_leaves_no_mark() {
    let world = World::at(Stage::RampDown, "").await;
    let builder = Migration::builder(world.routing, world.copier);
    let numbers: LegacyOnly = builder
        .functions_before_ramp_down(world.legacy.clone(), world.target.clone())
        .outcome(|_| Outcome::Unknown);
    let refused = numbers.write_legacy("add", key(1), |legacy| add(legacy, 1, 5)).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::Refused(Refused::NoTargetWrites { operation: "add" })),
        "{refused}"
    );
    assert_eq!((world.journal.marks(), world.legacy.calls(Call::RequestWrite)), (0, 0));
    let both = numbers.write("add", Scope::from(key(1)), |l| add(l, 1, 5), |t| add(t, 1, 5)).await;
    assert!(
        matches!(both, Err(StoreError::NotFound { store: Store::Target, .. })),
        "this one has both: {both:?}"
    );
}
