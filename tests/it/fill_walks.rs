//! The two walks of a fill: the next page is read ahead, and the second walk asks for many keys at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossfade::copy::{Copier, CopyScopes, PARTS_OF_A_WALK};
use crossfade::data::{FoundKeys, Group, Key, Outcome, Page, RecordKey, RecordStore, Scope, Stamp};
use crossfade::fill::Fill;
use crossfade::protocol::CopyEnd;
use crossfade::route::{Stage, Store};
use crossfade::test_util::{Call, Fault, Flavour, MemoryStore, Number, Numbers, StoreError};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{LATE_BOUND, World, asked};

const MS: Duration = Duration::from_millis(1);

/// A store that gives keys alone, and says of many at once which it has.
struct OfKeys<F: Flavour> {
    store: MemoryStore<F>,
    asked: Arc<AtomicU64>,
}

impl<F: Flavour> OfKeys<F> {
    fn over(store: &MemoryStore<F>) -> Self {
        Self { store: store.clone(), asked: Arc::default() }
    }
}

impl<F: Flavour> Clone for OfKeys<F> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), asked: Arc::clone(&self.asked) }
    }
}

impl<F: Flavour> RecordStore for OfKeys<F> {
    type Data = Numbers;
    type Error = StoreError;
    const KEEPS_STAMPS: bool = F::KEEPS_STAMPS;

    async fn read(
        &self,
        key: &RecordKey<Numbers>,
        now: Stamp,
    ) -> Result<(Stamp, Option<Number>), StoreError> {
        self.store.read(key, now).await
    }

    async fn replace(
        &self,
        key: &RecordKey<Numbers>,
        record: Option<&Number>,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.store.replace(key, record, stamp).await
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Numbers>>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<Numbers>, StoreError> {
        assert!(!F::KEEPS_STAMPS, "the target is asked for keys alone");
        self.store.page(group, after, limit, now).await
    }

    async fn page_of_keys(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Numbers>>,
        limit: usize,
    ) -> Result<Vec<RecordKey<Numbers>>, StoreError> {
        self.store.page_of_keys(group, after, limit).await
    }

    async fn existing_keys(&self, keys: &[RecordKey<Numbers>]) -> Result<FoundKeys<Numbers>, StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        // A read, so that the script can let it fail.
        self.store.read(&keys[0], 0).await?;
        let there = keys.iter().filter(|key| self.store.get((key.group, key.item)).is_some());
        Ok(Some(there.map(|key| (key.group, key.item).into()).collect()))
    }

    fn outcome(error: &StoreError) -> Outcome {
        error.outcome()
    }
}

/// So many groups of one record in legacy, and two on the target that legacy does not have.
async fn with_groups(groups: i64) -> World {
    let world = World::new("").await;
    seed(&world, groups);
    world.routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;
    world
}

fn seed(world: &World, groups: i64) {
    for group in 0..groups {
        world.legacy.seed((group, 1), Number::new(1, "one"));
    }
    world.target.seed((3, 7), Number::new(1, "deleted from legacy"));
    world.target.seed((groups + 5, 1), Number::new(1, "in a group that legacy does not have"));
}

#[tokio::test(start_paused = true)]
async fn an_authority_that_can_be_asked_for_many_keys_is_not_read_group_by_group() {
    let world = with_groups(1_500).await;
    let (legacy, target) = (OfKeys::over(&world.legacy), OfKeys::over(&world.target));
    let copier = Copier::new(world.routing, legacy.clone(), target).page_size(1_000);
    let progress = Fill::new(copier).run().await.unwrap();
    world.assert_converged();
    assert_eq!((progress.copied, progress.extra, progress.complete), (1_500, 2, true));
    assert_eq!(world.legacy.calls(Call::Page), 3, "two pages and none");
    assert_eq!(legacy.asked.load(Ordering::SeqCst), 2 + 2, "500 keys at once");
}

#[tokio::test(start_paused = true)]
async fn keys_that_cannot_be_asked_for_are_looked_for_group_by_group() {
    let world = with_groups(50).await;
    let copier = Copier::new(world.routing, world.legacy.clone(), OfKeys::over(&world.target));
    let progress = Fill::new(copier.page_size(1_000)).run().await.unwrap();
    world.assert_converged();
    assert_eq!((progress.copied, progress.extra), (50, 2));
    assert!(world.legacy.calls(Call::Page) > 50, "{}", world.legacy.calls(Call::Page));
    assert_eq!(world.routing.stats().fill_retries, 0);
}

#[tokio::test(start_paused = true)]
async fn keys_that_the_authority_failed_to_look_for_are_asked_for_again() {
    let world = with_groups(1_500).await;
    world.legacy.script().times(2, Call::RecordRead, Fault::Reject);
    let (legacy, target) = (OfKeys::over(&world.legacy), OfKeys::over(&world.target));
    let copier = Copier::new(world.routing, legacy.clone(), target).page_size(1_000);
    let progress = Fill::new(copier).run().await.unwrap();
    world.assert_converged();
    assert_eq!((progress.copied, progress.extra), (1_500, 2));
    assert_eq!(world.legacy.calls(Call::Page), 3, "two pages and none, and no group");
    assert_eq!(legacy.asked.load(Ordering::SeqCst), 4 + 2, "two of four parts once more");
    assert_eq!(world.routing.stats().fill_retries, 0);
}

