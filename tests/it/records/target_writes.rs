//! A target without write code: enough until `ramp_down`, which is refused by name.

use crossfade::records::Records;
use crossfade::route::{Asked, Stage};
use crossfade::test_util::{Number, Numbers, StoreError};
use crossfade::{Migration, Refused};

use super::records;
use crate::support::{World, asked};

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
