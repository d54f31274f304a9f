//~ `Get` has no plan
//~ put a `RouteLayer` outermost
use crossfade::Refused;
use crossfade::canary_read::CanaryReadLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::store::TargetLayer;
use std::future::ready;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, service_fn};

#[derive(Clone)]
struct Get(i64);

fn stack() -> BoxCloneSyncService<Get, i64, Refused> {
    let target = service_fn(|get: Get| ready(Ok::<_, Refused>(get.0)));
    let legacy = service_fn(|get: Get| ready(Ok::<_, Refused>(get.0)));
    BoxCloneSyncService::new(
        ServiceBuilder::new()
            .layer(CanaryReadLayer::new())
            .layer(FallbackLayer::new())
            .layer(TargetLayer::new(target))
            .service(legacy),
    )
}

fn main() {
    let _ = stack;
}
