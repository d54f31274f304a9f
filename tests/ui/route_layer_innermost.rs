//~ the `RouteLayer` is inside of another layer: put it outermost
use crossfade::Refused;
use crossfade::canary_read::CanaryReadLayer;
use crossfade::data::{Key, Scopes};
use crossfade::route::{Operation, RouteLayer, RoutingHandle, StorageRequest};
use crossfade::store::TargetLayer;
use std::future::ready;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, service_fn};

#[derive(Clone)]
struct Get(i64);
impl StorageRequest for Get {
    fn operation(&self) -> Operation {
        Operation::read("get")
    }
    fn scopes(&self) -> Scopes {
        Key::new(&1, &self.0).into()
    }
}

fn stack(routing: RoutingHandle) -> BoxCloneSyncService<Get, i64, Refused> {
    let target = service_fn(|get: Get| ready(Ok::<_, Refused>(get.0)));
    let legacy = service_fn(|get: Get| ready(Ok::<_, Refused>(get.0)));
    BoxCloneSyncService::new(
        ServiceBuilder::new()
            .layer(CanaryReadLayer::new())
            .layer(RouteLayer::new(routing))
            .layer(TargetLayer::new(target))
            .service(legacy),
    )
}

fn main() {
    let _ = stack;
}
