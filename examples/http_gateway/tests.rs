//! The gateway between two real HTTP services.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use tokio::time::sleep;
use tower::ServiceExt;

use super::*;
use crate::call::{BODY_BYTES_MAX, HttpCall, HttpError};

/// Short bounds, so that repairs are.
const CONFIG: &str = r#"
    shadow = { sample = "100%" }
    late_bound = { legacy = "50ms", target = "50ms" }
    cohort = { weight = "100%" }
"#;

struct World {
    old: Notes,
    new: Notes,
    gateway: Gateway,
    client: Upstream,
}

impl World {
    async fn new() -> Self {
        let (old, new) = (Notes::of("old"), Notes::of("new"));
        let upstream =
            async |notes: &Notes| Upstream::new(&serve(notes.clone().router()).await.unwrap()).unwrap();
        let upstreams = Upstreams { legacy: upstream(&old).await, target: upstream(&new).await };
        let gateway = Gateway::open_with("memory:", upstreams, CONFIG).await.unwrap();
        let client = Upstream::new(&serve(gateway.router()).await.unwrap()).unwrap();
        Self { old, new, gateway, client }
    }

    async fn walk_to(&self, stage: Stage) {
        for next in Stage::ALL.into_iter().filter(|next| (Stage::DualWrite..=stage).contains(next)) {
            let moved = self.gateway.routing.move_to(next, Asked::by("test", "it walks")).await.unwrap();
            moved.drained().await;
            if next == Stage::DualWrite {
                Fill::new(self.gateway.copier).run().await.unwrap();
            }
        }
    }

    async fn settle(&self) {
        while self.gateway.routing.journal().marks() > 0 || self.gateway.routing.stats().writes_in_flight > 0
        {
            sleep(Duration::from_millis(5)).await;
        }
    }

    fn assert_equal(&self) {
        assert_eq!(*self.old.table(), *self.new.table());
    }

