//! Who is let in, and how much of it.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use crossfade::admin::{
    Admin, AdminToken, BODY_BYTES_MAX, CONNECTIONS_MAX, HEAD_TIME_MAX, REQUESTS_MAX, ServeError,
};
use crossfade::route::Stage;
use http_body_util::Full;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use tower::ServiceExt;

use super::caller::{ask, serve, serve_world};
use crate::support::World;

const TOKEN: &str = "correct-horse-battery-staple";

fn token() -> AdminToken {
    AdminToken::new(TOKEN).unwrap()
}

#[tokio::test]
async fn without_the_token_nothing_is_told_and_nothing_done() {
    let world = World::at(Stage::Canary, "").await;
    let mut served = serve(Admin::new("numbers", world.routing).token(token())).await;
    for shown in [
        None,
        Some("wrong"),
        Some(""),
        Some("correct-horse-battery-stapl"),
        Some("correct-horse-battery-staple2"),
    ] {
        served.token = shown.map(str::to_owned);
        let refused = served.get("/admin/status").await;
        refused.is_problem(401, "no-token");
        assert_eq!(refused.headers[header::WWW_AUTHENTICATE], "Bearer");
        served.post("/admin/stage", &ask(json!({ "stage": "live" }))).await.is_problem(401, "no-token");
        served.get("/elsewhere").await.is_problem(401, "no-token");
    }
    assert_eq!(world.routing.stage(), Stage::Canary);
    served.token = Some(TOKEN.into());
    served.get("/admin/status").await.is_well();
    served.post("/admin/stage", &ask(json!({ "stage": "live" }))).await.is_well();
}

#[tokio::test]
async fn an_address_that_others_reach_is_not_served_without_a_token() {
    let world = World::new("").await;
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let refused = Admin::new("numbers", world.routing).serve(listener, std::future::ready(())).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, ServeError::TokenRequired { address: of } if of == address), "{error}");
    assert!(error.to_string().contains("token"), "{error}");

    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let with_token = Admin::new("numbers", world.routing).token(token());
    with_token.serve(listener, std::future::ready(())).await.unwrap();
}

#[tokio::test]
async fn a_page_that_calls_this_machine_by_another_name_is_not_let_in() {
    let world = World::new("").await;
    let served = serve_world(&world).await;
    for (host, let_in) in [("evil.example", false), ("localhost:9090", true), ("127.0.0.1", true)] {
        let request = served.request(Method::GET, "/admin/status").header(header::HOST, host);
        let answered = served.send(request.body(Full::default()).unwrap()).await;
        let _: &serde_json::Value =
            if let_in { answered.is_well() } else { answered.is_problem(403, "token-required") };
    }
    // Without preflight a page may send no JSON.
    let request = served.request(Method::POST, "/admin/stage").header(header::CONTENT_TYPE, "text/plain");
    let body = ask(json!({ "stage": "dual_write" })).to_string();
    served.send(request.body(Full::from(body)).unwrap()).await.is_problem(415, "no-such-type");
    assert_eq!(world.routing.stage(), Stage::Off);
}

#[tokio::test]
async fn a_server_that_does_not_say_who_calls_lets_nobody_in_without_a_token() {
    let world = World::new("").await;
    let request = |token: Option<&str>| {
        let request = Request::get("/admin/status").header(header::HOST, "localhost");
        let request = match token {
            Some(token) => request.header(header::AUTHORIZATION, format!("bearer {token}")),
            None => request,
        };
        request.body(Body::empty()).unwrap()
    };
    let open = Admin::new("numbers", world.routing).router();
    assert_eq!(open.oneshot(request(None)).await.unwrap().status(), StatusCode::FORBIDDEN);
    let guarded = Admin::new("numbers", world.routing).token(token()).router();
    assert_eq!(guarded.clone().oneshot(request(None)).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(guarded.oneshot(request(Some(TOKEN))).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn routes_of_several_migrations_fit_into_one_server() {
    let (invoices, notes) = (World::new("").await, World::at(Stage::Shadow, "").await);
    let router = axum::Router::new()
        .fallback(|| async { "elsewhere" })
        .nest("/notes", Admin::new("notes", notes.routing).token(token()).router())
        .merge(Admin::new("invoices", invoices.routing).token(token()).router());
    let request =
        Request::get("/notes/admin/status").header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    assert!(String::from_utf8_lossy(&body).contains("\"stage\": \"shadow\""));
    let elsewhere = router.oneshot(Request::get("/x").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(elsewhere.status(), StatusCode::OK, "the service's own paths are not guarded");
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_problems_too() {
    let world = World::new("").await;
    let served = serve_world(&world).await;
    served.get("/").await.is_problem(404, "not-found");
    served.get("/admin/stage").await.is_problem(405, "no-such-method");
    served.post("/admin/fill/begin", &ask(json!({}))).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let world = World::new("").await;
    let served = serve_world(&world).await;
    let long = "#".repeat(BODY_BYTES_MAX + 1);
    served.put("/admin/routing?by=a&reason=b", "application/toml", &long).await.is_problem(413, "too-large");
    served.put("/admin/routing?by=a&reason=b", "application/toml", &long[1..]).await.is_well();
}

#[tokio::test]
async fn requests_over_the_limit_are_told_to_come_again() {
    let world = World::new("").await;
    let served = serve_world(&world).await;
    let mut slow = Vec::new();
    for _ in 0..REQUESTS_MAX {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        let head = "POST /admin/stage HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let until = async |is_so: fn(StatusCode) -> bool| loop {
        let answered = served.get("/admin/status").await;
        if is_so(answered.status) {
            return answered;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let soon = Duration::from_secs(5);
    let refused = timeout(soon, until(|status| status != StatusCode::OK)).await.unwrap();
    refused.is_problem(503, "busy");
    assert_eq!(refused.headers[header::RETRY_AFTER], "1");
    drop(slow);
    timeout(soon, until(|status| status == StatusCode::OK)).await.unwrap();
}

#[tokio::test]
async fn connections_over_the_limit_wait_and_those_that_say_nothing_are_closed() {
    let world = World::new("").await;
    let served = serve_world(&world).await;
    let mut silent = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        silent.push(TcpStream::connect(served.address).await.unwrap());
    }
    let start = Instant::now();
    let mut waits = Box::pin(served.get("/admin/status"));
    timeout(Duration::from_millis(300), &mut waits).await.unwrap_err();
    let mut closed = Vec::new();
    silent[0].read_to_end(&mut closed).await.unwrap();
    assert!(start.elapsed() >= HEAD_TIME_MAX - Duration::from_secs(1), "{:?}", start.elapsed());
    waits.await.is_well();
}

#[tokio::test]
async fn a_connection_carries_one_request() {
    let world = World::new("").await;
    let served = serve_world(&world).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(b"GET /admin/status HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    timeout(HEAD_TIME_MAX / 2, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn serving_stops_when_it_is_told_to() {
    let world = World::new("").await;
    let served = serve_world(&world).await;
    served.get("/admin/status").await.is_well();
    served.stop.send(()).unwrap();
    timeout(Duration::from_secs(10), served.task).await.unwrap().unwrap().unwrap();
    TcpStream::connect(served.address).await.unwrap_err();
}