#[tokio::test(start_paused = true)]
async fn the_next_page_is_read_while_one_is_copied() {
    let world = with_groups(100).await;
    world.legacy.script().always(Call::Page, Fault::Delay(MS * 10));
    world.target.script().always(Call::Replace, Fault::Delay(MS * 10));
    let fill = Fill::new(world.copier.page_size(10));
    let mut progress = fill.progress();
    let running = tokio::spawn(fill.run());
    progress.wait_for(|progress| progress.pages == 1).await.unwrap();
    let first = Instant::now();
    progress.wait_for(|progress| progress.authority_done).await.unwrap();
    let took = first.elapsed();
    assert!(took < MS * 130, "nine pages of 20 ms each, and one that is empty: {took:?}");
    running.await.unwrap().unwrap();
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn a_fill_that_is_paused_at_any_moment_has_no_page_inside_of_the_gate() {
    for moment in (0..100).step_by(2) {
        let world = with_groups(100).await;
        world.legacy.script().always(Call::Page, Fault::Delay(MS * 3));
        world.target.script().always(Call::Replace, Fault::Delay(MS * 5));
        let fill = Fill::new(world.copier.page_size(10));
        let control = fill.control();
        let running = tokio::spawn(fill.run());
        sleep(LATE_BOUND + MS * moment).await;
        control.pause();
        sleep(MS * 100).await;
        let drained = world.routing.move_to(Stage::Shadow, asked()).await.unwrap();
        let drained = timeout(MS * 1_000, drained.drained()).await;
        assert!(drained.is_ok(), "paused after {moment} ms, and a drain waits for it");
        control.resume();
        running.await.unwrap().unwrap();
        world.assert_converged();
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_was_read_ahead_of_a_stage_move_is_dropped_and_read_again() {
    let world = with_groups(100).await;
    world.target.script().always(Call::Replace, Fault::Delay(MS * 10));
    let (legacy, target) = (OfKeys::over(&world.legacy), OfKeys::over(&world.target));
    let fill = Fill::new(Copier::new(world.routing, legacy, target).page_size(10));
    let mut progress = fill.progress();
    let running = tokio::spawn(fill.run());
    progress.wait_for(|progress| progress.pages == 2).await.unwrap();
    let drained = world.routing.move_to(Stage::Shadow, asked()).await.unwrap();
    timeout(MS * 15, drained.drained()).await.expect("the page that is copied is all that it waits for");
    running.await.unwrap().unwrap();
    assert_eq!(world.legacy.calls(Call::Page), 11 + 1, "ten pages and none, and one of them twice");
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn a_page_that_was_read_ahead_of_a_hold_is_dropped_and_read_again() {
    let world = World::new("[hold]\nmax = \"200ms\"").await;
    seed(&world, 100);
    world.walk_to(Stage::Live).await;
    // With nobody to repair it, the hold runs out, and the fill goes on in the stage that it began in.
    world.journal.mark_for_repair(Scope::from(Key::new(&1_i64, &1_i64))).await.unwrap();
    world.target.script().always(Call::Replace, Fault::Delay(MS * 10));
    let before = world.legacy.calls(Call::Page);
    let (legacy, target) = (OfKeys::over(&world.legacy), OfKeys::over(&world.target));
    let fill = Fill::new(Copier::new(world.routing, legacy, target).page_size(10));
    let mut progress = fill.progress();
    let running = tokio::spawn(fill.run());
    progress.wait_for(|progress| progress.pages == 2).await.unwrap();
    let given_up = world.routing.move_to(Stage::RampDown, asked()).await.unwrap_err();
    assert!(given_up.to_string().contains("marks are left"), "no page was waited for: {given_up}");
    assert_eq!(progress.borrow().pages, 3, "it waits at the next page");
    running.await.unwrap().unwrap();
    assert_eq!(world.legacy.calls(Call::Page) - before, 11 + 1, "ten pages and none, and one of them twice");
}

#[tokio::test(start_paused = true)]
async fn a_fill_that_keeps_to_a_rate_copies_no_more_at_once_than_a_second_of_it() {
    let world = with_groups(100).await;
    let fill = Fill::new(world.copier.page_size(1_000)).records_per_second_max(10);
    let mut progress = fill.progress();
    let running = tokio::spawn(fill.run());
    let first = progress.wait_for(|progress| progress.pages == 1).await.unwrap().copied;
    assert_eq!(first, 10);
    running.await.unwrap().unwrap();
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn the_copy_of_a_group_leaves_the_secondary_to_others_though_a_fill_takes_much_of_it() {
    let world = World::new("").await;
    for item in 0..64 {
        world.legacy.seed((1, item), Number::new(1, "one"));
    }
    world.target.script().always(Call::Replace, Fault::Delay(MS * 10));
    let start = Instant::now();
    let end = world.copier.concurrency(64).copy(&Group::new(&1_i64).into(), Store::Legacy).await;
    assert_eq!((end, start.elapsed()), (CopyEnd::Copied, MS * 160), "64 records, {PARTS_OF_A_WALK} at once");
    world.assert_converged();
}
