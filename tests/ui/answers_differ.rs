//~ the target does not answer `Get` as legacy does
//~ legacy answers with `Result<{integer}, crossfade::Refused>`, the target does not
//~ map the answers and errors of one store
use crossfade::Refused;
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
    let target = service_fn(|_: Get| ready(Ok::<_, Refused>(Some(2))));
    let legacy = service_fn(|_: Get| ready(Ok::<_, Refused>(1)));
    BoxCloneSyncService::new(
        ServiceBuilder::new().layer(RouteLayer::new(routing)).layer(TargetLayer::new(target)).service(legacy),
    )
}

fn main() {
    let _ = stack;
}
