//! The fill copies everything, removes what only the target has, overwrites no live write, and resumes.

use std::time::Duration;

use crossfade::data::{Key, Scope};
use crossfade::fill::{Fill, FillError};
use crossfade::route::Stage;
use crossfade::test_util::{Call, Fault, MemoryStore, Number, Plain, Rates, Request, Stamped};
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

use crate::support::{World, asked, put};

/// A world in `dual_write` whose legacy has records in groups of ten.
async fn with_history(records: i64) -> World {
    let mut world = World::new("").await;
    for n in 0..records {
        world.legacy.seed((n / 10, n), Number::new(1, format!("old {n}")));
    }
    world.reconcile();
    world.routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;
    world
}

fn fill(world: &World) -> Fill<MemoryStore<Plain>, MemoryStore<Stamped>> {
    Fill::new(world.copier.page_size(20))
}

#[tokio::test(start_paused = true)]
async fn everything_is_copied_and_what_only_the_target_has_is_removed() {
    let world = with_history(105).await;
    world.target.seed((3, 7_777), Number::new(1, "left over from a trial"));
    world.target.seed((99, 1), Number::new(1, "in a group that legacy does not have"));
    let progress = fill(&world).run().await.unwrap();
    world.assert_converged();
    assert_eq!((progress.copied, progress.extra, progress.complete), (105, 2, true));
    assert!(world.routing.status().await.unwrap().certificate.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_large_group_costs_each_of_its_keys_once_and_not_once_a_page() {
    let world = World::new("").await;
    let records = 2_000;
    for item in 0..records {
        world.legacy.seed((1, item), Number::new(1, format!("old {item}")));
    }
    world.target.seed((1, -1), Number::new(1, "left over from a trial"));
    world.routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;
    let progress = fill(&world).run().await.unwrap();
    world.assert_converged();
    assert_eq!((progress.copied, progress.extra), (2_000, 1));
    let (pages, reads) = (world.legacy.calls(Call::Page), world.legacy.calls(Call::RecordRead));
    // 100 pages of 20 records there, and back one of its group for each page.
    assert!(pages <= 100 + 1 + 101 && reads <= 2_002, "{pages} pages, {reads} reads");
}

#[tokio::test(start_paused = true)]
async fn a_fill_waits_for_the_writes_of_off_and_their_late_bound() {
    let world = World::new("").await;
    world.legacy.script().next(Call::RequestWrite, Fault::Delay(Duration::from_millis(50)));
    let slow = tokio::spawn(world.stack.clone().oneshot(put(1, 1, 1)));
    tokio::time::sleep(Duration::from_millis(1)).await;
    world.legacy.script().next(Call::RequestWrite, Fault::LateWrite(Duration::from_millis(280)));
    world.call(put(1, 2, 2)).await.unwrap_err();
    let _draining = world.routing.move_to(Stage::DualWrite, asked()).await.unwrap();
    let start = Instant::now();
    fill(&world).run().await.unwrap();
    assert!(
        start.elapsed() >= Duration::from_millis(349),
        "49 ms of drain and the bound of 300: {:?}",
        start.elapsed()
    );
    slow.await.unwrap().unwrap();
    world.assert_converged();
    assert_eq!(world.target.records().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn live_writes_and_deletes_win_over_pages_that_were_read_before() {
    let world = with_history(100).await;
    // Each page is read, and written much later.
    world.target.script().always(Call::Replace, Fault::Delay(Duration::from_millis(40)));
    let running = tokio::spawn(fill(&world).run());
    for round in 0..200_i64 {
        let item = round * 7 % 100;
        if round % 3 == 0 {
            world.call(Request::Delete { group: item / 10, item }).await.unwrap();
        } else {
            world.put(item / 10, item, 100 + round.unsigned_abs()).await;
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    running.await.unwrap().unwrap();
    world.settle().await;
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_is_done_again() {
    let world = with_history(100).await;
    world.target.script().times(30, Call::Replace, Fault::Break);
    world.legacy.script().times(2, Call::Page, Fault::Reject);
    fill(&world).run().await.unwrap();
    world.assert_converged();
    assert!(world.routing.stats().fill_retries >= 2, "{:?}", world.routing.stats());
}

/// A page of the target has as many groups as keys; 500 reads in a row that all succeed do not come at a hundredth of failures.
#[tokio::test(start_paused = true)]
async fn a_page_of_many_groups_passes_though_the_authority_fails_now_and_then() {
    let world = World::new("").await;
    for group in 0..1_500 {
        world.legacy.seed((group, 1), Number::new(1, "one"));
    }
    world.routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;
    world.legacy.script().random_for(Call::Page, 1, Rates { reject: 0.01, ..Rates::default() });
    let fill = tokio::spawn(Fill::new(world.copier.page_size(500)).run());
    while world.legacy.calls(Call::Page) < 100 {
        sleep(Duration::from_micros(100)).await;
    }
    // And is gone for a moment in the midst of it.
    world.legacy.script().times(12, Call::Page, Fault::Reject);
    let progress = fill.await.unwrap().unwrap();
    assert_eq!((progress.copied, progress.complete), (1_500, true));
    // Four pages of the authority, and one of each group; those that failed are asked for again.
    let pages = world.legacy.calls(Call::Page);
    assert!(pages < 1_600, "{pages} pages were read");
}

#[tokio::test(start_paused = true)]
async fn a_fill_that_was_stopped_goes_on_from_its_checkpoint() {
    let world = with_history(200).await;
    world.target.script().always(Call::Replace, Fault::Delay(Duration::from_millis(5)));
    let first = fill(&world);
    let (control, mut progress) = (first.control(), first.progress());
    let running = tokio::spawn(first.run());
    progress.wait_for(|progress| progress.pages >= 3).await.unwrap();
    control.stop();
    assert!(matches!(running.await.unwrap(), Err(FillError::Stopped)));
    let checkpoint = world.routing.status().await.unwrap().fill.unwrap();
    assert!((3..10).contains(&checkpoint.pages), "{checkpoint:?}");
    let before = world.target.replaces().len();
    let progress = fill(&world).run().await.unwrap();
    assert_eq!(progress.copied, 200, "no page is counted twice");
    let copied_again = world.target.replaces().len() - before;
    assert_eq!(
        copied_again as u64,
        200 - checkpoint.copied,
        "what lies before the checkpoint is not copied again"
    );
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn a_mark_on_everything_that_came_after_the_checkpoint_begins_the_fill_anew() {
    let world = with_history(200).await;
    world.target.script().always(Call::Replace, Fault::Delay(Duration::from_millis(5)));
    let first = fill(&world);
    let (control, mut progress) = (first.control(), first.progress());
    let running = tokio::spawn(first.run());
    progress.wait_for(|progress| progress.pages >= 3).await.unwrap();
    control.stop();
    running.await.unwrap().unwrap_err();
    world.legacy.seed((0, 0), Number::new(9, "by a writer that does not go through crossfade"));
    world.journal.mark_for_repair(Scope::Everything).await.unwrap();
    let progress = fill(&world).run().await.unwrap();
    world.settle().await;
    world.assert_converged();
    assert_eq!(progress.copied, 200);
    assert_eq!(world.journal.marks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_fill_pauses_and_resumes() {
    let world = with_history(200).await;
    let paused = fill(&world);
    let (control, progress) = (paused.control(), paused.progress());
    control.pause();
    let running = tokio::spawn(paused.run());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(progress.borrow().pages, 0);
    control.resume();
    running.await.unwrap().unwrap();
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn a_rate_slows_a_fill_down() {
    let world = with_history(200).await;
    let start = Instant::now();
    fill(&world).records_per_second_max(100).run().await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(1_600), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_fill_outside_of_the_stages_that_copy_to_the_target_is_refused() {
    let world = World::new("").await;
    let refused = fill(&world).run().await.unwrap_err();
    assert!(matches!(refused, FillError::Stage { stage: Stage::Off }), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn no_page_runs_across_a_change_of_the_authority() {
    let world = World::at(Stage::Live, "").await;
    for n in 0..100 {
        world.put(n / 10, n, 1).await;
    }
    world.journal.mark_for_repair(Scope::from(Key::new(&1_i64, &1_i64))).await.unwrap();
    // A second fill, slow enough to be in the middle of a page when the authority changes.
    world.target.script().always(Call::Replace, Fault::Delay(Duration::from_millis(30)));
    let running = tokio::spawn(fill(&world).run());
    tokio::time::sleep(Duration::from_millis(330)).await;
    world.routing.move_to(Stage::RampDown, asked()).await.unwrap().drained().await;
    let stopped = running.await.unwrap();
    assert!(matches!(stopped, Err(FillError::Stage { stage: Stage::RampDown }) | Ok(_)), "{stopped:?}");
    world.put(5, 50, 2).await;
    world.settle().await;
    world.assert_converged();
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_refuses_the_certificate() {
    let mut world = World::new("").await;
    world.routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;
    world.reconciler = Some(crossfade::reconcile::Reconciler::new(world.copier).attempts_max(1).spawn());
    world.target.script().always_on(Call::Replace, (1, 1), Fault::Reject);
    world.put(1, 1, 1).await;
    while world.journal.dead_letters(1).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.target.script().clear();
    let refused = fill(&world).run().await.unwrap_err();
    assert!(matches!(refused, FillError::NotCertified(_)), "{refused}");
    world.journal.retry_dead_letters().await.unwrap();
    world.settle().await;
    fill(&world).run().await.unwrap();
}
