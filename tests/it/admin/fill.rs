//! Fills that are started, paused and stopped over HTTP.

use std::time::Duration;

use crossfade::admin::Admin;
use crossfade::fill::Fill;
use crossfade::route::Stage;
use crossfade::test_util::Number;
use serde_json::json;

use super::caller::{Served, ask, serve};
use crate::support::{World, asked};

/// A world in `dual_write` that is not filled, and the API over it; the fill copies ten records a page.
async fn unfilled(records: i64, per_second: u32) -> (World, Served) {
    let world = World::new("").await;
    for item in 0..records {
        world.legacy.seed((1, item), Number::new(1, "before"));
    }
    world.routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;
    let copier = world.copier.page_size(10);
    let admin = Admin::new("numbers", world.routing);
    let served = serve(admin.fill(move || Fill::new(copier).records_per_second_max(per_second))).await;
    (world, served)
}

/// Waits until the fill shown has this member so.
async fn until(served: &Served, is_so: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
    let waiting = async {
        loop {
            let status = served.status().await;
            if is_so(&status) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap()
}

/// How many records the fill has copied.
async fn in_the_journal(world: &World) -> u64 {
    world.journal.status().await.unwrap().fill.map_or(0, |fill| fill.copied)
}

#[tokio::test]
async fn a_fill_that_is_started_ends_in_the_certificate() {
    let (world, served) = unfilled(35, u32::MAX).await;
    let started = served.post("/admin/fill/start", &ask(json!({}))).await;
    assert_eq!(started.is_well()["running"], true);
    served.post("/admin/fill/start", &ask(json!({}))).await.is_problem(409, "fill-runs");
    let status = until(&served, |status| status["fill"]["running"] == false).await;
    assert_eq!(status["journal"]["fill"]["copied"], 35);
    assert_eq!(status["journal"]["certificate"]["records"], 35);
    assert!(status["fill"]["ended"].as_str().unwrap().starts_with("complete"), "{status}");
    world.assert_converged();
    let line = world.journal.audit_log(1).await.unwrap().remove(0);
    assert_eq!((&*line.who, &*line.what), ("anna", "fill: start"));
}

#[tokio::test]
async fn a_fill_pauses_goes_on_and_stops_and_goes_on_from_its_checkpoint() {
    let (world, served) = unfilled(60, 100).await;
    served.post("/admin/fill/pause", &ask(json!({}))).await.is_problem(409, "no-fill");
    served.post("/admin/fill/start", &ask(json!({}))).await.is_well();
    let copied = |status: &serde_json::Value| status["journal"]["fill"]["copied"].as_u64().unwrap_or(0);
    until(&served, |status| copied(status) > 0).await;
    let paused = served.post("/admin/fill/pause", &ask(json!({}))).await;
    assert_eq!(paused.is_well(), &json!({ "running": true, "paused": true, "ended": null }));
    // Nothing comes over the network meanwhile, so that the clock may jump.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_millis(200)).await; // the page that it was at; all six take 600 ms
    let before = in_the_journal(&world).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(in_the_journal(&world).await, before, "it is paused");
    tokio::time::resume();
    served.post("/admin/fill/resume", &ask(json!({}))).await.is_well();
    until(&served, |status| copied(status) > before).await;
    served.post("/admin/fill/stop", &ask(json!({}))).await.is_well();
    let stopped = until(&served, |status| status["fill"]["running"] == false).await;
    assert_eq!(stopped["fill"]["ended"], "the fill was stopped");
    served.post("/admin/fill/start", &ask(json!({}))).await.is_well();
    let status = until(&served, |status| status["fill"]["running"] == false).await;
    assert_eq!(copied(&status), 60, "none was copied twice: it went on from its checkpoint");
    world.assert_converged();
}

#[tokio::test]
async fn a_fill_that_cannot_run_says_why() {
    let (world, served) = unfilled(1, u32::MAX).await;
    world.routing.move_to(Stage::Off, asked()).await.unwrap().drained().await;
    served.post("/admin/fill/start", &ask(json!({}))).await.is_well();
    let status = until(&served, |status| status["fill"]["running"] == false).await;
    assert!(status["fill"]["ended"].as_str().unwrap().contains("stage off"), "{status}");
}
