//! User code that panics: what was held is let go, and what cannot be copied becomes a dead letter.

use std::convert::Infallible;
use std::time::Duration;

use crossfade::copy::Copier;
use crossfade::data::{Key, Scope};
use crossfade::journal::Journal;
use crossfade::reconcile::Reconciler;
use crossfade::route::{Asked, LegacyIds, RoutingHandle, Stage, SwapError};
use crossfade::test_util::{Call, Fault, MemoryStore, Number};
use tokio::time::{Instant, sleep};

use crate::support::{World, asked, config};

struct NoIds;

impl LegacyIds for NoIds {
    type Error = Infallible;

    async fn largest(&self) -> Result<u64, Infallible> {
        panic!("a mistake in the service's own code")
    }

    async fn raise_above(&self, _: u64) -> Result<(), Infallible> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_handover_of_ids_that_panics_lets_held_writes_go_on_in_the_old_stage() {
    let world = World::at(Stage::Live, "").await;
    world.routing.hand_over_ids(world.journal.ids("numbers"), NoIds);
    let refused = world.routing.move_to(Stage::RampDown, asked()).await.unwrap_err();
    assert!(matches!(refused, SwapError::Panicked), "{refused}");
    let start = Instant::now();
    world.put(1, 1, 1).await;
    assert_eq!((start.elapsed(), world.routing.stage()), (Duration::ZERO, Stage::Live));
    assert_eq!(world.routing.stats().moves_given_up, 1);
    world.settle().await;
    world.assert_converged();
}

/// Replacing one record panics from now on.
fn poison(target: &MemoryStore) -> i64 {
    let poison = 13;
    let key = Scope::from(Key::new(&1_i64, &poison));
    let panics = move |scope: &Scope| {
        assert_ne!(*scope, key, "a record that the mapping did not expect");
        false
    };
    target.script().when(Call::Replace, panics, Fault::Pass);
    poison
}

#[tokio::test(start_paused = true)]
async fn a_record_that_makes_a_store_panic_becomes_a_dead_letter_and_the_others_are_repaired() {
    let journal = Journal::memory();
    let routing = RoutingHandle::open(&journal, config("")).await.unwrap();
    let (legacy, target) = (MemoryStore::legacy(), MemoryStore::target());
    let poison = poison(&target);
    let copier = Copier::new(routing, legacy.clone(), target.clone());
    let _reconciler = Reconciler::new(copier).attempts_max(3).spawn();
    let _drained = routing.move_to(Stage::DualWrite, Asked::by("test", "because")).await.unwrap();
    for item in [12, poison, 14] {
        legacy.seed((1, item), Number::new(1, "old"));
        journal.mark_for_repair(Scope::from(Key::new(&1, &item))).await.unwrap();
    }
    sleep(Duration::from_secs(10)).await;
    assert_eq!((target.records().len(), journal.marks()), (2, 1));
    assert_eq!(journal.dead_letters(9).await.unwrap()[0].attempts, 3);
}
