//! What is decided about a request that says little about itself, or asks for more than it may.

use std::borrow::Cow;

use crossfade::Refused;
use crossfade::canary_read::CanaryReadLayer;
use crossfade::data::{Key, Scope, Scopes};
use crossfade::journal::Journal;
use crossfade::route::{Classify, Operation, RouteLayer, RoutingConfig, RoutingHandle, Stage, Store};
use crossfade::store::TargetLayer;
use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};

use crate::support::asked;

type Answer = Result<Store, BoxError>;

async fn at(stage: Stage, toml: &str) -> RoutingHandle {
    let config = RoutingConfig::from_toml(toml).unwrap();
    let routing = RoutingHandle::open(&Journal::memory(), config).await.unwrap();
    for next in Stage::ALL.into_iter().filter(|next| *next > Stage::Off && *next <= stage) {
        let _drained = routing.move_to(next, asked().with_force()).await.unwrap();
    }
    routing
}

async fn ask(routing: RoutingHandle, classify: impl Classify<()> + Clone + Send + 'static) -> Answer {
    let stack = ServiceBuilder::new()
        .layer(RouteLayer::new(routing).classified_by(classify))
        .layer(CanaryReadLayer::new())
        .layer(TargetLayer::new(service_fn(|()| async { Answer::Ok(Store::Target) })))
        .service(service_fn(|()| async { Answer::Ok(Store::Legacy) }));
    stack.oneshot(()).await
}

fn key() -> Scopes {
    Key::new(&1, &1).into()
}

#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_say_what_it_is_is_refused_outside_of_off() {
    for stage in Stage::ALL {
        let routing = at(stage, "").await;
        let answer = ask(routing, |(): &()| None::<(Operation, Scopes)>).await;
        if stage == Stage::Off {
            assert_eq!(answer.unwrap(), Store::Legacy);
        } else {
            let refused = answer.unwrap_err().downcast::<Refused>().unwrap();
            assert!(matches!(*refused, Refused::NotClassified), "{stage}: {refused}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lookup_goes_to_the_target_only_where_it_is_enabled_and_nothing_is_dirty() {
    let lookup = |(): &()| Some((Operation::lookup("by_number"), Scopes::none()));
    let routing = at(Stage::Live, "").await;
    assert_eq!(ask(routing, lookup).await.unwrap(), Store::Legacy);
    let routing = at(Stage::Live, "lookups = { by_number = { target = true } }").await;
    assert_eq!(ask(routing, lookup).await.unwrap(), Store::Target);
    routing.journal().mark_for_repair(Scope::from(Key::new(&7, &7))).await.unwrap();
    assert_eq!(ask(routing, lookup).await.unwrap(), Store::Legacy);
}

/// Asks for this store.
#[derive(Clone, Copy)]
struct Asks(Store);

impl Classify<()> for Asks {
    fn operation(&self, (): &()) -> Option<Operation> {
        Some(Operation::read("get"))
    }

    fn scopes(&self, (): &()) -> Scopes {
        key()
    }

    fn cohort_key<'a>(&self, (): &'a ()) -> Option<Cow<'a, str>> {
        None
    }

    fn read_override(&self, (): &()) -> Option<Store> {
        Some(self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_chooses_its_store_only_where_the_config_lets_it_and_the_key_is_clean() {
    let routing = at(Stage::Canary, "").await;
    assert_eq!(ask(routing, Asks(Store::Target)).await.unwrap(), Store::Legacy);
    let routing = at(Stage::Canary, "cohort = { read_override = true }").await;
    assert_eq!(ask(routing, Asks(Store::Target)).await.unwrap(), Store::Target);
    routing.journal().mark_for_repair(Scope::from(Key::new(&1, &1))).await.unwrap();
    assert_eq!(ask(routing, Asks(Store::Target)).await.unwrap(), Store::Legacy);
}
