//! kill -9 of the serving gateway under load, in every stage, and a restart on the same files.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use clap::Parser;
use crossfade::route::{Stage, Store};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::*;
use crate::compare::{compare, sights};
use crate::history::History;
use crate::judge::Judge;
use crate::ledger::Ledger;
use crate::traffic::{Load, Traffic};

const FOLDER: &str = "CROSSFADE_TEST_SERVE_FOLDER";
const ADDRESS: &str = "CROSSFADE_TEST_SERVE_ADDRESS";
const OUTAGE: &str = "outage";
/// More arguments, one a line.
const MORE: &str = "CROSSFADE_TEST_SERVE_MORE";
const INVOICES: usize = 300;
/// Requests a second; they go on while the gateway is away.
const RATE: u32 = 400;
/// Longer than a restart, a fill, and marks that wait for the late bound take.
const PATIENCE: Duration = Duration::from_secs(60);

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
struct Served {
    child: Child,
    admin: String,
    token: Option<String>,
}

impl Served {
    fn start(folder: &Path, address: SocketAddr) -> Self {
        Self::start_with(folder, address, &[])
    }

    fn start_with(folder: &Path, address: SocketAddr, more: &[&str]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "serve::tests::served", "--nocapture"])
            .env(FOLDER, folder)
            .env(ADDRESS, address.to_string())
            .env(MORE, more.join("\n"))
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut url_after = |what: &str| {
            let line = lines.find(|line| line.contains(what)).unwrap();
            line.split_once(what).unwrap().1.trim().to_owned()
        };
        // The harness prints the name of the test before the first line.
        let admin = url_after("the admin API serves ");
        url_after("the gateway serves ");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, admin, token: None }
    }

    async fn status(&self) -> Value {
        self.ask("GET", "/admin/status", "").await.1
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
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

    async fn walk_to(&self, stage: Stage) {
        for next in Stage::ALL.into_iter().filter(|next| (Stage::DualWrite..=stage).contains(next)) {
            let asked = format!(r#"{{"stage": "{next}", "reason": "a test walks on", "by": "test"}}"#);
            self.until(&format!("{next} is refused"), async || {
                self.ask("POST", "/admin/stage", &asked).await.0 == 200
            })
            .await;
            if next == Stage::DualWrite {
                assert_eq!(
                    self.ask("POST", "/admin/fill/start", r#"{"reason": "a test fills", "by": "test"}"#)
                        .await
                        .0
                        / 100,
                    2
                );
                self.until("no certificate", async || {
                    !self.status().await["journal"]["certificate"].is_null()
                })
                .await;
            }
        }
    }

    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let waited = timeout(PATIENCE, async {
            while !holds().await {
                sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(waited.await.is_ok(), "{what}: {}", self.status().await);
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Beside whatever else runs: it takes as long as what was begun.
    async fn terminate_under_load(self) {
        tokio::task::spawn_blocking(|| self.terminate()).await.unwrap();
    }

    fn terminate(self) {
        self.end_by("-TERM");
    }

    fn end_by(mut self, signal: &str) {
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
fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn killed_in(stage: Stage) {
    let folder = tempfile::tempdir().unwrap();
    let url = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    let (legacy_url, target_url) = (url("legacy.db"), url("target.db"));
    let mut history = History::generate(1);
    history.invoices.truncate(INVOICES);
    let legacy = Legacy::open(&legacy_url).await.unwrap();
    history.write_to(&legacy).await.unwrap();
    legacy.close().await;
    let address = free_address();
    let first = Served::start(folder.path(), address);
    first.walk_to(stage).await;
    let (load, ledger) = (Load::new(1, &history), Ledger::new(history.openings()));
    let traffic = Traffic::start(&format!("http://{address}"), RATE, load, ledger);
    traffic.begin_step();
    traffic.resume();
    sleep(Duration::from_millis(500)).await;
    if stage.copies() {
        // So that it is killed with copies to be made.
        let secondary = stage.authority().other();
        std::fs::write(folder.path().join(OUTAGE), format!("{secondary}")).unwrap();
        first.until("no copy fails", async || first.status().await["marks"].as_u64() > Some(3)).await;
    }
    first.kill();

    drop(std::fs::remove_file(folder.path().join(OUTAGE)));
    let second = Served::start(folder.path(), address);
    let found = second.status().await;
    assert_eq!(found["stage"], stage.as_str(), "the committed stage is kept");
    if stage.copies() {
        assert!(found["marks"].as_u64() > Some(0), "{found}");
    }
    sleep(Duration::from_millis(500)).await;
    traffic.pause().await.unwrap();
    if stage.copies() {
        second.until("marks stay", async || second.status().await["marks"] == 0).await;
    }
    second.terminate();

    if stage.copies() {
        let found = compare(&legacy_url, &target_url).await.unwrap();
        assert!(found.equal(), "{stage}: {found:?}");
    }
    let (store, url) = match stage.authority() {
        Store::Legacy => (Store::Legacy, &legacy_url),
        Store::Target => (Store::Target, &target_url),
    };
    let stored = sights(store, url).await.unwrap();
    let findings = Judge::new(traffic.ledger().notes(), &stored).judge(&stored);
    let (acknowledged, _) = traffic.ledger().counts();
    assert!(acknowledged > 50, "{stage}: only {acknowledged} writes were acknowledged");
    assert_eq!(
        (findings.lost_writes, findings.stale_reads, findings.phantoms, findings.made_twice),
        (0, 0, 0, 0),
        "{stage}: {:#?}",
        findings.samples
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_config_file_is_in_force_and_watched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("routing.toml");
    std::fs::write(&file, include_str!("routing.toml").replace("weight = \"0%\"", "weight = \"3%\""))
        .unwrap();
    let config = ["--config", file.to_str().unwrap()];
    let served = Served::start_with(folder.path(), free_address(), &config);
    assert_eq!(served.status().await["config"]["cohort"]["weight"], "3%");

    let next = include_str!("routing.toml").replace("stage = \"off\"", "stage = \"dual_write\"");
    let aside = file.with_extension("new");
    std::fs::write(&aside, next).unwrap();
    std::fs::rename(&aside, &file).unwrap();
    served.until("the file is not in force", async || served.status().await["stage"] == "dual_write").await;
    served.until("not whole", async || served.status().await["config"]["cohort"]["weight"] == "0%").await;
    served.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_admin_api_asks_for_its_token() {
    let folder = tempfile::tempdir().unwrap();
    let token = "a-token-of-more-than-sixteen-bytes";
    let mut served = Served::start_with(folder.path(), free_address(), &["--admin-token", token]);
    assert_eq!(served.ask("GET", "/admin/status", "").await.0, 401);
    served.token = Some(token.into());
    assert_eq!(served.ask("GET", "/admin/status", "").await.0, 200);
    served.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_drains_what_was_begun() {
    let folder = tempfile::tempdir().unwrap();
    let url = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    let mut history = History::generate(1);
    history.invoices.truncate(INVOICES);
    let legacy = Legacy::open(&url("legacy.db")).await.unwrap();
    history.write_to(&legacy).await.unwrap();
    legacy.close().await;
    let address = free_address();
    let served = Served::start(folder.path(), address);
    served.walk_to(Stage::Live).await;
    let (load, ledger) = (Load::new(1, &history), Ledger::new(history.openings()));
    let traffic = Traffic::start(&format!("http://{address}"), RATE, load, ledger);
    traffic.begin_step();
    traffic.resume();
    sleep(Duration::from_millis(700)).await;
    served.terminate_under_load().await;
    let (acknowledged, _) = traffic.ledger().counts();
    assert!(acknowledged > 50, "only {acknowledged} writes were acknowledged before it ended");

    // It was drained: the next one finds nothing to copy, and both stores equal.
    let again = Served::start(folder.path(), free_address());
    let found = again.status().await;
    assert_eq!((&found["marks"], &found["stage"]), (&0.into(), &"live".into()), "{found}");
    traffic.pause().await.unwrap();
    again.terminate();
    let compared = compare(&url("legacy.db"), &url("target.db")).await.unwrap();
    assert!(compared.equal(), "{compared:?}");
    let stored = sights(Store::Legacy, &url("legacy.db")).await.unwrap();
    let findings = Judge::new(traffic.ledger().notes(), &stored).judge(&stored);
    assert_eq!((findings.lost_writes, findings.stale_reads), (0, 0), "{:#?}", findings.samples);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_ends_it_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let address = free_address();
    Served::start(folder.path(), address).end_by("-INT");
    let again = Served::start(folder.path(), address);
    let left = again.status().await;
    assert_eq!(left["marks"], 0, "{left}");
    again.end_by("-INT");
}

macro_rules! killed {
    ($($name:ident: $stage:ident,)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            killed_in(Stage::$stage).await;
        }
    )*};
}

killed! {
    killed_in_off_it_comes_back_with_nothing_lost: Off,
    killed_in_dual_write_it_comes_back_and_converges: DualWrite,
    killed_in_shadow_it_comes_back_and_converges: Shadow,
    killed_in_canary_it_comes_back_and_converges: Canary,
    killed_in_live_it_comes_back_and_converges: Live,
    killed_in_ramp_down_it_comes_back_and_converges: RampDown,
    killed_in_complete_it_comes_back_with_nothing_lost: Complete,
}
