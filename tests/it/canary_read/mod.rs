//! Which store answers a read, through the whole stack.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod cohort;
mod dirty;
mod lists;
mod lookups;
mod read_override;
mod refusals;
mod slow_target;

use std::borrow::Cow;

use crossfade::canary_read::CanaryReadLayer;
use crossfade::data::Scopes;
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::mismatch_metrics::{MismatchMetricsLayer, by};
use crossfade::route::{Classify, Operation, RouteLayer, Stage, StorageRequest, Store};
use crossfade::store::TargetLayer;
use crossfade::test_util::{Number, Request, Response, StoreError, classify_outcome};
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};

use crate::support::{World, asked, config, written};

/// A request as a caller makes it.
#[derive(Clone, Debug)]
struct Call {
    request: Request,
    country: &'static str,
    /// The store that it asks for.
    store: Option<Store>,
    /// Whether it says what it is.
    classified: bool,
}

impl Call {
    const fn new(request: Request) -> Self {
        Self { request, country: "Chile", store: None, classified: true }
    }

    const fn get(group: i64, item: i64) -> Self {
        Self::new(Request::Get { group, item })
    }

    const fn list(group: i64) -> Self {
        Self::new(Request::List { group })
    }

    fn in_country(self, country: &'static str) -> Self {
        Self { country, ..self }
    }

    fn asks_for(self, store: Store) -> Self {
        Self { store: Some(store), ..self }
    }
}

/// Says of a call what it is.
#[derive(Clone, Copy, Debug)]
struct ByCall;

impl Classify<Call> for ByCall {
    fn operation(&self, call: &Call) -> Option<Operation> {
        call.classified.then(|| call.request.operation())
    }

    fn scopes(&self, call: &Call) -> Scopes {
        call.request.scopes()
    }

    fn cohort_key<'a>(&self, call: &'a Call) -> Option<Cow<'a, str>> {
        // A lookup names no group, so it says itself whose read it is.
        matches!(call.request, Request::FindByText(_)).then_some(Cow::Borrowed("1"))
    }

    fn attribute<'a>(&self, call: &'a Call, name: &str) -> Option<Cow<'a, str>> {
        (name == "country").then_some(Cow::Borrowed(call.country))
    }

    fn read_override(&self, call: &Call) -> Option<Store> {
        call.store
    }
}

/// A world and the whole stack around it.
struct Canary {
    world: World,
    stack: BoxCloneSyncService<Call, Response, StoreError>,
}

fn request(call: Call) -> Request {
    call.request
}

impl Canary {
    /// A world in this stage, with no reconciler: a mark stays until [`World::reconcile`].
    ///
    /// The groups 1 to 9 have three records each, equal on both stores.
    async fn at(stage: Stage, toml: &str) -> Self {
        let world = World::new(toml).await;
        for group in 1..10 {
            for item in 1..4 {
                world.legacy.seed((group, item), Number::new(1, format!("text {group}")));
            }
        }
        world.walk_to(stage).await;
        Self { stack: stack(&world), world }
    }

    /// The store that answers.
    async fn from(&self, call: Call) -> Store {
        self.call(call).await.unwrap().from
    }

    async fn call(&self, call: Call) -> Result<Response, StoreError> {
        self.stack.clone().oneshot(call).await
    }

    /// Puts another cohort, or whatever else the text says, in force; the stage stays.
    async fn swap(&self, toml: &str) {
        let mut config = config(toml);
        config.stage = self.world.routing.stage();
        self.world.routing.swap_as(config, asked()).await.unwrap().drained().await;
    }
}

fn stack(world: &World) -> BoxCloneSyncService<Call, Response, StoreError> {
    let same = |a: &Response, b: &Response| a.answer == b.answer;
    let target = ServiceExt::<Request>::map_request(world.target.clone(), request as fn(Call) -> Request);
    let legacy = ServiceExt::<Request>::map_request(world.legacy.clone(), request as fn(Call) -> Request);
    BoxCloneSyncService::new(
        ServiceBuilder::new()
            .layer(RouteLayer::new(world.routing).classified_by(ByCall))
            .layer(CanaryReadLayer::new())
            .layer(FallbackLayer::new().missing(Response::is_missing))
            .layer(MismatchMetricsLayer::new(by(same)))
            .layer(DualWriteLayer::new(world.copier).classified_by(classify_outcome).written(written))
            .layer(TargetLayer::new(target))
            .service(legacy),
    )
}
