//! Ids across a change of the authority: none is given out twice, in either direction.

use std::future::pending;
use std::io;
use std::time::Duration;

use crossfade::route::{LegacyIds, Stage, SwapError};
use crossfade::test_util::{Number, Request};
use tokio::time::sleep;

use crate::support::{Ids, World, asked};

async fn create(world: &World) -> i64 {
    let request = Request::Create { group: 1, record: Number::new(1, "new") };
    world.call(request).await.unwrap().created().unwrap()
}

/// A world in `live` whose target takes its ids from the journal.
async fn with_ids() -> World {
    let world = World::at(Stage::Live, "").await;
    let blocks = world.journal.ids("numbers");
    world.target.take_ids_from(blocks.clone());
    world.routing.hand_over_ids(blocks, Ids(world.legacy.clone()));
    world
}

#[tokio::test(start_paused = true)]
async fn no_id_that_was_given_out_comes_again_though_its_record_is_gone() {
    let world = with_ids().await;
    world.legacy.raise_ids_above(1_000);
    assert_eq!(create(&world).await, 1_001);
    world.call(Request::Delete { group: 1, item: 1_001 }).await.unwrap();
    world.routing.move_to(Stage::RampDown, asked()).await.unwrap().drained().await;
    let of_target = [create(&world).await, create(&world).await];
    assert!(1_001 < of_target[0] && of_target[0] < of_target[1], "{of_target:?}");
    world.call(Request::Delete { group: 1, item: of_target[1] }).await.unwrap();
    world.routing.move_to(Stage::Live, asked()).await.unwrap().drained().await;
    let of_legacy = create(&world).await;
    assert!(of_legacy > of_target[1], "{of_legacy} after {of_target:?}");
    world.routing.move_to(Stage::RampDown, asked()).await.unwrap().drained().await;
    assert!(create(&world).await > of_legacy);
    world.settle().await;
    world.assert_converged();
    assert_eq!(world.legacy.records().len(), 3, "five were created, two deleted, none replaced");
}

#[tokio::test(start_paused = true)]
async fn ids_that_nobody_hands_over_refuse_a_change_of_the_authority() {
    let world = World::at(Stage::Live, "").await;
    world.target.take_ids_from(world.journal.ids("numbers"));
    let forced = asked().with_force();
    let refused = world.routing.move_to(Stage::RampDown, forced).await.unwrap_err();
    assert!(matches!(refused, SwapError::Ids { .. }), "{refused}");
    assert!(refused.to_string().contains("hand_over_ids"), "{refused}");
    assert_eq!(world.routing.stage(), Stage::Live);
}

#[tokio::test(start_paused = true)]
async fn a_move_that_is_given_up_after_the_handover_wastes_ids_and_repeats_none() {
    let world = with_ids().await;
    world.legacy.raise_ids_above(1_000);
    sleep(Duration::from_secs(1)).await;
    let mut given = vec![create(&world).await];
    // The clock of the target lags, so the move is given up after the ids were handed over.
    world.target.clock_behind(Duration::from_secs(3_600));
    let given_up = world.routing.move_to(Stage::RampDown, asked()).await.unwrap_err();
    assert!(given_up.to_string().contains("clock"), "{given_up}");
    given.push(create(&world).await);
    world.target.clock_ahead(Duration::from_secs(3_600));
    world.routing.move_to(Stage::RampDown, asked()).await.unwrap().drained().await;
    given.push(create(&world).await);
    assert!(given.is_sorted_by(|a, b| a < b), "{given:?}");
}

/// A handover that fails in one direction, or never ends.
struct Failing {
    largest: Fails,
    raise: Fails,
}

#[derive(Clone, Copy, PartialEq)]
enum Fails {
    Never,
    Always,
    Hangs,
}

impl Fails {
    async fn or(self, what: &str) -> Result<u64, io::Error> {
        match self {
            Self::Never => Ok(1_001),
            Self::Always => Err(io::Error::other(format!("the sequence cannot be {what}"))),
            Self::Hangs => pending().await,
        }
    }
}

impl LegacyIds for Failing {
    type Error = io::Error;

    async fn largest(&self) -> Result<u64, io::Error> {
        self.largest.or("read").await
    }

    async fn raise_above(&self, _id: u64) -> Result<(), io::Error> {
        self.raise.or("raised").await.map(drop)
    }
}

async fn with_failing(largest: Fails, raise: Fails) -> World {
    let world = World::at(Stage::Live, "[hold]\nmax = \"200ms\"").await;
    let blocks = world.journal.ids("numbers");
    world.target.take_ids_from(blocks.clone());
    world.routing.hand_over_ids(blocks, Failing { largest, raise });
    world
}

/// The move is refused with these words, and writes go on in the old stage.
async fn stays(world: &World, to: Stage, words: &str) -> SwapError {
    let old = world.routing.stage();
    let refused = world.routing.move_to(to, asked()).await.unwrap_err();
    let said = refused.to_string();
    assert!(said.contains(words) && said.contains(to.as_str()), "{said}");
    assert_eq!(world.routing.stage(), old);
    assert_eq!(world.routing.status().await.unwrap().stage, old);
    world.put(1, 7, 1).await;
    assert_eq!(world.routing.stats().moves_given_up, 1);
    refused
}

#[tokio::test(start_paused = true)]
async fn a_handover_that_fails_refuses_the_move_by_name_and_the_old_stage_stays() {
    let there = with_failing(Fails::Always, Fails::Never).await;
    let refused = stays(&there, Stage::RampDown, "the sequence cannot be read").await;
    assert!(matches!(refused, SwapError::Ids { to: Stage::RampDown, .. }), "{refused}");
    let back = with_failing(Fails::Never, Fails::Always).await;
    back.routing.move_to(Stage::RampDown, asked()).await.unwrap().drained().await;
    let refused = stays(&back, Stage::Live, "the sequence cannot be raised").await;
    assert!(matches!(refused, SwapError::Ids { to: Stage::Live, .. }), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_handover_that_hangs_gives_the_move_up_when_the_hold_has_lasted() {
    let there = with_failing(Fails::Hangs, Fails::Never).await;
    let refused = stays(&there, Stage::RampDown, "the ids are not handed over").await;
    assert!(matches!(refused, SwapError::HoldRanOut { .. }), "{refused}");
}
