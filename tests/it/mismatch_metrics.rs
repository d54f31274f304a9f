//! Reads that are repeated on the other store and compared.

use std::time::Duration;

use crossfade::StatsSnapshot;
use crossfade::canary_read::CanaryReadLayer;
use crossfade::mismatch_metrics::{Class, Compare, MismatchMetricsLayer, Samples, by, by_form, by_json};
use crossfade::route::{RouteLayer, RoutingHandle, Stage};
use crossfade::store::TargetLayer;
use crossfade::test_util::ReadinessProbe;
use tokio::time::{Instant, sleep, timeout};
use tower::layer::layer_fn;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};
use tracing::Instrument;

use crate::reads::Say::{Fails, Hangs, Has, HasAfter, Missing};
use crate::reads::{Answer, Get, Say, Script, Stack, read, routing, said, scope};

pub(crate) const DEADLINE: Duration = Duration::from_secs(1);
const CONFIRM_DELAY: Duration = Duration::from_millis(200);

struct Case {
    routing: RoutingHandle,
    target: Script,
    legacy: Script,
    samples: Samples,
    stack: Stack,
}

type Lines<'a> = &'a [Say];

impl Case {
    /// Legacy answers; the target is looked at beside.
    async fn shadow(legacy: Lines<'_>, target: Lines<'_>) -> Self {
        Self::at(Stage::Shadow, by_totals(), legacy, target).await
    }

    async fn at<C>(stage: Stage, layer: MismatchMetricsLayer<C>, legacy: Lines<'_>, target: Lines<'_>) -> Self
    where
        C: Compare<Answer> + Clone + Send + Sync + 'static,
    {
        let routing = routing(stage).await;
        let target = Script::new("target", target.to_vec());
        let legacy = Script::new("legacy", legacy.to_vec());
        let samples = layer.samples();
        let stack = ServiceBuilder::new()
            .layer(RouteLayer::new(routing))
            .layer(CanaryReadLayer::new())
            .layer(layer)
            .layer(layer_fn(ReadinessProbe::new))
            .layer(TargetLayer::new(target.clone()))
            .service(legacy.clone());
        Self { routing, target, legacy, samples, stack: BoxCloneSyncService::new(stack) }
    }

    /// What is counted when all shadow reads have ended.
    async fn settled(&self) -> String {
        sleep(CONFIRM_DELAY + DEADLINE * 4).await;
        counts(&self.routing.stats())
    }
}

/// What was counted, the zeros left out.
pub(crate) fn counts(stats: &StatsSnapshot) -> String {
    [
        ("shadows", stats.shadows),
        ("shed", stats.shadows_shed),
        ("late", stats.shadows_timed_out),
        ("match", stats.comparisons_matched),
        ("missing_in_target", stats.mismatches_missing_in_target),
        ("missing_in_legacy", stats.mismatches_missing_in_legacy),
        ("value", stats.mismatches_value),
        ("error", stats.comparisons_error_one_side),
        ("transient", stats.mismatches_transient),
    ]
    .iter()
    .filter(|(_, count)| *count > 0)
    .map(|(name, count)| format!("{count} {name}"))
    .collect::<Vec<_>>()
    .join(", ")
}

pub(crate) fn by_totals() -> MismatchMetricsLayer<impl Compare<Answer> + Clone + Send + Sync + 'static> {
    MismatchMetricsLayer::new(by_form(|answer: &Answer| *answer).missing(Option::is_none))
        .deadline(DEADLINE)
        .confirm_delay(CONFIRM_DELAY)
}

