//~ the store `Database` is not `Clone`
//~ each call of the stack has a clone of its store
//~ a pool, a channel, a service behind an `Arc`
use crossfade::Refused;
use crossfade::data::{Key, Scopes};
use crossfade::route::{Operation, RouteLayer, RoutingHandle, StorageRequest};
use crossfade::store::TargetLayer;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceBuilder, service_fn};

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

struct Database; // a connection, not a pool
impl Service<Get> for Database {
    type Response = i64;
    type Error = Refused;
    type Future = Ready<Result<i64, Refused>>;
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, _: Get) -> Self::Future {
        ready(Ok(1))
    }
}

fn stack(routing: RoutingHandle) -> BoxCloneSyncService<Get, i64, Refused> {
    let target = service_fn(|_: Get| ready(Ok::<_, Refused>(2)));
    BoxCloneSyncService::new(
        ServiceBuilder::new()
            .layer(RouteLayer::new(routing))
            .layer(TargetLayer::new(target))
            .service(Database),
    )
}

fn main() {
    let _ = stack;
}