    async fn call(&self, method: Method, path: &str, body: &str) -> u16 {
        match self.client.ask(method, path, body).await {
            Ok(answer) => answer.status.as_u16(),
            Err(HttpError::Failed(answer)) => answer.status.as_u16(),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn the_program_walks_to_its_end() {
    run().await.unwrap();
}

#[tokio::test]
async fn notes_move_from_one_service_to_the_other() {
    let world = World::new().await;
    world.client.put(1, 1, "before").await.unwrap();
    for stage in [Stage::DualWrite, Stage::Shadow, Stage::Canary, Stage::Live, Stage::RampDown] {
        let moved = world.gateway.routing.move_to(stage, Asked::by("test", "it walks")).await.unwrap();
        moved.drained().await;
        if stage == Stage::DualWrite {
            Fill::new(world.gateway.copier).run().await.unwrap();
        }
        world.client.put(1, 10 + stage as i64, "during").await.unwrap();
        assert_eq!(
            world.call(Method::DELETE, "/customers/1/notes/1", "").await / 100,
            2 + 2 * u16::from(stage != Stage::DualWrite)
        );
        world.settle().await;
        world.assert_equal();
    }
    assert_eq!(world.new.len(), 5);
    world.gateway.close().await.unwrap();
}

#[tokio::test]
async fn a_write_that_the_service_refuses_leaves_no_mark_and_one_that_it_fails_is_repaired() {
    let world = World::new().await;
    world.walk_to(Stage::DualWrite).await;
    assert_eq!(world.call(Method::PUT, "/customers/1/notes/1", r#"{"text": ""}"#).await, 422);
    assert_eq!(world.gateway.routing.journal().marks(), 0);

    // It answers 500 after it has written.
    world.old.fail_with(Some(StatusCode::INTERNAL_SERVER_ERROR));
    assert_eq!(world.call(Method::PUT, "/customers/1/notes/1", r#"{"text": "a"}"#).await, 500);
    assert_eq!(world.gateway.routing.journal().marks(), 1);
    world.old.fail_with(None);
    world.settle().await;
    world.assert_equal();
    assert_eq!(world.new.len(), 1);
}

#[tokio::test]
async fn a_read_that_the_new_service_fails_is_answered_by_the_old_one() {
    let world = World::new().await;
    world.client.put(1, 1, "a").await.unwrap();
    world.walk_to(Stage::Live).await;
    world.settle().await;
    assert!(world.client.get(1, 1).await.unwrap().unwrap().contains("\"new\""));
    world.new.fail_with(Some(StatusCode::BAD_GATEWAY));
    assert!(world.client.get(1, 1).await.unwrap().unwrap().contains("\"old\""));
    world.new.fail_with(None);
    world.new.table().clear();
    assert!(world.client.get(1, 1).await.unwrap().unwrap().contains("\"old\""), "a missing one too");
}

#[tokio::test]
async fn bodies_are_compared_but_for_what_is_ignored() {
    let world = World::new().await;
    for note in [1, 2] {
        world.client.put(1, note, "a").await.unwrap();
    }
    world.walk_to(Stage::Shadow).await;
    world.settle().await;
    world.new.table().insert((1, 2), "b".into());
    for note in [1, 2] {
        world.client.get(1, note).await.unwrap();
    }
    let stats = || world.gateway.routing.stats();
    while stats().comparisons_matched + stats().mismatches_value < 2 {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(
        (stats().comparisons_matched, stats().mismatches_value),
        (1, 1),
        "`served_by` differs in both"
    );
    assert_eq!(&*world.gateway.samples.newest_first()[0].differences[0].path, "/body/text");
}

#[tokio::test]
async fn what_belongs_to_one_connection_is_not_passed_on() {
    let world = World::new().await;
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("connection", "x-once, keep-alive"),
        ("x-once", "1"),
        ("keep-alive", "timeout=5"),
        ("te", "trailers"),
        ("x-request-id", "7"),
        ("authorization", "Bearer a"),
        ("host", "example.org"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let mut call = call(Method::GET, "/customers/1/notes/1");
    call.headers = headers.into();
    world.gateway.stack().oneshot(call).await.unwrap();
    let seen = world.old.seen();
    assert_eq!(seen["x-request-id"], "7");
    assert_eq!(seen["authorization"], "Bearer a");
    for gone in ["x-once", "keep-alive", "te", "connection"] {
        assert!(!seen.contains_key(gone), "{gone}");
    }
    assert_ne!(seen[header::HOST], "example.org");
}

/// A gateway in front of a service that answers so; the other one is not asked in `off`.
async fn gateway_of(service: Router) -> Gateway {
    let upstream = Upstream::new(&serve(service).await.unwrap()).unwrap();
    let upstreams = Upstreams { legacy: upstream.clone(), target: upstream };
    Gateway::open_with("memory:", upstreams, CONFIG).await.unwrap()
}

#[tokio::test]
async fn what_belongs_to_the_connection_of_an_answer_is_not_passed_on() {
    let headers = [("connection", "x-once"), ("x-once", "1"), ("x-request-id", "7")];
    let service = Router::new().fallback(async move || (headers, "a note"));
    let gateway = gateway_of(service).await;
    let answer = gateway.stack().oneshot(call(Method::GET, "/customers/1/notes/1")).await.unwrap();
    assert_eq!(answer.body, "a note");
    assert_eq!(answer.headers["x-request-id"], "7");
    for gone in ["x-once", "connection"] {
        assert!(!answer.headers.contains_key(gone), "{gone}");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_none() {
    for (bytes, status) in [(BODY_BYTES_MAX, 200), (BODY_BYTES_MAX + 1, 502)] {
        let gateway = gateway_of(Router::new().fallback(async move || "a".repeat(bytes))).await;
        let asked = Request::get("/customers/1/notes/1").body(Body::empty()).unwrap();
        assert_eq!(gateway.router().oneshot(asked).await.unwrap().status(), status, "{bytes} bytes");
    }
}

#[tokio::test]
async fn what_the_gateway_does_not_know_is_not_let_through() {
    let world = World::new().await;
    for (method, path) in [
        (Method::POST, "/customers/1/notes"),
        (Method::PUT, "/customers/1/notes"),
        (Method::PUT, "/customers/one/notes/1"),
        (Method::GET, "/admin"),
    ] {
        assert_eq!(world.call(method.clone(), path, "{}").await, 404, "{method} {path}");
    }
    let large = format!(r#"{{"text": "{}"}}"#, "a".repeat(BODY_BYTES_MAX));
    assert_eq!(world.call(Method::PUT, "/customers/1/notes/1", &large).await, 413);
    assert_eq!(world.old.len(), 0);
}

#[tokio::test]
async fn a_head_is_a_read() {
    let world = World::new().await;
    world.client.put(1, 1, "a").await.unwrap();
    assert!(call(Method::HEAD, "/customers/1/notes/1").is_read());
    assert_eq!(world.call(Method::HEAD, "/customers/1/notes/1", "").await, 200);
    assert_eq!(world.call(Method::HEAD, "/customers/1/notes/2", "").await, 404);
}

#[tokio::test]
async fn a_new_service_that_is_down_fails_no_write() {
    let world = World::new().await;
    world.walk_to(Stage::DualWrite).await;
    world.new.fail_with(Some(StatusCode::SERVICE_UNAVAILABLE));
    world.client.put(1, 1, "a").await.unwrap();
    assert_eq!(world.gateway.routing.journal().marks(), 1);
    world.new.fail_with(None);
    world.settle().await;
    world.assert_equal();
}

fn call(method: Method, path: &str) -> HttpCall {
    HttpCall { method, uri: path.parse().unwrap(), headers: Default::default(), body: Default::default() }
}
