//! Reads that the target cannot answer.

use std::time::Duration;

use crossfade::canary_read::CanaryReadLayer;
use crossfade::fallback::{FallbackLayer, FallbackPolicy};
use crossfade::route::{RouteLayer, RoutingHandle, Stage};
use crossfade::store::TargetLayer;
use crossfade::test_util::ReadinessProbe;
use tokio::time::Instant;
use tower::layer::layer_fn;
use tower::retry::budget::TpsBudget;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceBuilder};

use crate::reads::Say::{Fails, Hangs, Has, HasAfter, Missing};
use crate::reads::{Answer, Say, Script, Stack, is_over_budget, read, routing, said, scope};

const SHORT: Duration = Duration::from_millis(100);

struct Case {
    routing: RoutingHandle,
    target: Script,
    legacy: Script,
    stack: Stack,
}

impl Case {
    /// All reads go to the target, which may fall back to legacy.
    async fn live<P>(layer: FallbackLayer<P>, target: Say, legacy: Say) -> Self
    where
        P: FallbackPolicy<Answer, BoxError> + Clone + Send + Sync + 'static,
    {
        Self::at(Stage::Live, layer, target, legacy).await
    }

    async fn at<P>(stage: Stage, layer: FallbackLayer<P>, target: Say, legacy: Say) -> Self
    where
        P: FallbackPolicy<Answer, BoxError> + Clone + Send + Sync + 'static,
    {
        let routing = routing(stage).await;
        let (target, legacy) = (Script::new("target", [target]), Script::new("legacy", [legacy]));
        let stack = ServiceBuilder::new()
            .layer(RouteLayer::new(routing))
            .layer(CanaryReadLayer::new())
            .layer(layer)
            .layer(layer_fn(ReadinessProbe::new))
            .layer(TargetLayer::new(target.clone()))
            .service(legacy.clone());
        Self { routing, target, legacy, stack: BoxCloneSyncService::new(stack) }
    }

    /// Fallbacks because of an error, a missing record, a difference, and those not made.
    fn fallbacks(&self) -> [u64; 4] {
        let stats = self.routing.stats();
        [
            stats.fallbacks_on_error,
            stats.fallbacks_on_missing,
            stats.fallbacks_on_inconsistent,
            stats.fallbacks_over_budget,
        ]
    }

    fn marks(&self) -> u64 {
        self.routing.journal().marks()
    }
}

fn nothing() -> TpsBudget {
    TpsBudget::new(Duration::from_secs(1), 0, 0.0)
}

fn on_missing() -> FallbackLayer<impl FallbackPolicy<Answer, BoxError> + Clone + Send + Sync + 'static> {
    FallbackLayer::new().missing(Option::<i64>::is_none)
}

