//! Every kind of write, with either store as the authority: what is marked, what is copied, what is left alone.

use std::time::Duration;

use crossfade::data::{Key, Scope, Scopes};
use crossfade::dual_write::DualWriteLayer;
use crossfade::reconcile::Reconciler;
use crossfade::route::{CopyWait, RouteLayer, Stage, StorageRequest};
use crossfade::store::TargetLayer;
use crossfade::test_util::{Call, Fault, Number, NumberKey, Request, StoreError, classify_outcome};
use tokio::time::sleep;
use tower::{ServiceBuilder, ServiceExt};

use crate::support::{Stack, World, put};

/// The stages with legacy, and with the target, as the authority.
const BOTH: [Stage; 2] = [Stage::DualWrite, Stage::RampDown];

/// A caller is answered when the copy has ended.
async fn world(stage: Stage) -> World {
    let world = World::at(stage, "[writes]\nwait = \"until_copied\"").await;
    world.legacy.raise_ids_above(1_000);
    let blocks = world.journal.ids("numbers");
    blocks.raise_above(1_000).await.unwrap();
    world.target.take_ids_from(blocks);
    // The clocks of the stores and the journal were read one after the other: let all of them go on.
    sleep(Duration::from_secs(1)).await;
    world
}

async fn pause_repairs(world: &mut World) {
    world.reconciler.take().unwrap().stop().await;
}

fn resume_repairs(world: &mut World) {
    world.reconciler = Some(Reconciler::new(world.copier).spawn());
}

/// What somebody wrote past the stack: a repair of its key, of its group or of everything brings it over.
fn seed_unseen(world: &World, key: NumberKey) {
    world.authority().seed(key, Number::new(7, "unseen"));
}

fn many(keys: impl IntoIterator<Item = i64>) -> Request {
    Request::PutMany(
        keys.into_iter().map(|item| ((1, item), Number::new(item.unsigned_abs(), "many"))).collect(),
    )
}

/// A stack whose requests name something else than their keys.
fn naming(world: &World, names: impl Fn(Scopes) -> Scopes + Clone + Send + Sync + 'static) -> Stack {
    let classify = move |request: &Request| Some((request.operation(), names(request.scopes())));
    Stack::new(
        ServiceBuilder::new()
            .layer(RouteLayer::new(world.routing).classified_by(classify))
            .layer(DualWriteLayer::new(world.copier).classified_by(classify_outcome))
            .layer(TargetLayer::new(world.target.clone()))
            .service(world.legacy.clone()),
    )
}

