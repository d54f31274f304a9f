//! Stage moves: drain, hold, the committed stage, certificates, and one snapshot a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossfade::data::{Key, Scope};
use crossfade::fill::Fill;
use crossfade::route::{Asked, RoutingHandle, Stage, Store};
use crossfade::test_util::{Call, Fault, Request};
use tokio::time::Instant;
use tower::ServiceExt;

use crate::support::{World, asked, config, put};

#[tokio::test(start_paused = true)]
async fn a_swap_drains_when_the_last_older_write_has_ended() {
    let world = World::new("").await;
    world.legacy.script().next(Call::RequestWrite, Fault::Delay(Duration::from_millis(70)));
    let write = tokio::spawn(world.stack.clone().oneshot(put(1, 1, 1)));
    tokio::time::sleep(Duration::from_millis(10)).await;
    let start = Instant::now();
    let swapped = world.routing.move_to(Stage::DualWrite, asked()).await.unwrap();
    assert_eq!(world.routing.stats().marks, 0);
    world.stack.clone().oneshot(put(1, 2, 2)).await.unwrap();
    assert_eq!(world.routing.stats().marks, 1, "the next request sees it");
    assert_eq!((start.elapsed(), world.routing.stage()), (Duration::ZERO, Stage::DualWrite), "at once");
    swapped.drained().await;
    assert_eq!(start.elapsed(), Duration::from_millis(60));
    write.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_swap_is_seen_while_an_older_write_hangs() {
    let world = World::at(Stage::Canary, "").await;
    world.legacy.script().next(Call::RequestWrite, Fault::Hang);
    let hung = tokio::spawn(world.stack.clone().oneshot(put(1, 1, 1)));
    tokio::time::sleep(Duration::from_millis(1)).await;
    let _draining = world.routing.move_to(Stage::Live, asked()).await.unwrap();
    let _rollback = world.routing.move_to(Stage::DualWrite, asked()).await.unwrap();
    assert_eq!(world.routing.stage(), Stage::DualWrite);
    hung.abort();
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_authority_holds_writes_and_loses_none() {
    let world = World::at(Stage::Live, "").await;
    for (to, authority) in [(Stage::RampDown, Store::Target), (Stage::Live, Store::Legacy)] {
        let slow = if authority == Store::Target { &world.legacy.script() } else { &world.target.script() };
        slow.next(Call::RequestWrite, Fault::Delay(Duration::from_millis(40)));
        let running = tokio::spawn(world.stack.clone().oneshot(put(1, 1, 1)));
        tokio::time::sleep(Duration::from_millis(1)).await;
        let routing = world.routing;
        let moved = tokio::spawn(async move { routing.move_to(to, asked()).await.map(drop) });
        tokio::time::sleep(Duration::from_millis(1)).await;
        let held = tokio::spawn(world.stack.clone().oneshot(put(1, 2, 2)));
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!held.is_finished(), "writes are held");
        running.await.unwrap().unwrap();
        moved.await.unwrap().unwrap();
        held.await.unwrap().unwrap();
        world.settle().await;
        world.assert_converged();
        assert_eq!(world.routing.stage().authority(), authority);
        assert_eq!(world.legacy.get((1, 2)).unwrap().version, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_runs_out_keeps_the_old_stage_and_callers_see_only_latency() {
    let world = World::at(Stage::Live, "[hold]\nmax = \"200ms\"").await;
    world.legacy.script().next(Call::RequestWrite, Fault::Hang);
    let _hung = tokio::spawn(world.stack.clone().oneshot(put(1, 1, 1)));
    tokio::time::sleep(Duration::from_millis(1)).await;
    let routing = world.routing;
    let start = Instant::now();
    let moved = tokio::spawn(async move { routing.move_to(Stage::RampDown, asked()).await.map(drop) });
    tokio::time::sleep(Duration::from_millis(1)).await;
    world.put(1, 2, 2).await;
    assert_eq!(start.elapsed(), Duration::from_millis(200), "held until the old stage went on");
    let given_up = moved.await.unwrap().unwrap_err();
    assert!(given_up.to_string().contains("still running"), "{given_up}");
    assert_eq!(world.routing.stage(), Stage::Live);
    assert_eq!(world.routing.status().await.unwrap().stage, Stage::Live);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_authority_whose_caller_goes_away_does_not_leave_writes_held() {
    let world = World::at(Stage::Live, "[hold]\nmax = \"200ms\"").await;
    world.legacy.script().next(Call::RequestWrite, Fault::Hang);
    let _hung = tokio::spawn(world.stack.clone().oneshot(put(1, 1, 1)));
    tokio::time::sleep(Duration::from_millis(1)).await;
    let moved = world.routing.move_to(Stage::RampDown, asked());
    tokio::time::timeout(Duration::from_millis(10), moved).await.unwrap_err();
    tokio::time::timeout(Duration::from_secs(1), world.put(1, 2, 2)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_mark_of_any_kind_passes_a_change_of_the_authority() {
    let mut world = World::new("[hold]\nmax = \"200ms\"").await;
    world.walk_to(Stage::Live).await; // without a reconciler
    world.journal.mark_for_repair(Scope::from(Key::new(&1_i64, &1_i64))).await.unwrap();
    let refused = world.routing.move_to(Stage::RampDown, asked()).await.unwrap_err();
    assert!(refused.to_string().contains("1 marks are left"), "{refused}");
    world.reconcile();
    world.routing.move_to(Stage::RampDown, asked()).await.unwrap().drained().await;
}

#[tokio::test(start_paused = true)]
async fn the_target_waits_for_its_own_clock_before_it_is_the_authority() {
    let mut world = World::new("").await;
    world.target.clock_behind(Duration::from_millis(400));
    world.reconcile();
    world.walk_to(Stage::Live).await;
    world.put(1, 1, 1).await;
    let start = Instant::now();
    world.routing.move_to(Stage::RampDown, asked()).await.unwrap().drained().await;
    assert!(start.elapsed() >= Duration::from_millis(390), "{:?}", start.elapsed());
    world.put(1, 1, 2).await;
    assert_eq!(world.target.get((1, 1)).unwrap().version, 2);
}

#[tokio::test(start_paused = true)]
async fn copies_after_the_way_back_win_over_what_the_target_wrote_itself() {
    let world = World::at(Stage::Live, "").await;
    world.target.clock_ahead(Duration::from_secs(60));
    world.routing.move_to(Stage::RampDown, asked()).await.unwrap().drained().await;
    world.put(1, 1, 1).await;
    world.settle().await;
    world.routing.move_to(Stage::Live, asked()).await.unwrap().drained().await;
    world.put(1, 1, 2).await;
    world.settle().await;
    world.assert_converged();
    assert_eq!(world.target.get((1, 1)).unwrap().version, 2);
}

#[tokio::test(start_paused = true)]
async fn canary_needs_the_certificate_or_a_reasoned_force() {
    let world = World::new("").await;
    world.routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;
    world.routing.move_to(Stage::Shadow, asked()).await.unwrap().drained().await;
    let refused = world.routing.move_to(Stage::Canary, asked()).await.unwrap_err();
    assert!(refused.to_string().contains("certificate"), "{refused}");
    let refused = world.routing.move_to(Stage::Canary, Asked::by("ops", " ").with_force()).await.unwrap_err();
    assert!(refused.to_string().contains("reason"), "{refused}");
    let forced = Asked::by("ops", "a drill on an empty store").with_force();
    world.routing.move_to(Stage::Canary, forced).await.unwrap().drained().await;
    let line = world.journal.audit_log(1).await.unwrap().remove(0);
    assert_eq!((line.who.as_str(), line.why.as_str()), ("ops", "a drill on an empty store"));
    assert!(line.what.contains("forced"), "{}", line.what);
}

#[tokio::test(start_paused = true)]
async fn entering_off_voids_the_certificate_and_dirties_everything() {
    let world = World::at(Stage::Shadow, "").await;
    world.routing.move_to(Stage::Off, asked()).await.unwrap().drained().await;
    world.put(1, 1, 1).await;
    assert_eq!(world.target.get((1, 1)), None, "off copies nothing");
    world.routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;
    world.routing.move_to(Stage::Shadow, asked()).await.unwrap().drained().await;
    world.routing.move_to(Stage::Canary, asked()).await.unwrap_err();
    assert_eq!(world.journal.marks(), 1, "everything is marked");
    Fill::new(world.copier).run().await.unwrap();
    world.settle().await;
    world.assert_converged();
    world.routing.move_to(Stage::Canary, asked()).await.unwrap().drained().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_starts_in_the_committed_stage_whatever_its_config_says() {
    let world = World::at(Stage::Canary, "").await;
    world.journal.forget_session();
    let again = RoutingHandle::open(&world.journal, config("stage = \"live\"")).await.unwrap();
    assert_eq!(again.stage(), Stage::Canary, "a wish is no move");
    world.journal.forget_session();
    let refused = RoutingHandle::open(&world.journal, config("stage = \"complete\"")).await.unwrap_err();
    let message = refused.to_string();
    assert!(message.contains("canary") && message.contains("complete"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_resumes_starts_in_the_committed_stage_with_a_config_of_the_first_day() {
    let world = World::at(Stage::Complete, "").await;
    world.journal.forget_session();
    let refused = RoutingHandle::open(&world.journal, config("stage = \"off\"")).await.unwrap_err();
    assert!(refused.to_string().contains("complete"), "{refused}");
    let again = RoutingHandle::resume(&world.journal, config("stage = \"off\"")).await.unwrap();
    assert_eq!(again.stage(), Stage::Complete);
}

#[tokio::test(start_paused = true)]
async fn a_second_routing_over_one_journal_is_refused_while_the_first_is_open() {
    let world = World::at(Stage::DualWrite, "").await;
    let refused = RoutingHandle::resume(&world.journal, config("")).await.unwrap_err();
    assert!(refused.to_string().contains("a journal of its own"), "{refused}");
    world.put(1, 1, 1).await;
    world.routing.close().await.unwrap();
    let next = RoutingHandle::resume(&world.journal, config("")).await.unwrap();
    assert_eq!(next.stage(), Stage::DualWrite);
}

#[tokio::test(start_paused = true)]
async fn a_bad_config_is_refused_whole_and_the_last_good_one_stays() {
    let world = World::at(Stage::Canary, "[cohort]\nweight = \"10%\"").await;
    let mut bad = world.routing.config();
    bad.cohort.weight = "50%".parse().unwrap();
    bad.hold.max = Duration::from_secs(3_600);
    let refused = world.routing.swap(bad).await.unwrap_err();
    assert!(refused.to_string().contains("hold.max"), "{refused}");
    assert_eq!(world.routing.config().cohort.weight.to_string(), "10%");
}

/// In `shadow` everybody is in the cohort, in `canary` nobody: whoever plans by one config and one stage reads legacy. A stage
/// of one swap with the config of another reads the target.
#[test]
fn a_request_sees_one_config_under_thousands_of_swaps() {
    const SWAPS: usize = 20_000;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::at(Stage::Canary, "shadow = { sample = \"0%\" }").await;
        world.legacy.clone().oneshot(put(1, 1, 1)).await.unwrap();
        world.target.clone().oneshot(put(1, 1, 2)).await.unwrap();
        let swapping = Arc::new(AtomicBool::new(true));
        let (stack, until) = (world.stack.clone(), Arc::clone(&swapping));
        let load = tokio::spawn(async move {
            let mut reads = 0;
            while until.load(Ordering::SeqCst) {
                let read = stack.clone().oneshot(Request::Get { group: 1, item: 1 }).await.unwrap();
                assert_eq!(read.record().unwrap().version, 1, "after {reads} reads");
                reads += 1;
            }
            reads
        });
        for swap in 0..SWAPS {
            let (stage, weight) = if swap % 2 == 0 { (Stage::Shadow, "100%") } else { (Stage::Canary, "0%") };
            let mut config = world.routing.config();
            (config.stage, config.cohort.weight) = (stage, weight.parse().unwrap());
            world.routing.swap(config).await.unwrap().drained().await;
        }
        swapping.store(false, Ordering::SeqCst);
        assert!(load.await.unwrap() > SWAPS, "there were reads between the swaps");
    });
}