fn compared() -> FallbackLayer<impl FallbackPolicy<Answer, BoxError> + Clone + Send + Sync + 'static> {
    on_missing().compare_first(|target: &Answer, legacy: &Answer| target == legacy)
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_the_target_is_the_callers_and_legacy_is_left_alone() {
    let case = Case::live(on_missing(), Has(1), Has(2)).await;
    assert_eq!(read(&case.stack).await.unwrap(), Some(1));
    assert_eq!((case.legacy.calls(), case.fallbacks()), (0, [0; 4]));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_fails_is_replaced_by_legacy() {
    let case = Case::live(FallbackLayer::new(), Fails, Has(2)).await;
    assert_eq!(read(&case.stack).await.unwrap(), Some(2));
    assert_eq!((case.fallbacks(), case.marks()), ([1, 0, 0, 0], 0));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_hangs_is_replaced_at_the_timeout() {
    let case = Case::live(FallbackLayer::new().timeout(SHORT), Hangs, Has(2)).await;
    let start = Instant::now();
    assert_eq!(read(&case.stack).await.unwrap(), Some(2));
    assert_eq!((start.elapsed(), case.fallbacks()), (SHORT, [1, 0, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn without_a_timeout_the_caller_waits_for_a_slow_target() {
    let case = Case::live(FallbackLayer::new(), HasAfter(Duration::from_secs(60), 1), Has(2)).await;
    assert_eq!(read(&case.stack).await.unwrap(), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_only_legacy_has_is_found_and_marked() {
    let case = Case::live(on_missing(), Missing, Has(2)).await;
    assert_eq!(read(&case.stack).await.unwrap(), Some(2));
    assert_eq!((case.fallbacks(), case.marks()), ([0, 1, 0, 0], 1));
    assert_eq!(read(&case.stack).await.unwrap(), Some(2));
    assert_eq!(case.target.calls(), 1, "dirty: the second read goes to legacy at once");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_nobody_has_is_not_marked() {
    let case = Case::live(on_missing(), Missing, Missing).await;
    assert_eq!(read(&case.stack).await.unwrap(), None);
    assert_eq!((case.fallbacks(), case.marks()), ([0, 1, 0, 0], 0));
}

#[tokio::test(start_paused = true)]
async fn a_missing_record_is_not_reported_while_legacy_fails() {
    let case = Case::live(on_missing(), Missing, Fails).await;
    assert_eq!(said(read(&case.stack).await), "legacy is down");
    assert_eq!(case.marks(), 0);
}

#[tokio::test(start_paused = true)]
async fn legacys_error_is_the_answer_when_both_stores_fail() {
    let case = Case::live(FallbackLayer::new(), Fails, Fails).await;
    assert_eq!(said(read(&case.stack).await), "legacy is down");
}

#[tokio::test(start_paused = true)]
async fn over_the_budget_the_targets_own_error_is_passed_on() {
    let case = Case::live(FallbackLayer::new().budget(nothing()), Fails, Has(2)).await;
    assert_eq!(said(read(&case.stack).await), "target is down");
    assert_eq!((case.legacy.calls(), case.fallbacks()), (0, [0, 0, 0, 1]));
}

#[tokio::test(start_paused = true)]
async fn over_the_budget_a_missing_record_is_refused_and_never_reported_missing() {
    let case = Case::live(on_missing().budget(nothing()), Missing, Has(2)).await;
    assert!(is_over_budget(&read(&case.stack).await));
    assert_eq!((case.legacy.calls(), case.fallbacks(), case.marks()), (0, [0, 0, 0, 1], 0));
}

#[tokio::test(start_paused = true)]
async fn over_the_budget_a_timeout_is_refused() {
    let layer = FallbackLayer::new().timeout(SHORT).budget(nothing());
    let case = Case::live(layer, Hangs, Has(2)).await;
    assert!(is_over_budget(&read(&case.stack).await));
    assert_eq!(case.legacy.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_dead_target_sends_legacy_a_fifth_and_a_reserve() {
    let case = Case::live(FallbackLayer::new(), Fails, Has(2)).await;
    for _ in 0..10_000 {
        drop(read(&case.stack).await);
    }
    assert_eq!(case.legacy.calls(), 2_000 + 10 * 100);
    assert_eq!(case.fallbacks(), [3_000, 0, 0, 7_000]);
}

#[tokio::test(start_paused = true)]
async fn answers_that_differ_are_legacys_and_marked() {
    let case = Case::live(compared(), Has(1), Has(2)).await;
    assert_eq!(read(&case.stack).await.unwrap(), Some(2));
    assert_eq!((case.fallbacks(), case.marks()), ([0, 0, 1, 0], 1));
}

#[tokio::test(start_paused = true)]
async fn answers_that_agree_cost_the_slower_store_and_no_more() {
    let slow = |millis| HasAfter(Duration::from_millis(millis), 1);
    let case = Case::live(compared(), slow(30), slow(50)).await;
    let start = Instant::now();
    assert_eq!(read(&case.stack).await.unwrap(), Some(1));
    assert_eq!(start.elapsed(), Duration::from_millis(50));
    assert_eq!((case.fallbacks(), case.marks()), ([0; 4], 0));
}

#[tokio::test(start_paused = true)]
async fn a_comparison_with_a_record_that_only_legacy_has_marks_it() {
    let case = Case::live(compared(), Missing, Has(2)).await;
    assert_eq!(read(&case.stack).await.unwrap(), Some(2));
    assert_eq!((case.fallbacks(), case.marks()), ([0, 1, 0, 0], 1));
}

#[tokio::test(start_paused = true)]
async fn a_comparison_does_not_need_legacy() {
    for legacy in [Fails, Hangs] {
        let case = Case::live(compared().timeout(SHORT), Has(1), legacy).await;
        assert_eq!(read(&case.stack).await.unwrap(), Some(1));
    }
    let case = Case::live(compared().timeout(SHORT), Missing, Fails).await;
    assert_eq!(said(read(&case.stack).await), "legacy is down", "never a false `not found`");
}

#[tokio::test(start_paused = true)]
async fn a_comparison_waits_for_a_slow_legacy_when_the_target_cannot_answer() {
    let legacy = HasAfter(SHORT * 3, 2);
    let case = Case::live(compared().timeout(SHORT), Fails, legacy).await;
    assert_eq!(read(&case.stack).await.unwrap(), Some(2));
}

/// Passes errors on that legacy would give as well.
#[derive(Clone)]
struct OnlyOutages;

impl FallbackPolicy<Answer, BoxError> for OnlyOutages {
    fn on_error(&self, error: &BoxError) -> bool {
        !error.to_string().contains("down")
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_the_policy_passes_on_is_the_callers() {
    let case = Case::live(FallbackLayer::with_policy(OnlyOutages), Fails, Has(2)).await;
    assert_eq!(said(read(&case.stack).await), "target is down");
    assert_eq!((case.legacy.calls(), case.fallbacks()), (0, [0; 4]));
}

#[tokio::test(start_paused = true)]
async fn where_legacy_is_the_authority_of_the_read_its_error_is_the_callers() {
    for stage in [Stage::Off, Stage::DualWrite, Stage::Shadow] {
        let case = Case::at(stage, on_missing(), Has(1), Fails).await;
        assert_eq!(said(read(&case.stack).await), "legacy is down", "{stage}");
        assert_eq!(case.target.calls(), 0, "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_legacy_is_no_longer_the_authority_nothing_falls_back() {
    for stage in [Stage::RampDown, Stage::Complete] {
        let case = Case::at(stage, on_missing(), Missing, Has(2)).await;
        assert_eq!(read(&case.stack).await.unwrap(), None, "{stage}");
        assert_eq!(case.legacy.calls(), 0, "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dirty_read_is_legacys_and_does_not_fall_back() {
    let case = Case::live(on_missing(), Has(1), Fails).await;
    case.routing.journal().mark_for_repair(scope(7)).await.unwrap();
    assert_eq!(said(read(&case.stack).await), "legacy is down");
    assert_eq!(case.target.calls(), 0);
}
