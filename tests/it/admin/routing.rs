//! `PUT /admin/routing`.

use crossfade::route::Stage;

use super::caller::serve_world;
use crate::support::World;

const WHO: &str = "/admin/routing?by=anna&reason=more%20canary";
const TOML: &str = "application/toml";
const BOUNDS: &str = "[late_bound]\nlegacy = \"300ms\"\ntarget = \"300ms\"\n";

#[tokio::test]
async fn a_config_is_in_force_when_it_is_answered() {
    let world = World::at(Stage::Canary, "").await;
    let served = serve_world(&world).await;
    let toml = format!("[cohort]\nweight = \"12.5%\"\nallow = [\"smith\"]\n{BOUNDS}");
    let put = served.put(WHO, "application/toml; charset=utf-8", &toml).await;
    assert_eq!(put.is_well()["config"]["cohort"]["weight"], "12.5%");
    assert!(!put.body.to_string().contains("smith"), "{put:?}");
    let config = world.routing.config();
    assert_eq!((config.stage, config.cohort.allow.len()), (Stage::Canary, 1));
    let line = world.journal.audit_log(1).await.unwrap().remove(0);
    assert_eq!((&*line.who, &*line.why), ("anna", "more canary"));
    assert_eq!(line.what, "config: cohort.allow, cohort.weight");
    assert_eq!(served.status().await["config"]["cohort"]["allow"]["entries"], 1);

    let json = "{\"stage\": \"canary\", \"cohort\": {\"weight\": \"20%\"}}";
    served.put(WHO, "application/json", json).await.is_well();
    assert_eq!(world.routing.config().cohort.weight.to_string(), "20%");
}

#[tokio::test]
async fn a_bad_config_is_refused_with_its_path_and_the_last_good_one_stays() {
    let world = World::at(Stage::Canary, "[cohort]\nweight = \"1%\"").await;
    let served = serve_world(&world).await;
    for (media_type, body, path) in [
        (TOML, "[cohort]\nweight = \"120%\"", "cohort.weight"),
        (TOML, "[cohort]\nwieght = \"12%\"", "cohort.wieght"),
        (TOML, "[hold]\nmax = \"1h\"", "hold.max"),
        (TOML, "[cohort", ""),
        ("application/json", "{\"cohort\": {\"weight\": 12}}", "cohort.weight"),
        ("application/json", "{", ""),
    ] {
        let refused = served.put(WHO, media_type, body).await;
        assert_eq!(refused.is_problem(422, "bad-config")["path"], path, "{body}");
    }
    assert_eq!(world.routing.config().cohort.weight.to_string(), "1%");
}

#[tokio::test]
async fn a_config_does_not_move_the_stage() {
    let world = World::at(Stage::Canary, "").await;
    let served = serve_world(&world).await;
    let refused = served.put(WHO, TOML, "stage = \"live\"").await;
    assert_eq!(refused.is_problem(409, "stage-differs")["stage"], "canary");
    served.put(WHO, TOML, &format!("[cohort]\nweight = \"2%\"\n{BOUNDS}")).await.is_well();
    assert_eq!(world.routing.stage(), Stage::Canary, "a config without a stage does not mean `off`");
}

#[tokio::test]
async fn a_config_of_an_unknown_type_or_from_nobody_is_refused() {
    let world = World::at(Stage::Canary, "").await;
    let served = serve_world(&world).await;
    served.put(WHO, "text/plain", "").await.is_problem(415, "no-such-type");
    served.put("/admin/routing", TOML, "").await.is_problem(422, "bad-request");
    served.put("/admin/routing?by=anna&reason=", TOML, "").await.is_problem(422, "bad-request");
}
