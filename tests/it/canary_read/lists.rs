//! Lists: one answer is one store's, and a page token names its store.

use crossfade::data::Key;
use crossfade::route::{Stage, Store};
use crossfade::test_util::Number;

use super::{Call, Canary};

#[tokio::test(start_paused = true)]
async fn a_list_is_the_answer_of_one_store_though_a_part_of_it_is_dirty() {
    let canary = Canary::at(Stage::Live, "").await;
    canary.world.legacy.seed((1, 1), Number::new(2, "by a nightly job"));
    canary.world.legacy.seed((1, 3), Number::new(2, "by a nightly job"));
    canary.world.journal.mark_for_repair(Key::new(&1, &1).into()).await.unwrap();
    let list = canary.call(Call::list(1)).await.unwrap();
    let versions: Vec<_> = list.records().iter().map(|((_, item), record)| (*item, record.version)).collect();
    assert_eq!((list.from, versions), (Store::Legacy, vec![(1, 2), (2, 1), (3, 2)]));
}

/// The token of a first page holds the store that gave it, and the caller asks it for the second.
#[tokio::test(start_paused = true)]
async fn the_next_page_comes_from_the_store_that_its_token_names_whatever_the_cohort_is_by_then() {
    let canary = Canary::at(Stage::Canary, "[cohort]\nallow = [\"1\"]\nread_override = true").await;
    for (group, token) in [(1, Store::Target), (2, Store::Legacy)] {
        assert_eq!(canary.from(Call::list(group)).await, token, "the first page");
    }
    canary.swap("[cohort]\nallow = [\"2\"]\nread_override = true").await;
    for (group, token) in [(1, Store::Target), (2, Store::Legacy)] {
        assert_eq!(canary.from(Call::list(group).asks_for(token)).await, token, "the second page");
        assert_ne!(canary.from(Call::list(group)).await, token, "a list that begins anew");
    }
}
