//! Marks that stand for the writes that follow: `writes.linger` and `writes.mark`.

use std::time::Duration;

use crossfade::copy::Copier;
use crossfade::data::{Group, Key, Scope};
use crossfade::journal::{Journal, MarkCounts, STANDING_ROWS_MAX};
use crossfade::reconcile::Reconciler;
use crossfade::route::Stage;
use crossfade::test_util::{Call, Fault, Request};
use tokio::time::{Instant, sleep};

use crate::support::{LATE_BOUND, World, asked, config, put};

const SECOND: Duration = Duration::from_secs(1);
const BY_KEY: &str = "writes = { linger = \"30s\" }\nhold = { max = \"1s\" }";
const BY_GROUP: &str = "writes = { linger = \"30s\", mark = \"group\" }\nhold = { max = \"1s\" }";

fn running(rows: u64) -> MarkCounts {
    MarkCounts { running: rows, ..MarkCounts::default() }
}

async fn marks(world: &World) -> MarkCounts {
    world.routing.status().await.unwrap().marks
}

/// How many writes recorded a mark, and how many took one over.
fn marked(world: &World) -> (u64, u64) {
    let stats = world.routing.stats();
    (stats.marks, stats.marks_shared)
}

#[tokio::test(start_paused = true)]
async fn writes_of_a_key_share_a_mark_which_goes_when_its_time_has_passed() {
    let world = World::at(Stage::DualWrite, "writes = { linger = \"1s\" }").await;
    for version in 1..=10 {
        world.put(1, 1, version).await;
        sleep(SECOND / 100).await;
    }
    assert_eq!((marked(&world), marks(&world).await), ((1, 9), running(1)));
    assert_eq!(world.journal.marks(), 0, "nothing is dirty");
    world.assert_converged();
    sleep(SECOND).await;
    assert_eq!(marks(&world).await, running(0));
    world.put(1, 1, 11).await;
    assert_eq!(marked(&world), (2, 9));
}

