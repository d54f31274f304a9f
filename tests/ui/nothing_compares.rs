//~ nothing says when two answers of type `Invoice` are the same
//~ MismatchMetricsLayer::new
use crossfade::copy::CopyScopes;
use crossfade::data::{Key, Scopes};
use crossfade::route::{Operation, RoutingHandle, StorageRequest};
use crossfade::{Migration, Refused};
use std::future::ready;
use tower::service_fn;
use tower::util::BoxCloneSyncService;

struct Invoice;

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

fn stack(routing: RoutingHandle, copier: impl CopyScopes) -> BoxCloneSyncService<Get, Invoice, Refused> {
    let target = service_fn(|_: Get| ready(Ok::<_, Refused>(Invoice)));
    let legacy = service_fn(|_: Get| ready(Ok::<_, Refused>(Invoice)));
    Migration::builder(routing, copier).build::<Get, _, _>(legacy, target)
}

fn main() {
    let _ = Invoice;
}
