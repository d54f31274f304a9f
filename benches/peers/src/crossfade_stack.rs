//! Crossfade's documented stack.

use std::hint::black_box;

use bench_layers::{Migration, Number, Request, Store};
use crossfade::canary_read::CanaryReadLayer;
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::mismatch_metrics::{MismatchMetricsLayer, by_form};
use crossfade::route::Stage;
use tokio::task::yield_now;
use tower::ServiceExt;

use super::case::{Case, Peer, Work};

const PUT: Request = Request::Put(7);
/// The caller waits for the copy, and nothing is shadowed.
const WAITS: &str = "writes = { wait = \"until_copied\" }\nshadow = { sample = \"0%\" }";

pub(crate) async fn cases() -> [Case; 4] {
    let (off, dual_write) = (at(Stage::Off, WAITS).await, at(Stage::DualWrite, WAITS).await);
    let shadow = shadow(&at(Stage::Shadow, "").await);
    [
        case(Work::IdleRead, off.stack(), Request::Get),
        case(Work::IdleWrite, off.stack(), PUT),
        case(Work::DualWrite, dual_write.stack(), PUT),
        case(Work::ShadowRead, shadow, Request::Get),
    ]
}

async fn at(stage: Stage, config: &str) -> Migration<Number> {
    Migration::at(stage, config, Number::new(), Number::new()).await
}

/// Every read is made on the other store too: no bound sheds one.
fn shadow(migration: &Migration<Number>) -> impl Store + use<> {
    let compare = MismatchMetricsLayer::new(by_form(|answer: &u64| *answer));
    migration.with((
        CanaryReadLayer::new(),
        FallbackLayer::new(),
        compare.rate_max(u32::MAX).in_flight_max(1_024),
        DualWriteLayer::new(migration.copier),
    ))
}

fn case(work: Work, stack: impl Store, request: Request) -> Case {
    Case::new(Peer::Crossfade, work, move |times| {
        let stack = stack.clone();
        // In a task, where a yield is a turn of the queue: shadow reads are made behind the answer.
        async move { tokio::spawn(requests(stack, work, request, times)).await.expect("no panic") }
    })
}

async fn requests(mut stack: impl Store, work: Work, request: Request, times: u64) {
    for _ in 0..times {
        let ready = stack.ready().await.expect("ready");
        black_box(ready.call(black_box(request)).await.expect("an answer"));
        if work == Work::ShadowRead {
            yield_now().await;
        }
    }
}
