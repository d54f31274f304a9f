//! The demo's own walk on a smaller scale, through crossfade and by hand, each in a process of its own.

use std::process::{Command, Stdio};

use clap::Parser;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::time::error::Elapsed;

use super::*;
use crate::test_stores::{Urls, fresh_on_servers};

const FOLDER: &str = "CROSSFADE_TEST_DEMO_FOLDER";
const BY_HAND: &str = "CROSSFADE_TEST_DEMO_BY_HAND";
const LEGACY: &str = "CROSSFADE_TEST_DEMO_LEGACY";
const TARGET: &str = "CROSSFADE_TEST_DEMO_TARGET";
const JOURNAL: &str = "CROSSFADE_TEST_DEMO_JOURNAL";
/// What a hasty walk in a test build can keep up with beside others: on files, and between servers, which take
/// most of the machine themselves.
const ON_FILES: (i64, [&str; 4]) = (120, ["--rate", "300", "--pace", "0.15"]);
const ON_SERVERS: (i64, [&str; 4]) = (40, ["--rate", "100", "--pace", "0.15"]);

/// A machine that has no time for a walk lets it run into one of its own time limits: only then it is walked again.
const WALKS_MAX: u32 = 3;
const OUT_OF_TIME: &str = "the walk ran out of time";

/// Not a test when it is run by itself: the tests of this module start it as a process of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn walked() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let json = format!("{folder}/verdict.json");
    let (customers, scale) = if std::env::var(LEGACY).is_ok() { ON_SERVERS } else { ON_FILES };
    let args = ["billing_gateway", "--data", &folder, "--json", &json].into_iter().chain(scale);
    let by_hand = std::env::var(BY_HAND).is_ok().then_some("--naive");
    let mut args = Args::parse_from(args.chain(by_hand));
    let url = |variable| std::env::var(variable).ok();
    (args.legacy, args.target, args.journal) = (url(LEGACY), url(TARGET), url(JOURNAL));
    let mut history = History::generate(args.seed);
    history.customers.retain(|customer| customer.id <= customers);
    history.invoices.retain(|invoice| invoice.customer_id <= customers);
    let files = Files::prepare(&args).unwrap();
    let demo = walk(&args, &files, &history).await.inspect_err(say_out_of_time).unwrap();
    let mut complaints = conclude(&demo, &args, &files).unwrap();
    // Whether so little proves enough is not the question here.
    complaints.retain(|complaint| !complaint.starts_with("proved too little"));
    assert!(args.naive || complaints.is_empty(), "{complaints:#?}");
}

/// A wait of the walk that was too long, or a change of the authority that held writes for too long.
fn say_out_of_time(error: &anyhow::Error) {
    let late = error.chain().any(|cause| cause.is::<Elapsed>() || cause.to_string().contains("hold-ran-out"));
    if late {
        println!("{OUT_OF_TIME}");
    }
}

/// The verdict of a walk, and what it has printed.
fn verdict(by_hand: bool) -> (Value, String) {
    verdict_on(by_hand, || None)
}

/// A walk that ran out of time is made again, on stores of its own; one that ended otherwise is judged as it is.
fn verdict_on(by_hand: bool, urls: impl Fn() -> Option<Urls>) -> (Value, String) {
    let mut printed = String::new();
    for _ in 0..WALKS_MAX {
        match walked_on(by_hand, urls().as_ref()) {
            Ok(verdict) => return verdict,
            Err(late) if late.contains(OUT_OF_TIME) => printed.push_str(&late),
            Err(failed) => panic!("the walk failed\n{failed}"),
        }
    }
    panic!("no walk came to its end\n{printed}");
}

fn walked_on(by_hand: bool, urls: Option<&Urls>) -> Result<(Value, String), String> {
    let folder = tempfile::tempdir().unwrap();
    let mut walk = Command::new(std::env::current_exe().unwrap());
    walk.args(["--exact", "run::tests::walked", "--nocapture"]).env(FOLDER, folder.path());
    if by_hand {
        walk.env(BY_HAND, "1");
    }
    if let Some(urls) = urls {
        walk.env(LEGACY, &urls.legacy).env(TARGET, &urls.target).env(JOURNAL, &urls.journal);
    }
    let walked = walk.stdin(Stdio::null()).stderr(Stdio::inherit()).output().unwrap();
    let printed = String::from_utf8(walked.stdout).unwrap();
    if !walked.status.success() {
        return Err(printed);
    }
    let verdict = std::fs::read_to_string(folder.path().join("verdict.json")).unwrap();
    Ok((serde_json::from_str(&verdict).unwrap(), printed))
}

#[test]
fn a_walk_through_all_stages_loses_nothing_and_is_printed_in_plain_lines() {
    let (verdict, printed) = verdict(false);
    assert_nothing_lost(&verdict, &printed);
    assert!(!printed.contains(['\x1b', '\r']), "{printed:?}");
    assert!(printed.lines().any(|line| line.starts_with("moved to complete")), "{printed}");
    assert!(printed.contains("at pace 0.15"), "{printed}");
}

fn assert_nothing_lost(verdict: &Value, printed: &str) {
    let zeros = ["lost_writes", "made_twice", "divergent_keys", "stale_reads"];
    for number in zeros.into_iter().chain(["unaccounted_writes", "unrecorded_marks"]) {
        assert_eq!(verdict[number], 0, "{number}\n{printed}");
    }
    for proof in ["acknowledged_writes", "injected_faults", "copies", "scrapes", "changes"] {
        assert!(verdict[proof].as_u64().unwrap() > 0, "{proof}\n{printed}");
    }
}

#[tokio::test]
async fn a_walk_between_servers_loses_nothing_either() {
    let pairs = || fresh_on_servers(&tempfile::tempdir().unwrap());
    for number in 0..pairs().len() {
        let runtime = Handle::current();
        let fresh = move || {
            let urls = pairs().remove(number);
            runtime.block_on(urls.make());
            Some(urls)
        };
        let walked = tokio::task::spawn_blocking(move || verdict_on(false, fresh));
        let (verdict, printed) = walked.await.unwrap();
        assert_nothing_lost(&verdict, &printed);
    }
}

#[test]
fn by_hand_the_same_walk_loses_acknowledged_writes() {
    let (verdict, printed) = verdict(true);
    assert!(verdict["lost_writes"].as_u64().unwrap() > 0, "{printed}");
    assert!(verdict["divergent_keys"].as_u64().unwrap() > 0, "{printed}");
}
