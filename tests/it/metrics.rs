//! The metrics as they are scraped: right by promtool, by the counters, and the same through both adapters.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use crossfade::data::{Key, Scopes};
use crossfade::journal::Journal;
use crossfade::metrics::{LABEL_VALUES_MAX, Metrics, STATUS_EVERY};
use crossfade::route::{Operation, RouteLayer, RoutingConfig, RoutingHandle, Stage, StorageRequest, Store};
use crossfade::store::TargetLayer;
use crossfade::test_util::{Call, Fault};
use metrics_exporter_prometheus::PrometheusBuilder;
use prometheus_client::registry::Registry;
use tower::{BoxError, Layer, ServiceExt};

use crate::support::{World, asked, config, put};

/// Every sample of a text by its name and labels.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (sorted(name), number(value)))
        .collect()
}

fn number(text: &str) -> f64 {
    text.parse().unwrap()
}

/// The labels of a sample in the order of their names: the adapters may write them in another.
fn sorted(sample: &str) -> String {
    let Some((name, labels)) = sample.trim_end_matches('}').split_once('{') else {
        return sample.to_owned();
    };
    let mut labels: Vec<&str> = labels.split(',').collect();
    labels.sort_unstable();
    format!("{name}{{{}}}", labels.join(","))
}

/// A world that has counted something of most things.
async fn busy() -> World {
    let mut world = World::at(Stage::Canary, "[cohort]\nweight = \"12.5%\"\nallow = [\"1\"]").await;
    for item in 0..5 {
        world.put(1, item, 1).await;
    }
    world.settle().await;
    world.get(1, 1).await;
    world.target.script().next(Call::RequestRead, Fault::Reject);
    world.get(1, 1).await;
    world.get(2, 1).await;
    world.reconciler.take().unwrap().stop().await;
    world.target.script().next(Call::Replace, Fault::Reject);
    world.put(1, 1, 2).await;
    world.routing.move_to(Stage::RampDown, asked()).await.unwrap_err();
    world
}

#[tokio::test(start_paused = true)]
async fn promtool_finds_nothing_to_complain_of() {
    let world = busy().await;
    let text =
        Metrics::new().migration("invoices", world.routing).migration("notes", world.routing).text().await;
    let Some((passed, words)) = promtool(&["check", "metrics"], &text) else { return };
    assert!(passed && words.is_empty(), "{words}\n{text}");
}

/// Whether promtool takes these rules, when there is one on this machine.
fn check_rules(rules: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.yaml");
    std::fs::write(&path, rules).unwrap();
    let Some((passed, words)) = promtool(&["check", "rules", path.to_str().unwrap()], "") else { return };
    assert!(passed, "{words}");
}

/// That every metric in a text is explained by the operations page.
fn all_are_explained(text: &str) {
    let page = include_str!("../../src/operations.md");
    for name in
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|w| w.starts_with("crossfade_"))
    {
        assert!(page.contains(&format!("`{name}")), "{name} is no metric of the page");
    }
}

#[test]
fn the_alerts_are_rules_and_those_of_the_operations_page() {
    let page = include_str!("../../src/operations.md");
    let shown = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let rules = include_str!("../../alerts/crossfade.yaml");
    assert!(rules.ends_with(shown), "alerts/crossfade.yaml is not what the page shows");
    check_rules(rules);
    all_are_explained(rules);
}

/// Every expression of the dashboard, as Grafana would send it.
fn expressions(dashboard: &serde_json::Value) -> Vec<String> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let annotations = dashboard["annotations"]["list"].as_array().unwrap().iter();
    let expressions = targets.chain(annotations).map(|query| query["expr"].as_str().unwrap());
    expressions.map(|expr| expr.replace("$__rate_interval", "1m").replace("$migration", ".*")).collect()
}

#[test]
fn the_dashboard_asks_what_prometheus_can_answer() {
    let text = include_str!("../../dashboards/crossfade.json");
    let expressions = expressions(&serde_json::from_str(text).unwrap());
    assert!(expressions.len() > 30, "{}", expressions.len());
    let rule =
        |(n, expr): (usize, &String)| format!("      - record: dashboard:{n}\n        expr: '{expr}'\n");
    let rules: String = expressions.iter().enumerate().map(rule).collect();
    check_rules(&format!("groups:\n  - name: dashboard\n    rules:\n{rules}"));
    all_are_explained(text);
}

