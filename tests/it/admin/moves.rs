//! `POST /admin/stage`.

use std::time::Duration;

use crossfade::reconcile::Reconciler;
use crossfade::route::{Asked, Stage};
use crossfade::test_util::{Call, Fault, Request, Response, StoreError};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use super::caller::{ask, serve_world};
use crate::support::{World, asked, put};

/// A write that legacy has in its hands.
async fn running(world: &World, request: Request) -> JoinHandle<Result<Response, StoreError>> {
    let before = world.legacy.calls(Call::RequestWrite);
    let running = tokio::spawn(world.stack.clone().oneshot(request));
    while world.legacy.calls(Call::RequestWrite) == before {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    running
}

/// Writes until one is held: a move is under way.
async fn until_writes_are_held(world: &World) {
    while world.routing.stats().writes_held == 0 {
        drop(tokio::spawn(world.stack.clone().oneshot(put(2, 1, 1))));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_move_is_committed_when_it_is_answered() {
    let world = World::at(Stage::Canary, "").await;
    let served = serve_world(&world).await;
    let epoch = world.routing.status().await.unwrap().epoch;
    let moved = served.post("/admin/stage", &ask(json!({ "stage": "live" }))).await;
    assert_eq!(moved.is_well(), &json!({ "from": "canary", "stage": "live", "epoch": epoch + 1 }));
    let status = world.routing.status().await.unwrap();
    assert_eq!((status.stage, status.epoch, world.routing.stage()), (Stage::Live, epoch + 1, Stage::Live));
    let line = world.journal.audit_log(1).await.unwrap().remove(0);
    assert_eq!((&*line.who, &*line.what, &*line.why), ("anna", "stage canary -> live", "a drill"));
}

#[tokio::test]
async fn an_illegal_move_names_the_legal_ones() {
    let world = World::at(Stage::Shadow, "").await;
    let served = serve_world(&world).await;
    let refused = served.post("/admin/stage", &ask(json!({ "stage": "complete" }))).await;
    let problem = refused.is_problem(409, "illegal-move");
    assert_eq!(problem["stage"], "shadow");
    assert_eq!(problem["legal_moves"], json!(["off", "dual_write", "canary"]));
    assert_eq!(world.routing.stage(), Stage::Shadow);
}

#[tokio::test]
async fn a_move_without_the_certificate_says_what_to_do_and_force_goes_all_the_same() {
    let world = World::new("").await;
    for stage in [Stage::DualWrite, Stage::Shadow] {
        world.routing.move_to(stage, asked()).await.unwrap().drained().await;
    }
    let served = serve_world(&world).await;
    let moves = served.status().await["moves"].clone();
    assert_eq!(moves[2], json!({ "to": "canary", "holds_writes": false, "blocked": "no-certificate" }));
    let canary = ask(json!({ "stage": "canary" }));
    let refused = served.post("/admin/stage", &canary).await;
    let what = refused.is_problem(409, "no-certificate")["do"].as_str().unwrap().to_owned();
    assert!(what.contains("fill"), "{what}");
    let forced = served.post("/admin/stage", &ask(json!({ "stage": "canary", "force": true }))).await;
    forced.is_well();
    let line = world.journal.audit_log(1).await.unwrap().remove(0);
    assert_eq!((&*line.who, &*line.what), ("anna", "stage shadow -> canary, forced without the certificate"));
}

#[tokio::test]
async fn dead_letters_block_a_change_of_the_authority_until_they_are_retried() {
    let mut world = World::at(Stage::Live, "").await;
    world.reconciler.take().unwrap().stop().await;
    world.target.script().always_on(Call::Replace, (1, 5), Fault::Reject);
    world.put(1, 5, 1).await;
    let reconciler = Reconciler::new(world.copier).attempts_max(1).spawn();
    while world.routing.status().await.unwrap().marks.dead == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let served = serve_world(&world).await;
    let ramp_down = ask(json!({ "stage": "ramp_down" }));
    let refused = served.post("/admin/stage", &ramp_down).await;
    let problem = refused.is_problem(409, "dead-letters");
    assert_eq!(problem["dead_letters"], 1);
    assert!(problem["do"].as_str().unwrap().contains("/admin/dead-letters/retry"), "{problem}");

    let journal = served.get("/admin/journal").await;
    let letter = &journal.is_well()["dead_letters"][0];
    assert!(letter["scope"].as_str().unwrap().starts_with("key #"), "{letter}");
    assert_eq!(letter["reason"], "copy_failed");

    world.target.script().clear();
    let retried = served.post("/admin/dead-letters/retry", &ask(json!({}))).await;
    assert_eq!(retried.is_well(), &json!({ "retried": 1 }));
    world.settle().await;
    let line = world.journal.audit_log(1).await.unwrap().remove(0);
    assert_eq!((&*line.who, &*line.what), ("anna", "retry of 1 dead letters"));
    served.post("/admin/stage", &ramp_down).await.is_well();
    world.assert_converged();
    reconciler.stop().await;
}

#[tokio::test]
async fn a_hold_that_ran_out_says_when_to_ask_again() {
    let world = World::at(Stage::Live, "[hold]\nmax = \"200ms\"").await;
    world.legacy.script().next(Call::RequestWrite, Fault::Hang);
    let hung = running(&world, put(1, 1, 1)).await;
    let served = serve_world(&world).await;
    let given_up = served.post("/admin/stage", &ask(json!({ "stage": "ramp_down" }))).await;
    given_up.is_problem(503, "hold-ran-out");
    assert_eq!(given_up.headers["retry-after"], "1", "the late bound is 300 ms");
    assert_eq!(world.routing.stage(), Stage::Live);
    hung.abort();
}

#[tokio::test]
async fn a_move_goes_on_when_its_caller_goes_away() {
    let world = World::at(Stage::Live, "").await;
    let slow = Fault::Delay(Duration::from_millis(300));
    world.legacy.script().next(Call::RequestWrite, slow);
    let running = running(&world, put(1, 1, 1)).await;
    let served = serve_world(&world).await;
    let body = ask(json!({ "stage": "ramp_down" })).to_string();
    let head = "POST /admin/stage HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let mut caller = TcpStream::connect(served.address).await.unwrap();
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    caller.write_all(request.as_bytes()).await.unwrap();
    until_writes_are_held(&world).await;
    drop(caller);
    assert_eq!(world.routing.stage(), Stage::Live);
    running.await.unwrap().unwrap();
    let moved = async {
        while world.routing.stage() != Stage::RampDown {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), moved).await.unwrap();
}

#[tokio::test]
async fn whoever_does_not_say_who_and_why_is_refused() {
    let world = World::at(Stage::Canary, "").await;
    let served = serve_world(&world).await;
    for (body, path) in [
        (json!({ "stage": "live", "by": "anna", "reason": " " }), "reason"),
        (json!({ "stage": "live", "by": "", "reason": "a drill" }), "by"),
        (json!({ "stage": "live", "by": "a".repeat(201), "reason": "a drill" }), "by"),
        (json!({ "stage": "live", "by": "anna", "reason": "r".repeat(2_001) }), "reason"),
        (json!({ "stage": "lively", "by": "anna", "reason": "a drill" }), "stage"),
        (ask(json!({ "stage": "live", "forse": true })), "forse"),
        (json!({ "stage": "live", "by": "anna" }), "."),
    ] {
        let refused = served.post("/admin/stage", &body).await;
        assert_eq!(refused.is_problem(422, "bad-request")["path"], path, "{body}");
    }
    assert_eq!(world.routing.stage(), Stage::Canary);
}

#[tokio::test]
async fn whoever_gives_no_name_is_the_admin_api_in_the_audit_log() {
    let world = World::at(Stage::Canary, "").await;
    let served = serve_world(&world).await;
    let asked = json!({ "stage": "live", "reason": "the canary is well" });
    served.post("/admin/stage", &asked).await.is_well();
    assert_eq!(
        served
            .put("/admin/routing?reason=a%20drill", "application/toml", "[cohort]\nweight = \"7%\"")
            .await
            .status,
        200
    );
    let journal = served.get("/admin/journal?audit=2").await;
    let who: Vec<&str> = journal.is_well()["audit"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["who"].as_str().unwrap())
        .collect();
    assert_eq!(who, ["admin API", "admin API"]);
}

#[tokio::test]
async fn a_closed_migration_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("journal.db").display());
    let journal = crossfade::journal::Journal::open(&url).await.unwrap();
    let routing = crossfade::route::RoutingHandle::open(&journal, Default::default()).await.unwrap();
    let served = super::caller::serve(crossfade::admin::Admin::new("numbers", routing)).await;
    routing.close().await.unwrap();
    let refused = served.post("/admin/stage", &ask(json!({ "stage": "dual_write" }))).await;
    refused.is_problem(503, "closed");
    let status = served.status().await;
    assert_eq!(status["stage"], "off");
    assert!(status["journal"]["error"].as_str().unwrap().contains("closed"), "{status}");
}

#[tokio::test]
async fn the_way_back_needs_nothing() {
    let world = World::at(Stage::Live, "").await;
    let served = serve_world(&world).await;
    served.post("/admin/stage", &ask(json!({ "stage": "dual_write" }))).await.is_well();
    assert_eq!(world.routing.stage(), Stage::DualWrite);
    // What was filled stays filled: the way forward is open.
    let status = served.status().await;
    assert!(status["journal"]["certificate"]["issued"].is_string(), "{status}");
    world.routing.move_to(Stage::Off, Asked::by("ops", "all the way")).await.unwrap().drained().await;
    assert!(served.status().await["journal"]["certificate"].is_null());
}
