//! What a wrong order of the layers does.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use crossfade::canary_read::CanaryReadLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::route::{RouteLayer, Stage};
use crossfade::store::TargetLayer;
use tokio::time::sleep;
use tower::ServiceBuilder;
use tower::util::BoxCloneSyncService;

use crate::mismatch_metrics::{DEADLINE, by_totals, counts};
use crate::reads::Say::{Fails, Has};
use crate::reads::{Answer, Script, Stack, read, routing};

/// The target fails while the reads of all callers go to it.
async fn target_down(fallback_outside: bool) -> (Answer, String, u64) {
    let routing = routing(Stage::Live).await;
    let (target, legacy) = (Script::new("target", [Fails]), Script::new("legacy", [Has(1)]));
    let route = ServiceBuilder::new().layer(RouteLayer::new(routing)).layer(CanaryReadLayer::new());
    let stores = TargetLayer::new(target);
    let stack: Stack = if fallback_outside {
        let layers = route.layer(FallbackLayer::new()).layer(by_totals());
        BoxCloneSyncService::new(layers.layer(stores).service(legacy))
    } else {
        let layers = route.layer(by_totals()).layer(FallbackLayer::new());
        BoxCloneSyncService::new(layers.layer(stores).service(legacy))
    };
    let answer = read(&stack).await.unwrap();
    sleep(DEADLINE).await;
    let stats = routing.stats();
    (answer, counts(&stats), stats.fallbacks())
}

#[tokio::test(start_paused = true)]
async fn fallback_outside_of_the_comparison_shows_that_the_target_is_down() {
    assert_eq!(target_down(true).await, (Some(1), "1 shadows, 1 error".to_owned(), 1));
}

#[tokio::test(start_paused = true)]
async fn fallback_inside_of_the_comparison_hides_that_the_target_is_down() {
    let counts = "1 shadows, 1 match";
    assert_eq!(target_down(false).await, (Some(1), counts.to_owned(), 1), "legacy is compared with itself");
}

#[tokio::test(start_paused = true)]
async fn a_shadow_read_does_not_fall_back_even_in_the_wrong_order() {
    let routing = routing(Stage::Shadow).await;
    let stack = ServiceBuilder::new()
        .layer(RouteLayer::new(routing))
        .layer(by_totals())
        .layer(FallbackLayer::new())
        .layer(TargetLayer::new(Script::new("target", [Fails])))
        .service(Script::new("legacy", [Has(1)]));
    assert_eq!(read(&BoxCloneSyncService::new(stack)).await.unwrap(), Some(1));
    sleep(DEADLINE).await;
    let stats = routing.stats();
    assert_eq!((stats.comparisons_error_one_side, stats.fallbacks()), (1, 0));
}