#[tokio::test(start_paused = true)]
async fn a_write_of_several_keys_copies_each_and_takes_away_those_that_are_not_there() {
    for stage in BOTH {
        let world = world(stage).await;
        // A request that names one key more than it writes, which only the secondary has.
        let more = || Scope::from(Key::new(&1, &9));
        let stack = naming(&world, move |scopes| scopes.iter().cloned().chain([more()]).collect());
        world.put(1, 2, 1).await;
        world.secondary().seed((1, 9), Number::new(1, "only here"));
        sleep(Duration::from_secs(1)).await;
        stack.oneshot(many([2, 3])).await.unwrap();
        assert_eq!((world.journal.marks(), world.secondary().get((1, 9))), (0, None), "{stage}");
        assert_eq!(world.secondary().get((1, 3)).unwrap().version, 3);
        world.assert_converged();
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_of_256_keys_copies_them_itself_and_one_of_257_has_everything_repaired() {
    for stage in BOTH {
        let mut world = world(stage).await;
        pause_repairs(&mut world).await;
        seed_unseen(&world, (7, 7));
        let pages = world.authority().calls(Call::Page);
        world.call(many(0..256)).await.unwrap();
        assert_eq!((world.journal.marks(), world.secondary().calls(Call::Replace)), (0, 256), "{stage}");
        assert_eq!(world.secondary().get((1, 255)).unwrap().version, 255);

        world.call(many(0..257)).await.unwrap();
        assert_eq!(world.journal.marks(), 1, "{stage}: one mark, on everything");
        assert_eq!((world.secondary().get((1, 256)), world.secondary().get((7, 7))), (None, None));
        assert_eq!(world.authority().calls(Call::Page), pages, "{stage}: no walk on the way of the caller");
        resume_repairs(&mut world);
        world.settle().await;
        assert_eq!(world.secondary().get((1, 256)).unwrap().version, 256);
        assert_eq!(world.secondary().get((7, 7)).unwrap().text, "unseen", "{stage}: everything was repaired");
        world.assert_converged();
    }
}

async fn create(world: &World) -> Result<i64, StoreError> {
    let request = Request::Create { group: 1, record: Number::new(5, "new") };
    Ok(world.call(request).await?.created().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_copy_failed_leaves_a_mark_on_its_key_and_not_on_its_group() {
    for stage in BOTH {
        let world = world(stage).await;
        seed_unseen(&world, (1, 77));
        world.secondary().script().next(Call::Replace, Fault::Reject);
        let item = create(&world).await.unwrap();
        assert_eq!((item > 1_000, world.journal.marks()), (true, 1), "{stage}");
        world.settle().await;
        assert_eq!(world.secondary().get((1, item)).unwrap().version, 5);
        assert_eq!(world.secondary().get((1, 77)), None, "{stage}: its group was not repaired");
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_of_which_nobody_knows_has_its_group_repaired() {
    for stage in BOTH {
        let world = world(stage).await;
        seed_unseen(&world, (1, 77));
        world.authority().script().next(Call::RequestWrite, Fault::LateWrite(Duration::from_millis(250)));
        create(&world).await.unwrap_err();
        assert_eq!(world.journal.marks(), 1, "{stage}");
        world.settle().await;
        assert!(world.secondary().get((1, 77)).is_some(), "{stage}: its group was repaired");
        assert_eq!(world.legacy.records().len(), 2, "{stage}: and what landed late with it");
        world.assert_converged();
    }
}

#[tokio::test(start_paused = true)]
async fn a_conditional_write_that_is_rejected_leaves_no_mark_and_no_copy() {
    for stage in BOTH {
        let world = world(stage).await;
        world.put(1, 1, 1).await;
        let copies = world.secondary().calls(Call::Replace);
        let put_if = |expected| Request::PutIf { group: 1, item: 1, expected, record: Number::new(9, "if") };
        let moved = world.call(put_if(5)).await.unwrap_err();
        assert!(matches!(moved, StoreError::VersionMoved { found: 1, .. }), "{moved}");
        world.call(Request::Increment { group: 1, item: 404, by: 1 }).await.unwrap_err();
        assert_eq!((world.journal.marks(), world.secondary().calls(Call::Replace)), (0, copies), "{stage}");
        assert_eq!(world.routing.stats().writes_rejected, 2);
        world.call(put_if(1)).await.unwrap();
        assert_eq!(world.secondary().get((1, 1)).unwrap().version, 9);
        world.assert_converged();
    }
}

#[tokio::test(start_paused = true)]
async fn increments_that_race_are_each_made_once_and_by_the_authority_alone() {
    for stage in BOTH {
        let world = world(stage).await;
        world.put(1, 1, 0).await;
        let copies = Fault::Delay(Duration::from_millis(3));
        world.secondary().script().always(Call::Replace, copies);
        let increments: Vec<_> = (0..20)
            .map(|_| {
                tokio::spawn(world.stack.clone().oneshot(Request::Increment { group: 1, item: 1, by: 1 }))
            })
            .collect();
        for increment in increments {
            increment.await.unwrap().unwrap();
        }
        world.settle().await;
        world.assert_converged();
        assert_eq!(world.secondary().get((1, 1)).unwrap().version, 20, "{stage}");
        assert_eq!(world.secondary().calls(Call::RequestWrite), 0, "{stage}: nothing is replayed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lookup_is_answered_by_the_authority() {
    for stage in BOTH {
        let world = world(stage).await;
        world.put(1, 1, 3).await;
        world.secondary().seed((1, 2), Number::new(1, "v3"));
        let found = world.call(Request::FindByText("v3".into())).await.unwrap();
        assert_eq!((found.from, found.records().len()), (stage.authority(), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_takes_the_record_from_both_stores_and_a_late_copy_does_not_bring_it_back() {
    for stage in BOTH {
        let world = world(stage).await;
        world.put(1, 1, 1).await;
        world.secondary().script().next(Call::Replace, Fault::LateWrite(Duration::from_millis(250)));
        world.call(put(1, 1, 2)).await.unwrap();
        world.call(Request::Delete { group: 1, item: 1 }).await.unwrap();
        world.call(Request::Delete { group: 1, item: 404 }).await.unwrap();
        sleep(Duration::from_millis(260)).await;
        world.settle().await;
        assert_eq!((world.authority().get((1, 1)), world.secondary().get((1, 1))), (None, None), "{stage}");
        world.put(1, 1, 4).await;
        world.settle().await;
        assert_eq!(world.secondary().get((1, 1)).unwrap().version, 4);
        world.assert_converged();
    }
}

/// Named as a group, it would come back: the walk finds the key in neither store.
#[tokio::test(start_paused = true)]
async fn a_delete_that_names_everything_takes_away_what_a_create_beside_it_is_still_copying() {
    for stage in BOTH {
        let world = world(stage).await;
        let mut config = world.routing.config();
        config.writes.wait = CopyWait::AtMost(Duration::ZERO);
        world.routing.swap(config).await.unwrap().drained().await;
        let slow = Fault::Delay(Duration::from_millis(100));
        world.secondary().script().next(Call::Replace, slow);
        let item = create(&world).await.unwrap();
        sleep(Duration::from_millis(1)).await; // its copy has read the record, and has not landed
        let everything = naming(&world, |_| Scope::Everything.into());
        everything.oneshot(Request::Delete { group: 1, item }).await.unwrap();
        world.settle().await;
        assert_eq!(world.secondary().get((1, item)), None, "{stage}");
        world.assert_converged();
    }
}