#[tokio::test(start_paused = true)]
async fn by_default_each_write_has_a_mark_of_its_own() {
    let world = World::at(Stage::DualWrite, "").await;
    for version in 1..=3 {
        world.put(1, 1, version).await;
        assert_eq!(marks(&world).await, running(0));
    }
    assert_eq!(marked(&world), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_linger_that_is_put_in_force_holds_for_the_next_write() {
    let world = World::at(Stage::DualWrite, "").await;
    for (version, linger, rows) in [(1, 30 * SECOND, 1), (2, Duration::ZERO, 0)] {
        let mut config = world.routing.config();
        config.writes.linger = linger;
        let _drained = world.routing.swap(config).await.unwrap();
        world.put(1, 1, version).await;
        assert_eq!(marks(&world).await, running(rows));
    }
    assert_eq!(marked(&world), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_move_that_waits_for_marks_takes_out_what_stands_and_does_not_wait_for_it() {
    for (from, to) in
        [(Stage::Live, Stage::RampDown), (Stage::RampDown, Stage::Live), (Stage::RampDown, Stage::Complete)]
    {
        let world = World::at(from, BY_KEY).await;
        world.put(1, 1, 1).await;
        assert_eq!(marks(&world).await, running(1));
        let start = Instant::now();
        world.routing.move_to(to, asked()).await.unwrap().drained().await;
        assert!(start.elapsed() < SECOND / 10, "{to}: {:?}", start.elapsed());
        assert_eq!(marks(&world).await, running(0), "{to}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_move_under_the_same_authority_leaves_what_stands_to_its_time() {
    let world = World::at(Stage::Canary, BY_KEY).await;
    world.put(1, 1, 1).await;
    world.routing.move_to(Stage::Live, asked()).await.unwrap().drained().await;
    assert_eq!(marks(&world).await, running(1));
    world.put(1, 1, 2).await;
    assert_eq!(
        (marked(&world), marks(&world).await),
        ((2, 0), running(2)),
        "a mark of another epoch is not shared"
    );
    sleep(31 * SECOND).await;
    assert_eq!(marks(&world).await, running(0));
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_fails_under_a_mark_that_was_taken_over_is_repaired() {
    for toml in [BY_KEY, BY_GROUP] {
        let world = World::at(Stage::DualWrite, toml).await;
        world.put(1, 1, 1).await;
        world.target.script().next(Call::Replace, Fault::Reject);
        world.put(1, 1, 2).await;
        assert_eq!((marked(&world), world.journal.marks()), ((1, 1), 1));
        assert_eq!(
            marks(&world).await,
            MarkCounts { left: 1, ..running(0) },
            "it is left, and stands no more"
        );
        world.settle().await;
        world.assert_converged();
        assert_eq!(world.target.get((1, 1)).unwrap().version, 2);
        assert_eq!(world.routing.stats().marks_repaired, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_write_under_a_mark_that_was_taken_over_reaches_the_secondary() {
    for toml in [BY_KEY, BY_GROUP] {
        let world = World::at(Stage::DualWrite, toml).await;
        world.put(1, 1, 1).await;
        world.legacy.script().next(Call::RequestWrite, Fault::LateWrite(Duration::from_millis(250)));
        world.call(put(1, 1, 2)).await.unwrap_err();
        world.settle().await;
        world.assert_converged();
        assert_eq!((marked(&world), world.target.get((1, 1)).unwrap().version), ((1, 1), 2));
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_what_stood_is_repaired_when_nobody_can_write_under_it_any_more() {
    for (toml, dirty) in [(BY_KEY, Scope::from(Key::new(&1, &1))), (BY_GROUP, Scope::from(Group::new(&1)))] {
        let mut world = World::at(Stage::DualWrite, toml).await;
        world.reconciler.take().unwrap().stop().await;
        world.put(1, 1, 1).await;
        assert_eq!(world.journal.marks(), 0);
        let routing = world.start_again(toml).await;
        assert_eq!((world.journal.marks(), routing.status().await.unwrap().marks.left), (1, 1), "{dirty}");

        let start = Instant::now();
        let reconciler =
            Reconciler::new(Copier::new(routing, world.legacy.clone(), world.target.clone())).spawn();
        while world.journal.marks() > 0 {
            sleep(Duration::from_millis(10)).await;
        }
        let waited = start.elapsed();
        assert!(waited >= 30 * SECOND + LATE_BOUND && waited < 32 * SECOND, "{waited:?}");
        assert_eq!(routing.stats().marks_repaired, 1);
        reconciler.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn keys_of_a_group_share_its_mark_and_are_dirty_alone() {
    let world = World::at(Stage::Live, BY_GROUP).await;
    for item in 1..=5 {
        world.put(1, item, 1).await;
    }
    world.call(Request::Delete { group: 1, item: 3 }).await.unwrap();
    assert_eq!((marked(&world), marks(&world).await), ((1, 5), running(1)));

    // While a write runs, its key alone is read from the authority.
    world.target.script().next(Call::Replace, Fault::Delay(SECOND));
    let write = tokio::spawn({
        let stack = world.stack.clone();
        async move { tower::ServiceExt::oneshot(stack, put(1, 1, 2)).await }
    });
    sleep(SECOND / 10).await;
    let before = world.routing.stats().dirty_reads;
    world.get(1, 2).await;
    assert_eq!(world.routing.stats().dirty_reads, before);
    world.get(1, 1).await;
    assert_eq!(world.routing.stats().dirty_reads, before + 1);
    write.await.unwrap().unwrap();
    world.settle().await;
    world.assert_converged();
    assert_eq!(marked(&world), (1, 6));
}

#[tokio::test(start_paused = true)]
async fn a_delete_whose_copy_failed_is_repaired_by_its_key_and_not_by_the_group() {
    let world = World::at(Stage::DualWrite, BY_GROUP).await;
    world.put(1, 1, 1).await;
    world.target.script().next(Call::Replace, Fault::Reject);
    world.call(Request::Delete { group: 1, item: 1 }).await.unwrap();
    assert_eq!(world.journal.marks(), 1);
    let pages = world.target.calls(Call::Page);
    world.settle().await;
    world.assert_converged();
    assert_eq!(world.target.calls(Call::Page), pages, "no walk of the group, which could miss it");
}

#[tokio::test(start_paused = true)]
async fn marks_that_find_no_room_to_stand_are_counted() {
    let world = World::at(Stage::DualWrite, BY_KEY).await;
    for item in 0..=STANDING_ROWS_MAX as i64 {
        world.put(1, item, 1).await;
    }
    assert_eq!(world.routing.stats().marks_without_room, 1);
    assert_eq!(marks(&world).await, running(STANDING_ROWS_MAX as u64));
}

#[tokio::test(start_paused = true)]
async fn a_close_leaves_nothing_that_stands() {
    let mut world = World::at(Stage::DualWrite, BY_KEY).await;
    world.reconciler.take().unwrap().stop().await;
    world.put(1, 1, 1).await;
    assert_eq!(marks(&world).await, running(1));
    world.routing.close().await.unwrap();
    assert_eq!(world.journal.status().await.unwrap().marks, running(0));
}

#[tokio::test]
async fn a_journal_in_a_file_is_asked_once_for_many_writes() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("journal.db").display());
    let journal = Journal::open(&url).await.unwrap();
    let legacy = crossfade::test_util::MemoryStore::legacy();
    let target = crossfade::test_util::MemoryStore::target();
    let mut world = World::with(journal, legacy, target, config(BY_KEY)).await;
    world.reconcile();
    world.walk_to(Stage::DualWrite).await;
    for version in 1..=50 {
        world.put(1, 1, version).await;
    }
    assert_eq!(marked(&world), (1, 49));
    world.settle().await;
    world.assert_converged();
    world.reconciler.take().unwrap().stop().await;
    world.routing.close().await.unwrap();
    let journal = Journal::open(&url).await.unwrap();
    assert_eq!((journal.marks(), journal.status().await.unwrap().marks), (0, running(0)));
}