#[tokio::test(start_paused = true)]
async fn a_hung_other_store_adds_nothing_to_a_read() {
    for stage in [Stage::Shadow, Stage::Live, Stage::RampDown] {
        let answers = HasAfter(Duration::from_millis(5), 1);
        let (legacy, target) = match stage {
            Stage::Shadow => (answers, Hangs),
            _ => (Hangs, answers),
        };
        let case = Case::at(stage, by_totals(), &[legacy], &[target]).await;
        let start = Instant::now();
        assert_eq!(read(&case.stack).await.unwrap(), Some(1));
        assert_eq!(start.elapsed(), Duration::from_millis(5), "{stage}");
        assert_eq!(case.settled().await, "1 shadows, 1 late", "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn equal_answers_match() {
    let case = Case::shadow(&[Has(1)], &[Has(1)]).await;
    assert_eq!(read(&case.stack).await.unwrap(), Some(1));
    assert_eq!(case.settled().await, "1 shadows, 1 match");
    let case = Case::shadow(&[Missing], &[Missing]).await;
    assert_eq!(read(&case.stack).await.unwrap(), None);
    assert_eq!(case.settled().await, "1 shadows, 1 match");
}

#[tokio::test(start_paused = true)]
async fn a_mismatch_that_stays_is_counted_by_its_class_and_kept() {
    for (legacy, target, class) in [
        (Has(1), Has(2), Class::Value),
        (Has(1), Missing, Class::MissingInTarget),
        (Missing, Has(1), Class::MissingInLegacy),
    ] {
        for stage in [Stage::Shadow, Stage::Live, Stage::RampDown] {
            let (legacy, target) = ([legacy.clone()], [target.clone()]);
            let case = Case::at(stage, by_totals(), &legacy, &target).await;
            read(&case.stack).await.unwrap();
            let counts = format!("1 shadows, 1 {}", class.as_str());
            assert_eq!(case.settled().await, counts, "{class:?} in {stage}");
            let samples = case.samples.newest_first();
            assert_eq!((samples.len(), samples[0].class, samples[0].stage), (1, class, stage));
            assert!(samples[0].scope.starts_with("key #"), "{}", samples[0].scope);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_mismatch_that_heals_is_transient() {
    let case = Case::shadow(&[Has(2)], &[Has(1), Has(2)]).await;
    read(&case.stack).await.unwrap();
    assert_eq!(case.settled().await, "1 shadows, 1 transient");
    assert!(case.samples.newest_first().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_mismatch_of_something_dirty_is_transient() {
    let case = Case::shadow(&[Has(2)], &[Has(1)]).await;
    read(&case.stack).await.unwrap();
    sleep(CONFIRM_DELAY / 2).await;
    case.routing.journal().mark_for_repair(scope(7)).await.unwrap();
    assert_eq!(case.settled().await, "1 shadows, 1 transient");
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_comes_during_the_second_look_makes_it_transient() {
    let slow = HasAfter(Duration::from_millis(100), 1);
    let case = Case::shadow(&[Has(2)], &[Has(1), slow]).await;
    read(&case.stack).await.unwrap();
    sleep(CONFIRM_DELAY + Duration::from_millis(50)).await;
    case.routing.journal().mark_for_repair(scope(7)).await.unwrap();
    assert_eq!(case.settled().await, "1 shadows, 1 transient");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_written_while_it_is_looked_at_again_is_transient() {
    for stage in [Stage::Shadow, Stage::RampDown] {
        // Each look finds another total on the authority: writes come and are copied between the reads.
        let (busy, behind) = ([Has(1), Has(2), Has(4), Has(5)], [Has(0), Has(3)]);
        let case = match stage {
            Stage::Shadow => Case::shadow(&busy, &behind).await,
            _ => Case::at(stage, by_totals(), &behind, &busy).await,
        };
        read(&case.stack).await.unwrap();
        assert_eq!(case.settled().await, "1 shadows, 1 transient", "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_alone_is_counted_and_the_caller_sees_only_its_own() {
    let error = "1 shadows, 1 error";
    let case = Case::shadow(&[Has(1)], &[Fails]).await;
    assert_eq!(read(&case.stack).await.unwrap(), Some(1));
    assert_eq!(case.settled().await, error);
    let case = Case::shadow(&[Fails], &[Has(1)]).await;
    assert_eq!(said(read(&case.stack).await), "legacy is down");
    assert_eq!(case.settled().await, error);
    let case = Case::shadow(&[Fails], &[Fails]).await;
    assert_eq!(said(read(&case.stack).await), "legacy is down");
    assert_eq!(case.settled().await, "1 shadows", "nothing to compare");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_or_hangs_at_the_second_look_confirms_nothing() {
    let case = Case::shadow(&[Has(1)], &[Has(2), Fails]).await;
    read(&case.stack).await.unwrap();
    assert_eq!(case.settled().await, "1 shadows, 1 error");
    let case = Case::shadow(&[Has(1)], &[Has(2), Hangs]).await;
    read(&case.stack).await.unwrap();
    assert_eq!(case.settled().await, "1 shadows, 1 late");
}

#[tokio::test(start_paused = true)]
async fn shadow_reads_that_find_no_room_are_shed() {
    let layer = by_totals().in_flight_max(2);
    let case = Case::at(Stage::Shadow, layer, &[Has(1)], &[Hangs]).await;
    for _ in 0..5 {
        read(&case.stack).await.unwrap();
    }
    sleep(DEADLINE * 2).await;
    read(&case.stack).await.unwrap();
    assert_eq!(case.settled().await, "3 shadows, 3 shed, 3 late");
    assert_eq!(case.target.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn shadow_reads_over_the_rate_are_shed() {
    let case = Case::at(Stage::Shadow, by_totals().rate_max(3), &[Has(1)], &[Has(1)]).await;
    for _ in 0..2 {
        for _ in 0..5 {
            read(&case.stack).await.unwrap();
        }
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(case.settled().await, "6 shadows, 4 shed, 6 match");
}

#[tokio::test(start_paused = true)]
async fn the_oldest_samples_make_room_for_new_ones() {
    let case = Case::at(Stage::Shadow, by_totals().samples_max(3), &[Has(1)], &[Has(2)]).await;
    for _ in 0..5 {
        read(&case.stack).await.unwrap();
    }
    assert_eq!(case.settled().await, "5 shadows, 5 value");
    assert_eq!(case.samples.newest_first().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn answers_are_compared_by_a_closure() {
    let layer = || MismatchMetricsLayer::new(by(|a: &Answer, b: &Answer| a.abs_diff_or(*b) <= 1));
    let case = Case::at(Stage::Shadow, layer(), &[Has(1)], &[Has(2)]).await;
    read(&case.stack).await.unwrap();
    assert_eq!(case.settled().await, "1 shadows, 1 match");
    let case = Case::at(Stage::Shadow, layer(), &[Has(1)], &[Has(3)]).await;
    read(&case.stack).await.unwrap();
    assert_eq!(case.settled().await, "1 shadows, 1 value");
}

trait AbsDiffOr {
    fn abs_diff_or(&self, other: Self) -> u64;
}

impl AbsDiffOr for Answer {
    fn abs_diff_or(&self, other: Self) -> u64 {
        self.zip(other).map_or(u64::MAX, |(a, b)| a.abs_diff(b))
    }
}

#[tokio::test(start_paused = true)]
async fn differing_fields_are_named_in_the_sample() {
    let json = by_json(|answer: &Answer| match answer {
        Some(total) => serde_json::json!({ "total": total, "read_by": total }),
        None => serde_json::Value::Null,
    });
    let layer = MismatchMetricsLayer::new(json.ignore("/read_by"));
    let case = Case::at(Stage::Shadow, layer, &[Has(1), Has(1)], &[Has(2)]).await;
    read(&case.stack).await.unwrap();
    assert_eq!(case.settled().await, "1 shadows, 1 value");
    let sample = case.samples.newest_first().remove(0);
    assert_eq!((sample.differences.len(), &*sample.differences[0].path), (1, "/total"));
    assert_eq!(sample.differences[0].values, None);
}

#[tokio::test(start_paused = true)]
async fn reads_that_are_not_shadowed_touch_one_store() {
    for stage in [Stage::Off, Stage::DualWrite, Stage::Complete] {
        let case = Case::at(stage, by_totals(), &[Has(1)], &[Has(1)]).await;
        read(&case.stack).await.unwrap();
        assert_eq!(case.settled().await, "", "{stage}");
        assert_eq!(case.target.calls() + case.legacy.calls(), 1, "{stage}");
    }
    let case = Case::shadow(&[Has(1)], &[Has(2)]).await;
    case.routing.journal().mark_for_repair(scope(7)).await.unwrap();
    read(&case.stack).await.unwrap();
    assert_eq!(case.settled().await, "", "a dirty read");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_before_its_answer_leaves_no_shadow_read() {
    let case = Case::shadow(&[Hangs], &[Has(1)]).await;
    assert!(timeout(Duration::from_millis(1), read(&case.stack)).await.is_err());
    assert_eq!(case.settled().await, "");
    assert_eq!(case.target.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_shadow_read_runs_in_the_span_of_its_request() {
    let _subscriber = tracing::subscriber::set_default(tracing_subscriber::registry());
    let case = Case::shadow(&[Has(1)], &[Has(1)]).await;
    let span = tracing::info_span!("request");
    case.stack.clone().oneshot(Get(7)).instrument(span).await.unwrap();
    assert_eq!(case.settled().await, "1 shadows, 1 match");
    assert_eq!(case.target.spans(), [Some("request")]);
}
