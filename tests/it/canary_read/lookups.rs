//! Reads that have no key.

use crossfade::data::Key;
use crossfade::route::{Stage, Store};
use crossfade::test_util::Request;

use super::{Call, Canary};

fn find() -> Call {
    Call::new(Request::FindByText("text 3".into()))
}

#[tokio::test(start_paused = true)]
async fn a_lookup_goes_to_the_authority_until_its_operation_is_enabled_by_name() {
    for (stage, cohort) in [(Stage::Canary, "[cohort]\nallow = [\"1\"]"), (Stage::Live, "")] {
        let canary = Canary::at(stage, cohort).await;
        assert_eq!(canary.from(find()).await, Store::Legacy, "{stage}");
        canary.swap(&format!("{cohort}\n[lookups.find_by_number]\ntarget = true")).await;
        assert_eq!(canary.from(find()).await, Store::Legacy, "{stage}: another one is");
        canary.swap(&format!("{cohort}\n[lookups.find_by_text]\ntarget = true")).await;
        let found = canary.call(find()).await.unwrap();
        assert_eq!((found.from, found.records().len()), (Store::Target, 3), "{stage}");
        canary.swap(&format!("{cohort}\n[lookups.find_by_text]\ntarget = false")).await;
        assert_eq!(canary.from(find()).await, Store::Legacy, "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_enabled_lookup_goes_to_the_authority_while_anything_at_all_is_dirty() {
    let mut canary = Canary::at(Stage::Live, "[lookups.find_by_text]\ntarget = true").await;
    canary.world.journal.mark_for_repair(Key::new(&9, &1).into()).await.unwrap();
    assert_eq!(canary.from(find()).await, Store::Legacy);
    assert_eq!(canary.from(Call::get(3, 1)).await, Store::Target, "a key read knows better");
    canary.world.reconcile();
    canary.world.settle().await;
    assert_eq!(canary.from(find()).await, Store::Target);
}

#[tokio::test(start_paused = true)]
async fn in_canary_an_enabled_lookup_goes_to_the_target_for_the_cohort_alone() {
    let canary =
        Canary::at(Stage::Canary, "[cohort]\nallow = [\"2\"]\n[lookups.find_by_text]\ntarget = true").await;
    assert_eq!(canary.from(find()).await, Store::Legacy, "it is asked by 1");
}
