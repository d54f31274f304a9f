//~ nothing says whether `Get` reads or writes, and which keys
//~ implement `StorageRequest` for it
//~ RouteLayer::classified_by
use crossfade::Refused;
use crossfade::route::{RouteLayer, RoutingHandle};
use crossfade::store::TargetLayer;
use std::future::ready;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, service_fn};

#[derive(Clone)]
struct Get(i64);

fn stack(routing: RoutingHandle) -> BoxCloneSyncService<Get, i64, Refused> {
    let target = service_fn(|get: Get| ready(Ok::<_, Refused>(get.0)));
    let legacy = service_fn(|get: Get| ready(Ok::<_, Refused>(get.0)));
    BoxCloneSyncService::new(
        ServiceBuilder::new().layer(RouteLayer::new(routing)).layer(TargetLayer::new(target)).service(legacy),
    )
}

fn main() {
    let _ = stack;
}
