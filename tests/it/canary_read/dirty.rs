//! Reads of what may differ.

use std::time::Duration;

use crossfade::data::{Group, Key, Scope};
use crossfade::route::{Stage, Store};
use crossfade::test_util::{self, Fault, Number};
use tokio::time::sleep;

use super::{Call, Canary};
use crate::support::put;

const ALL_IN: &str = "[cohort]\nweight = \"100%\"\n[writes]\nwait = \"0s\"";

#[tokio::test(start_paused = true)]
async fn a_key_is_read_from_the_authority_until_its_copy_has_ended_and_then_from_the_target() {
    for stage in [Stage::Canary, Stage::Live] {
        let canary = Canary::at(stage, ALL_IN).await;
        let slow = Fault::Delay(Duration::from_millis(100));
        canary.world.target.script().next(test_util::Call::Replace, slow);
        canary.call(Call::new(put(1, 1, 2))).await.unwrap();
        let read = canary.call(Call::get(1, 1)).await.unwrap();
        assert_eq!((read.from, read.record().unwrap().version), (Store::Legacy, 2), "{stage}");
        assert_eq!(canary.from(Call::get(1, 2)).await, Store::Target, "{stage}: its neighbour is clean");
        sleep(Duration::from_millis(99)).await;
        assert_eq!(canary.from(Call::get(1, 1)).await, Store::Legacy, "{stage}: it has not landed");
        sleep(Duration::from_millis(2)).await;
        let read = canary.call(Call::get(1, 1)).await.unwrap();
        assert_eq!((read.from, read.record().unwrap().version), (Store::Target, 2), "{stage}");
        assert_eq!(canary.world.routing.stats().dirty_reads, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_dirty_before_the_caller_of_its_write_is_answered() {
    let canary = Canary::at(Stage::Live, ALL_IN).await;
    let slow = Fault::SlowAnswer(Duration::from_millis(50));
    canary.world.legacy.script().next(test_util::Call::RequestWrite, slow);
    let stack = canary.stack.clone();
    let write = tokio::spawn(tower::ServiceExt::oneshot(stack, Call::new(put(1, 1, 2))));
    sleep(Duration::from_millis(10)).await;
    assert_eq!(canary.from(Call::get(1, 1)).await, Store::Legacy);
    write.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_group_is_dirty_while_any_key_of_it_is() {
    let mut canary = Canary::at(Stage::Live, ALL_IN).await;
    canary.world.journal.mark_for_repair(Key::new(&1, &1).into()).await.unwrap();
    canary.world.journal.mark_for_repair(Key::new(&1, &2).into()).await.unwrap();
    assert_eq!(canary.from(Call::list(1)).await, Store::Legacy);
    assert_eq!(canary.from(Call::list(2)).await, Store::Target);
    assert_eq!(canary.from(Call::get(1, 3)).await, Store::Target, "one that no mark names");
    canary.world.reconcile();
    canary.world.settle().await;
    assert_eq!(canary.from(Call::list(1)).await, Store::Target);
}

#[tokio::test(start_paused = true)]
async fn a_mark_on_a_group_dirties_its_keys_and_one_on_everything_all() {
    let canary = Canary::at(Stage::Live, ALL_IN).await;
    canary.world.journal.mark_for_repair(Group::new(&1).into()).await.unwrap();
    assert_eq!(canary.from(Call::get(1, 1)).await, Store::Legacy);
    assert_eq!(canary.from(Call::get(2, 1)).await, Store::Target);
    canary.world.journal.mark_for_repair(Scope::Everything).await.unwrap();
    assert_eq!(canary.from(Call::get(2, 1)).await, Store::Legacy);
}

#[tokio::test(start_paused = true)]
async fn a_create_dirties_its_group_until_its_key_is_copied() {
    let canary = Canary::at(Stage::Live, ALL_IN).await;
    canary.world.legacy.raise_ids_above(100);
    let slow = Fault::Delay(Duration::from_millis(100));
    canary.world.target.script().next(test_util::Call::Replace, slow);
    let create = test_util::Request::Create { group: 1, record: Number::new(5, "new") };
    let item = canary.call(Call::new(create)).await.unwrap().created().unwrap();
    for call in [Call::get(1, item), Call::get(1, 1), Call::list(1)] {
        assert_eq!(canary.from(call.clone()).await, Store::Legacy, "{call:?}");
    }
    sleep(Duration::from_millis(101)).await;
    assert_eq!(canary.from(Call::get(1, item)).await, Store::Target);
    assert_eq!(canary.from(Call::list(1)).await, Store::Target);
}
