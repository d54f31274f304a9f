//! A store learns until when the answer of a leg is wanted.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossfade::canary_read::CanaryReadLayer;
use crossfade::copy::Copier;
use crossfade::data::Scope;
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::fill::Fill;
use crossfade::journal::Journal;
use crossfade::mismatch_metrics::{MismatchMetricsLayer, by_form};
use crossfade::route::{Deadline, RouteLayer, RoutingHandle, Stage};
use crossfade::store::TargetLayer;
use crossfade::test_util::{Call, Fault, Flavour, MemoryStore, Number, Plain, classify_outcome};
use tower::layer::Layer;
use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};

use crate::reads::{Answer, Get, Stack, read, routing};
use crate::support::{asked, config, put};

const SHADOW: Duration = Duration::from_millis(300);
const FALLBACK: Duration = Duration::from_millis(200);
const COPY: Duration = Duration::from_secs(2);

/// What a store was told of how long it is waited for, call by call.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Option<Duration>>>>);

impl Told {
    fn note(&self) {
        self.0.lock().unwrap().push(Deadline::current().map(Deadline::left));
    }

    fn all(&self) -> Vec<Option<Duration>> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Reads of two stores that note what they are told; the target answers what `target` does.
async fn stack<F, Fut>(stage: Stage, target: F) -> (RoutingHandle, Stack, Told)
where
    F: Fn() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Answer, BoxError>> + Send + 'static,
{
    let (routing, legacy_told) = (routing(stage).await, Told::default());
    let told = legacy_told.clone();
    let stack = ServiceBuilder::new()
        .layer(RouteLayer::new(routing))
        .layer(CanaryReadLayer::new())
        .layer(FallbackLayer::new().timeout(FALLBACK))
        .layer(MismatchMetricsLayer::new(by_form(|answer: &Answer| *answer)).deadline(SHADOW))
        .layer(TargetLayer::new(service_fn(move |_: Get| target())))
        .service(service_fn(move |_: Get| {
            told.note();
            async { Ok::<_, BoxError>(Some(1)) }
        }));
    (routing, Stack::new(stack), legacy_told)
}

/// A target as the stores of the crate are: it gives up when its answer is wanted no more, with an error.
async fn gives_up_in_time() -> Result<Answer, BoxError> {
    let deadline = Deadline::within(Duration::from_secs(60));
    tokio::spawn(tokio::time::sleep_until(deadline.instant())).await?;
    Err("given up".into())
}

#[tokio::test(start_paused = true)]
async fn a_shadow_read_says_its_deadline_and_the_answer_has_none() {
    let (_, stack, legacy) = stack(Stage::Live, || async { Ok(Some(1)) }).await;
    read(&stack).await.unwrap();
    tokio::time::sleep(SHADOW).await;
    assert_eq!(legacy.all(), [Some(SHADOW)], "of the shadow");

    let told = Told::default();
    let (noted, target) = (told.clone(), Duration::from_millis(50));
    let (_, stack, legacy) = self::stack(Stage::Shadow, move || {
        noted.note();
        async move {
            tokio::time::sleep(target).await;
            Ok(Some(1))
        }
    })
    .await;
    read(&stack).await.unwrap();
    tokio::time::sleep(SHADOW).await;
    assert_eq!((legacy.all(), told.all()), (vec![None], vec![Some(SHADOW)]), "the answer, and the shadow");
}

#[tokio::test(start_paused = true)]
async fn a_read_that_may_fall_back_says_its_timeout_and_the_fallback_has_none() {
    let (routing, stack, legacy) = stack(Stage::Live, gives_up_in_time).await;
    assert_eq!(read(&stack).await.unwrap(), Some(1));
    assert_eq!(routing.stats().fallbacks_on_error, 1);
    assert_eq!(legacy.all().first(), Some(&None), "its caller waits as long as it likes");
}

/// Otherwise a policy that passes errors on would pass that one on, and a shadow read would count it as the store's.
#[tokio::test(start_paused = true)]
async fn a_store_that_gives_up_in_time_is_late_and_has_not_failed() {
    let routing = routing(Stage::Shadow).await;
    let layer = MismatchMetricsLayer::new(by_form(|answer: &Answer| *answer)).deadline(SHADOW);
    let stores = TargetLayer::new(service_fn(|_: Get| gives_up_in_time()))
        .layer(service_fn(|_: Get| async { Ok::<_, BoxError>(Some(1)) }));
    let stack = Stack::new(RouteLayer::new(routing).layer(layer.layer(stores)));
    read(&stack).await.unwrap();
    tokio::time::sleep(2 * SHADOW).await;
    let stats = routing.stats();
    assert_eq!((stats.shadows_timed_out, stats.comparisons_error_one_side), (1, 0));
}

/// Each call for a record or a page notes what it is told.
fn note<F: Flavour>(store: &MemoryStore<F>, told: &Told) {
    for call in [Call::RecordRead, Call::Replace, Call::Page] {
        let told = told.clone();
        let notes = move |_: &Scope| {
            told.note();
            false
        };
        store.script().when(call, notes, Fault::Pass);
    }
}

#[tokio::test(start_paused = true)]
async fn copies_and_pages_say_theirs_however_little_the_caller_has_left() {
    let (told, legacy, target) = (Told::default(), MemoryStore::<Plain>::legacy(), MemoryStore::target());
    legacy.seed((1, 1), Number::new(1, "old"));
    let until_copied = config("writes = { wait = \"until_copied\" }");
    let routing = RoutingHandle::open(&Journal::memory(), until_copied).await.unwrap();
    note(&legacy, &told);
    note(&target, &told);
    let copier = Copier::new(routing, legacy.clone(), target.clone()).deadline(COPY);
    let stack = ServiceBuilder::new()
        .layer(RouteLayer::new(routing))
        .layer(DualWriteLayer::new(copier).classified_by(classify_outcome))
        .layer(TargetLayer::new(target))
        .service(legacy);
    routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;

    Deadline::within(SHADOW).keep(stack.oneshot(put(1, 1, 2))).await.unwrap().unwrap();
    assert_eq!(told.all(), [Some(COPY), Some(COPY)], "read, replaced");
    Fill::new(copier).run().await.unwrap();
    let of_a_fill = told.all();
    assert!(of_a_fill.len() > 2 && of_a_fill.iter().all(|told| *told == Some(COPY)), "{of_a_fill:?}");
}
