//! The serving gateway in a process of its own, for tests.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use clap::Parser;
use crossfade::route::{Stage, Store};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::*;

const FOLDER: &str = "CROSSFADE_TEST_SERVE_FOLDER";
const ADDRESS: &str = "CROSSFADE_TEST_SERVE_ADDRESS";
pub(super) const OUTAGE: &str = "outage";
/// More arguments, one a line.
const MORE: &str = "CROSSFADE_TEST_SERVE_MORE";
/// Longer than a restart, a fill, and marks that wait for the late bound take.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Not a test when it is run by itself: the tests of this module start it as a process of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn served() {
    let (Ok(folder), Ok(address)) = (std::env::var(FOLDER), std::env::var(ADDRESS)) else { return };
    let args = ["billing_gateway", "--data", &folder, "--serve", &address, "--admin", "127.0.0.1:0"];
    let more = std::env::var(MORE).unwrap_or_default();
    let args = Args::parse_from(args.into_iter().chain(more.lines()));
    let faults = Faults::new(args.seed);
    tokio::spawn(outage(Path::new(&folder).join(OUTAGE), faults.clone()));
    serve_with(&args, args.serve.unwrap(), &faults).await.unwrap();
}

/// Once there is a file of this name, the store that it names is gone.
async fn outage(file: PathBuf, faults: Faults) {
    let store = loop {
        match std::fs::read_to_string(&file).as_deref() {
            Ok("legacy") => break Store::Legacy,
            Ok("target") => break Store::Target,
            _ => sleep(Duration::from_millis(5)).await,
        }
    };
    faults.set_stage(Some(Stage::DualWrite)); // any: faults are counted by stages
    faults.take_away(store, PATIENCE);
}

/// The gateway in a process of its own.
pub(super) struct Served {
    child: Child,
    admin: String,
    pub(super) token: Option<String>,
    /// All of its lines.
    said: Arc<Mutex<Vec<String>>>,
}

fn command(folder: &Path, address: SocketAddr, more: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "serve::served::served", "--nocapture"])
        .env(FOLDER, folder)
        .env(ADDRESS, address.to_string())
        .env(MORE, more.join("\n"))
        .env("RUST_LOG", "off");
    command
}

impl Served {
    pub(super) fn start(folder: &Path, address: SocketAddr) -> Self {
        Self::start_with(folder, address, &[])
    }

    pub(super) fn start_with(folder: &Path, address: SocketAddr, more: &[&str]) -> Self {
        let mut child = command(folder, address, more).stdout(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let saying = Arc::clone(&said);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut lines = lines.inspect(move |line| saying.lock().unwrap().push(line.clone()));
        let mut url_after = |what: &str| {
            let line = lines.find(|line| line.contains(what)).unwrap();
            line.split_once(what).unwrap().1.trim().to_owned()
        };
        // The harness prints the name of the test before the first line.
        let admin = url_after("the admin API serves ");
        url_after("the gateway serves ");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, admin, token: None, said }
    }

    /// What it says when it does not start.
    pub(super) fn refused(folder: &Path, more: &[&str]) -> String {
        let mut command = command(folder, free_address(), more);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let serves = lines.any(|line| line.contains("the gateway serves "));
        if serves {
            child.kill().unwrap();
        }
        let ended = child.wait_with_output().unwrap();
        assert!(!serves && !ended.status.success(), "it was started all the same");
        String::from_utf8_lossy(&ended.stderr).into_owned()
    }

    pub(super) fn said(&self, words: &str) -> bool {
        self.said.lock().unwrap().iter().any(|line| line.contains(words))
    }

    pub(super) async fn status(&self) -> Value {
        self.ask("GET", "/admin/status", "").await.1
    }

    pub(super) async fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let http = HyperClient::builder(TokioExecutor::new()).build_http::<Full<axum::body::Bytes>>();
        let request = axum::http::Request::builder().method(method).uri(format!("{}{path}", self.admin));
        let mut request = request.header(CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = http.request(request.body(Full::from(body.to_owned())).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    pub(super) async fn walk_to(&self, stage: Stage) {
        for next in Stage::ALL.into_iter().filter(|next| (Stage::DualWrite..=stage).contains(next)) {
            self.move_to(next).await;
            if next == Stage::DualWrite {
                self.fill().await;
            }
        }
    }

    /// Again, until it is allowed.
    pub(super) async fn move_to(&self, stage: Stage) {
        let asked = format!(r#"{{"stage": "{stage}", "reason": "a test walks on", "by": "test"}}"#);
        self.until(&format!("{stage} is refused"), async || {
            self.ask("POST", "/admin/stage", &asked).await.0 == 200
        })
        .await;
    }

    pub(super) async fn fill(&self) {
        let asked = r#"{"reason": "a test fills", "by": "test"}"#;
        assert_eq!(self.ask("POST", "/admin/fill/start", asked).await.0 / 100, 2);
        self.until("no certificate", async || !self.status().await["journal"]["certificate"].is_null()).await;
    }

    pub(super) async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let waited = timeout(PATIENCE, async {
            while !holds().await {
                sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(waited.await.is_ok(), "{what}: {}", self.status().await);
    }

    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Beside whatever else runs: it takes as long as what was begun.
    pub(super) async fn terminate_under_load(self) {
        tokio::task::spawn_blocking(|| self.terminate()).await.unwrap();
    }

    pub(super) fn terminate(self) {
        self.end_by("-TERM");
    }

    pub(super) fn end_by(mut self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "{signal} ends it in order");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Also when a test has failed; it may have ended before.
        drop(self.child.kill());
    }
}

/// An address that the gateway has again when it is started again.
/// What a GET of this URL gives.
pub(super) async fn text(url: &str) -> String {
    let http = HyperClient::builder(TokioExecutor::new()).build_http::<Full<axum::body::Bytes>>();
    let answer = http.get(url.parse().unwrap()).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

pub(super) fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