/// A query of a metric or a label that is not there shows nothing, and nobody notices.
#[tokio::test(start_paused = true)]
async fn the_dashboard_asks_for_metrics_and_labels_that_are_scraped() {
    let world = busy().await;
    let scraped = Metrics::new().migration("invoices", world.routing).text().await;
    let dashboard = serde_json::from_str(include_str!("../../dashboards/crossfade.json")).unwrap();
    // Only where a config file is watched.
    let of_a_file = |expression: &String| expression.contains("crossfade_config_last_reload");
    for expression in expressions(&dashboard).into_iter().filter(|expression| !of_a_file(expression)) {
        let begin = expression.find("crossfade_").unwrap();
        let name = expression[begin..].split(['{', '[', ' ']).next().unwrap();
        let line = scraped.lines().find(|line| line.starts_with(&format!("{name}{{")));
        let line = line.unwrap_or_else(|| panic!("{name} is not scraped"));
        let by = expression.split("sum by (").nth(1).map_or("", |by| by.split(')').next().unwrap());
        for label in by.split(", ").filter(|label| !label.is_empty()) {
            assert!(line.contains(&format!("{label}=\"")), "{name} has no label {label}: {line}");
        }
    }
}

/// Runs promtool with this on its input; `None` when there is none on this machine.
fn promtool(arguments: &[&str], input: &str) -> Option<(bool, String)> {
    let named = std::env::var_os("CROSSFADE_PROMTOOL").unwrap_or_else(|| "promtool".into());
    let mut command = Command::new(&named);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut check) = command.spawn() else {
        assert!(std::env::var_os("CI").is_none(), "promtool is missing: ./tests/run installs it");
        eprintln!(
            "skipped: promtool is neither on the PATH nor in CROSSFADE_PROMTOOL; ./tests/run installs it"
        );
        return None;
    };
    check.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let said = check.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
    Some((said.status.success(), words))
}

#[tokio::test(start_paused = true)]
async fn what_is_scraped_is_what_was_counted() {
    let world = busy().await;
    let stats = world.routing.stats();
    let scraped = samples(&Metrics::new().migration("invoices", world.routing).text().await);
    let at = |name: &str, labels: &[&str]| {
        let labels: Vec<String> = labels.iter().map(|label| label.to_string()).collect();
        let name = sorted(&format!("{name}{{{},migration=\"invoices\"}}", labels.join(",")));
        let name = name.replace("{,", "{");
        *scraped.get(&name).unwrap_or_else(|| panic!("{name} is not among {scraped:#?}"))
    };
    assert_eq!(at("crossfade_stage", &[]), 3.0);
    assert_eq!(at("crossfade_stage_info", &["stage=\"canary\""]), 1.0);
    assert_eq!(at("crossfade_stage_info", &["stage=\"live\""]), 0.0);
    assert_eq!(at("crossfade_epoch", &[]), world.routing.status().await.unwrap().epoch as f64);
    assert_eq!(at("crossfade_cohort_weight_ratio", &[]), 0.125);
    assert_eq!(at("crossfade_writes_total", &["outcome=\"applied\""]), 6.0);
    assert_eq!(at("crossfade_writes_ended_total", &["end=\"copied\""]), 5.0);
    assert_eq!(at("crossfade_writes_ended_total", &["end=\"marked\""]), 1.0);
    assert_eq!(at("crossfade_unaccounted_writes", &[]), 0.0);
    assert_eq!(
        at("crossfade_reads_total", &["store=\"target\"", "reason=\"canary\""]),
        stats.canary_reads as f64
    );
    assert_eq!(at("crossfade_fallbacks_total", &["reason=\"error\""]), 1.0);
    assert_eq!(at("crossfade_marks", &[]), 1.0);
    assert_eq!(at("crossfade_mark_rows", &[]), 1.0);
    assert_eq!(at("crossfade_marks_by_state", &["state=\"left\""]), 1.0);
    assert_eq!(at("crossfade_certificate_present", &[]), 1.0);
    assert_eq!(at("crossfade_fill_complete", &[]), 1.0);
    assert_eq!(at("crossfade_config_swaps_total", &["result=\"refused\""]), 1.0);
    assert_eq!(at("crossfade_journal_reachable", &[]), 1.0);
    assert!(stats.canary_reads > 0);
}

