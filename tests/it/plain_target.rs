//! A target that keeps no stamps: any copy that runs may overwrite a newer one for a moment, so reads stay away.

use std::time::Duration;

use crossfade::canary_read::CanaryReadLayer;
use crossfade::copy::Copier;
use crossfade::dual_write::DualWriteLayer;
use crossfade::fill::Fill;
use crossfade::journal::Journal;
use crossfade::route::{RouteLayer, RoutingHandle, Stage, Store};
use crossfade::store::TargetLayer;
use crossfade::test_util::{Call, Fault, MemoryStore, Number, Plain, Request, classify_outcome};
use tokio::time::sleep;
use tower::{ServiceBuilder, ServiceExt};

use crate::support::{LATE_BOUND, asked, config, put};

#[tokio::test(start_paused = true)]
async fn a_key_is_read_from_legacy_while_any_copy_of_it_runs() {
    let (legacy, target) = (MemoryStore::legacy(), MemoryStore::<Plain>::new(Store::Target));
    let routing = RoutingHandle::open(&Journal::memory(), config("")).await.unwrap();
    let copier = Copier::new(routing, legacy.clone(), target.clone());
    let stack = ServiceBuilder::new()
        .layer(RouteLayer::new(routing))
        .layer(CanaryReadLayer::new())
        .layer(DualWriteLayer::new(copier).classified_by(classify_outcome))
        .layer(TargetLayer::new(target.clone()))
        .service(legacy.clone());
    for stage in [Stage::DualWrite, Stage::Shadow, Stage::Canary, Stage::Live] {
        routing.move_to(stage, asked().with_force()).await.unwrap().drained().await;
    }
    let get = async || {
        let answer = stack.clone().oneshot(Request::Get { group: 1, item: 1 }).await.unwrap();
        (answer.from, answer.record().map(|record| record.version))
    };

    // The page was read, and is written after a newer write was copied.
    legacy.seed((1, 1), Number::new(1, "old"));
    target.script().next(Call::Replace, Fault::Delay(Duration::from_millis(50)));
    let fill = tokio::spawn(Fill::new(copier).run());
    sleep(LATE_BOUND + Duration::from_millis(10)).await;
    stack.clone().oneshot(put(1, 1, 2)).await.unwrap();
    assert_eq!(get().await, (Store::Legacy, Some(2)), "the copy of the page may still land");

    fill.await.unwrap().unwrap();
    assert_eq!(get().await, (Store::Target, Some(2)));
    assert_eq!(routing.journal().marks(), 0);
}
