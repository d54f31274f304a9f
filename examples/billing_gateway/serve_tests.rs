//! kill -9 of the serving gateway under load, in every stage, and a restart on the same files.

use std::io::Write;
use std::process::{Command, Stdio};

use crossfade::route::{Stage, Store};

use super::served::{self, OUTAGE, Served, free_address};
use super::*;
use crate::compare::{compare, sights};
use crate::history::History;
use crate::judge::Judge;
use crate::ledger::Ledger;
use crate::traffic::{Load, Traffic};

pub(super) const INVOICES: usize = 300;
/// Requests a second; they go on while the gateway is away.
const RATE: u32 = 400;
/// Writes that are acknowledged before a kill, and as many after it.
const WRITES: u64 = 80;

/// Until enough of its writes were acknowledged.
async fn writes_are_acknowledged(served: &Served, traffic: &Traffic) {
    let acknowledged = || traffic.ledger().counts().0;
    let enough = acknowledged() + WRITES;
    served.until("too few writes are acknowledged", async || acknowledged() >= enough).await;
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
    writes_are_acknowledged(&first, &traffic).await;
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
    writes_are_acknowledged(&second, &traffic).await;
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
    writes_are_acknowledged(&served, &traffic).await;
    served.terminate_under_load().await;

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
async fn promtool_finds_nothing_to_complain_of_in_its_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let address = free_address();
    let served = Served::start(folder.path(), address);
    served.walk_to(Stage::Shadow).await;
    let scraped = served::text(&format!("http://{address}/metrics")).await;
    served.terminate();
    assert!(scraped.contains("crossfade_unaccounted_writes"), "{scraped}");
    let named = std::env::var_os("CROSSFADE_PROMTOOL").unwrap_or_else(|| "promtool".into());
    let mut check = Command::new(named);
    check.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut check) = check.spawn() else {
        assert!(std::env::var_os("CI").is_none(), "promtool is missing: ./tests/run installs it");
        println!("skipped: no promtool");
        return;
    };
    check.stdin.take().unwrap().write_all(scraped.as_bytes()).unwrap();
    let said = check.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
    assert!(said.status.success() && words.is_empty(), "{words}\n{scraped}");
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