#[tokio::test(start_paused = true)]
async fn rows_that_stand_for_the_writes_that_follow_are_counted_though_nothing_is_dirty() {
    let world = World::at(Stage::DualWrite, "writes = { linger = \"5s\" }").await;
    let metrics = Metrics::new().migration("invoices", world.routing);
    let rows_and_marks = async || {
        let scraped = samples(&metrics.text().await);
        ["crossfade_mark_rows", "crossfade_marks"]
            .map(|name| scraped[&format!("{name}{{migration=\"invoices\"}}")])
    };
    for item in 0..3 {
        world.put(1, item, 1).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(rows_and_marks().await, [3.0, 0.0]);
    world.put(1, 1, 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(rows_and_marks().await, [3.0, 0.0], "a mark that is taken over is the same row");
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(rows_and_marks().await, [0.0, 0.0]);
}

#[tokio::test(start_paused = true)]
async fn both_adapters_say_the_same() {
    let world = busy().await;
    let metrics =
        Metrics::new().migration("invoices", world.routing).migration("o\"dd\\name\n", world.routing);
    let text = metrics.text().await;
    let recorder = PrometheusBuilder::new().build_recorder();
    ::metrics::with_local_recorder(&recorder, || metrics.publish());
    let published = recorder.handle().render();
    assert_eq!(samples(&published), samples(&text));
    for line in text.lines().filter(|line| line.starts_with("# ")) {
        assert!(published.lines().any(|other| other == line), "{line} is not in {published}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_learns_from_the_journal_by_the_next_scrape() {
    let world = World::at(Stage::Shadow, "").await;
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Metrics::new().migration("invoices", world.routing)));
    let scrape = || {
        let mut text = String::new();
        prometheus_client::encoding::prometheus_text::encode(&mut text, &registry).unwrap();
        samples(&text)
    };
    let name = "crossfade_certificate_present{migration=\"invoices\"}";
    assert_eq!(scrape().get(name), None, "no scrape waits for the journal");
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(scrape().get(name), Some(&1.0));
}

#[tokio::test(start_paused = true)]
async fn the_journal_is_not_asked_more_often_than_it_has_to_be() {
    let world = World::new("").await;
    let metrics = Metrics::new().migration("invoices", world.routing);
    let read = "crossfade_journal_read_timestamp_seconds{migration=\"invoices\"}";
    let first = samples(&metrics.text().await)[read];
    tokio::time::sleep(STATUS_EVERY - Duration::from_millis(1)).await;
    assert_eq!(samples(&metrics.text().await)[read], first);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(samples(&metrics.text().await)[read] > first);
}

#[tokio::test]
async fn a_journal_that_does_not_answer_is_told_and_its_last_words_stay() {
    let folder = tempfile::tempdir().unwrap();
    let journal =
        Journal::open(&format!("sqlite:{}", folder.path().join("journal.db").display())).await.unwrap();
    let routing = RoutingHandle::open(&journal, RoutingConfig::default()).await.unwrap();
    let metrics = Metrics::new().migration("invoices", routing);
    let before = samples(&metrics.text().await);
    routing.close().await.unwrap();
    tokio::time::pause();
    tokio::time::advance(STATUS_EVERY).await;
    let after = samples(&metrics.text().await);
    for name in ["crossfade_certificate_present", "crossfade_journal_read_timestamp_seconds"] {
        let name = format!("{name}{{migration=\"invoices\"}}");
        assert_eq!(after[&name], before[&name], "{name}");
    }
    let reachable = "crossfade_journal_reachable{migration=\"invoices\"}";
    assert_eq!((before[reachable], after[reachable]), (1.0, 0.0));
}

#[tokio::test(start_paused = true)]
async fn migrations_over_the_limit_of_labels_are_added_up() {
    let mut metrics = Metrics::new();
    let mut worlds = Vec::new();
    for number in 0..LABEL_VALUES_MAX + 3 {
        let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await.unwrap();
        let _drained = routing.move_to(Stage::DualWrite, asked()).await.unwrap();
        metrics = metrics.migration(format!("m{number}"), routing);
        worlds.push(routing);
    }
    let scraped = samples(&metrics.text().await);
    let moves = |name: &str| {
        scraped.get(&format!("crossfade_stage_moves_total{{migration=\"{name}\",result=\"committed\"}}"))
    };
    assert_eq!((moves("m99"), moves("m100"), moves("_other")), (Some(&1.0), None, Some(&3.0)));
    assert_eq!(scraped.get("crossfade_stage{migration=\"_other\"}"), None, "stages do not add up");
    assert_eq!(scraped.get("crossfade_stage{migration=\"m99\"}"), Some(&1.0));
}

#[tokio::test(start_paused = true)]
async fn the_same_name_again_takes_the_place_of_the_first() {
    let (first, second) = (World::at(Stage::DualWrite, "").await, World::at(Stage::Shadow, "").await);
    let metrics = Metrics::new().migration("invoices", first.routing).migration("invoices", second.routing);
    let text = metrics.text().await;
    assert_eq!(samples(&text)["crossfade_stage{migration=\"invoices\"}"], 2.0);
    assert_eq!(text.matches("crossfade_stage{").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn publishing_keeps_its_pace_and_stops() {
    // The recorder of a thread is seen by the tasks of a runtime of one thread.
    let world = World::new("").await;
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let guard = ::metrics::set_default_local_recorder(&recorder);
    let publishing =
        Metrics::new().migration("invoices", world.routing).publish_every(Duration::from_secs(15));
    let weight =
        || samples(&handle.render()).get("crossfade_cohort_weight_ratio{migration=\"invoices\"}").copied();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(weight(), Some(0.0));
    let half = config("[cohort]\nweight = \"50%\"");
    world.routing.configure(half, asked()).await.unwrap().drained().await;
    tokio::time::sleep(Duration::from_secs(14)).await;
    assert_eq!(weight(), Some(0.0));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(weight(), Some(0.5));
    publishing.stop();
    world.routing.configure(config(""), asked()).await.unwrap().drained().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(weight(), Some(0.5));
    drop(guard);
}

/// A read that names the target.
#[derive(Clone)]
struct FromTarget;

impl StorageRequest for FromTarget {
    fn operation(&self) -> Operation {
        Operation::read("get")
    }

    fn scopes(&self) -> Scopes {
        Key::new(&1, &1).into()
    }

    fn read_override(&self) -> Option<Store> {
        Some(Store::Target)
    }
}

#[tokio::test(start_paused = true)]
async fn a_dirty_read_counts_only_where_it_would_have_gone_elsewhere() {
    for (stage, counted) in [(Stage::Live, 1), (Stage::RampDown, 0)] {
        let mut world = World::at(stage, "[cohort]\nread_override = true").await;
        world.reconciler.take().unwrap().stop().await;
        world.journal.mark_for_repair(Key::new(&1, &1).into()).await.unwrap();
        let answers = tower::service_fn(|FromTarget| async { Ok::<(), BoxError>(()) });
        let stores = TargetLayer::new(answers).layer(answers);
        RouteLayer::new(world.routing).layer(stores).oneshot(FromTarget).await.unwrap();
        assert_eq!(world.routing.stats().dirty_reads, counted, "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_refused_before_a_store_is_asked_are_counted() {
    let world = World::at(Stage::Shadow, "").await;
    world.routing.close().await.unwrap();
    world.call(put(1, 1, 1)).await.unwrap_err();
    let scraped = samples(&Metrics::new().migration("invoices", world.routing).text().await);
    assert_eq!(scraped["crossfade_requests_refused_total{migration=\"invoices\"}"], 1.0);
}
