//! Repairs of a whole group.

use std::time::Duration;

use crossfade::data::{Group, Scope};
use crossfade::reconcile::Reconciler;
use crossfade::route::Stage;
use crossfade::test_util::{Call, Fault, Number};

use crate::support::World;

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_copied_keeps_its_own_mark_and_not_its_whole_group_dirty() {
    for stage in [Stage::DualWrite, Stage::RampDown] {
        let mut world = World::at(stage, "").await;
        world.reconciler.take().unwrap().stop().await;
        for item in 1..=9 {
            world.put(1, item, 1).await;
        }
        let secondary = if stage == Stage::DualWrite { world.target.script() } else { world.legacy.script() };
        secondary.always_on(Call::Replace, (1, 5), Fault::Reject);
        world.journal.mark_for_repair(Scope::from(Group::new(&1))).await.unwrap();
        let reconciler = Reconciler::new(world.copier).attempts_max(3).spawn();
        tokio::time::sleep(Duration::from_secs(10)).await;
        let letters = world.journal.dead_letters(10).await.unwrap();
        assert_eq!((letters.len(), world.journal.marks()), (1, 1), "{stage}");
        assert!(matches!(&letters[0].scope, Scope::Key(key) if key.as_str() == "1/5"), "{stage}");
        secondary.clear();
        world.journal.retry_dead_letters().await.unwrap();
        world.settle().await;
        world.assert_converged();
        reconciler.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_with_some_failing_key_in_each_walk_is_repaired_all_the_same() {
    let world = World::at(Stage::DualWrite, "").await;
    for item in 1..=400 {
        world.legacy.seed((1, item), Number::new(1, "out of band"));
    }
    let rates = crossfade::test_util::Rates { reject: 0.1, ..Default::default() };
    world.target.script().random_for(Call::Replace, 7, rates);
    world.journal.mark_for_repair(Scope::from(Group::new(&1))).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.journal.marks(), 0);
    world.assert_converged();
}

/// The last copy of a dead letter may still be inside a store that keeps no stamps.
#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_is_tried_again_at_once_waits_until_its_last_copy_can_no_longer_land() {
    let mut world = World::new("[writes]\nwait = \"until_copied\"").await;
    world.walk_to(Stage::RampDown).await;
    let late = Fault::LateWrite(Duration::from_millis(250));
    world.legacy.script().next(Call::Replace, Fault::Reject).next(Call::Replace, late);
    world.put(1, 1, 1).await;
    world.reconciler = Some(Reconciler::new(world.copier).attempts_max(1).spawn());
    while world.journal.dead_letters(1).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    world.put(1, 1, 2).await;
    world.journal.retry_dead_letters().await.unwrap();
    world.settle().await;
    tokio::time::sleep(Duration::from_millis(260)).await;
    assert_eq!(world.legacy.get((1, 1)).unwrap().version, 2);
    world.assert_converged();
}
