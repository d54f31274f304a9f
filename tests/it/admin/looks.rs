//! What the API shows, and what it does not.

use std::time::Duration;

use crossfade::admin::Admin;
use crossfade::data::{Key, Scope};
use crossfade::mismatch_metrics::{MismatchMetricsLayer, by_form};
use crossfade::route::{RouteLayer, Stage};
use crossfade::store::TargetLayer;
use crossfade::test_util::{Number, Request, Response, StoreError};
use serde_json::json;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};

use super::caller::{ask, serve, serve_world};
use crate::support::World;

#[tokio::test]
async fn the_status_says_everything_at_a_glance() {
    let mut world = World::at(Stage::Canary, "[cohort]\nweight = \"5%\"\nallow = [\"smith\"]").await;
    world.put(1, 1, 1).await;
    world.settle().await;
    world.reconciler.take().unwrap().stop().await;
    world.journal.mark_for_repair(Scope::from(Key::new(&1, &4711))).await.unwrap();
    let served = serve_world(&world).await;
    let status = served.status().await;
    for (member, value) in [
        ("migration", json!("numbers")),
        ("stage", json!("canary")),
        ("authority", json!("legacy")),
        ("holding", json!(false)),
        ("marks", json!(1)),
        ("unaccounted_writes", json!(0)),
        ("config_file", json!(null)),
    ] {
        assert_eq!(status[member], value, "{member}");
    }
    assert_eq!(status["epoch"], world.routing.status().await.unwrap().epoch);
    assert_eq!(status["journal"]["marks"], json!({ "running": 0, "left": 1, "claimed": 0, "dead": 0 }));
    assert_eq!(status["journal"]["fill"]["complete"], true);
    assert!(status["journal"]["certificate"]["issued"].as_str().unwrap().ends_with('Z'));
    assert_eq!(status["config"]["cohort"]["weight"], "5%");
    assert_eq!(status["stats"]["writes_applied"], 1);
    let moves: Vec<_> = status["moves"].as_array().unwrap().iter().map(|to| to["to"].clone()).collect();
    assert_eq!(moves, ["off", "dual_write", "shadow", "live"]);
    assert!(!status.to_string().contains("smith") && !status.to_string().contains("4711"), "{status}");
}

#[tokio::test]
async fn the_journal_shows_its_newest_lines_and_no_key() {
    let world = World::at(Stage::Shadow, "").await;
    let served = serve_world(&world).await;
    let journal = served.get("/admin/journal?audit=1").await;
    let journal = journal.is_well();
    assert_eq!(journal["audit"].as_array().unwrap().len(), 1);
    assert_eq!(journal["audit"][0]["what"], "stage dual_write -> shadow");
    assert_eq!((&journal["audit"][0]["who"], &journal["dead_letters"]), (&json!("test"), &json!([])));
    assert_eq!(served.get("/admin/journal").await.is_well()["audit"].as_array().unwrap().len(), 2);
    served.get("/admin/journal?lines=1").await.is_problem(422, "bad-request");
    served.get("/admin/journal?audit=x").await.is_problem(422, "bad-request");
}

#[tokio::test]
async fn mismatches_are_shown_newest_first_and_redacted() {
    let world = World::at(Stage::Shadow, "").await;
    let compared = MismatchMetricsLayer::new(by_form(|response: &Response| response.record().cloned()))
        .confirm_delay(Duration::from_millis(10));
    let served = serve(Admin::new("numbers", world.routing).samples(compared.samples())).await;
    let stack = BoxCloneSyncService::<Request, Response, StoreError>::new(
        ServiceBuilder::new()
            .layer(RouteLayer::new(world.routing))
            .layer(compared)
            .layer(TargetLayer::new(world.target.clone()))
            .service(world.legacy.clone()),
    );
    world.legacy.seed((1, 4711), Number::new(1, "secret"));
    stack.oneshot(Request::Get { group: 1, item: 4711 }).await.unwrap();
    while world.routing.stats().mismatches_confirmed() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let shown = served.get("/admin/mismatches").await;
    let sample = &shown.is_well()["mismatches"][0];
    assert_eq!((&sample["stage"], &sample["answered"]), (&json!("shadow"), &json!("legacy")));
    assert!(sample["scope"].as_str().unwrap().starts_with("key #"), "{sample}");
    assert!(
        !shown.body.to_string().contains("4711") && !shown.body.to_string().contains("secret"),
        "{shown:?}"
    );
}

#[tokio::test]
async fn what_the_service_has_not_given_says_how_to_give_it() {
    let world = World::new("").await;
    let served = serve_world(&world).await;
    let missing = served.get("/admin/mismatches").await;
    assert!(missing.is_problem(404, "not-connected")["detail"].as_str().unwrap().contains("Admin::samples"));
    let missing = served.post("/admin/fill/start", &ask(json!({}))).await;
    assert!(missing.is_problem(404, "not-connected")["detail"].as_str().unwrap().contains("Admin::fill"));
}
