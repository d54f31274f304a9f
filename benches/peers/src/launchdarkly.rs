//! LaunchDarkly's `Migrator`: its client has its flags from a test source and sends no events, which flatters it.

use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use bench_layers::{Number, Request};
use futures::future::{BoxFuture, FutureExt};
use launchdarkly_server_sdk::{
    Client, ConfigBuilder, ContextBuilder, Flag, MigratorBuilder, NullEventProcessorBuilder, Stage, TestData,
};
use serde_json::json;
use tokio::sync::Mutex;
use tower::Service;

use super::case::{Case, Peer, Work};

const FLAG: &str = "numbers";
const PUT: Request = Request::Put(7);
const STARTED_WITHIN: Duration = Duration::from_secs(5);

pub(crate) async fn cases() -> Result<[Case; 4]> {
    Ok([
        case(Work::IdleRead, Stage::Off).await?,
        case(Work::IdleWrite, Stage::Off).await?,
        case(Work::DualWrite, Stage::DualWrite).await?,
        case(Work::ShadowRead, Stage::Shadow).await?,
    ])
}

async fn case(work: Work, stage: Stage) -> Result<Case> {
    let (old, new) = (Number::new(), Number::new());
    let builder = MigratorBuilder::new(client(stage).await?).write(on(old), on(new));
    let migrator =
        builder.read(on(old), on(new), Some(|a, b| a == b)).build().map_err(|error| anyhow!(error))?;
    // It wants `&mut self` for each request: one caller at a time.
    let migrator = Rc::new(Mutex::new(migrator));
    let caller = ContextBuilder::new("caller").build().map_err(|error| anyhow!(error))?;
    Ok(Case::new(Peer::LaunchDarkly, work, move |times| {
        let (migrator, caller) = (Rc::clone(&migrator), caller.clone());
        async move {
            let mut migrator = migrator.lock().await;
            for _ in 0..times {
                let flag = FLAG.to_owned();
                if matches!(work, Work::IdleRead | Work::ShadowRead) {
                    let read = migrator.read(&caller, flag, Stage::Off, black_box(Request::Get)).await;
                    black_box(read.result.expect("an answer"));
                } else {
                    let write = migrator.write(&caller, flag, Stage::Off, black_box(PUT)).await;
                    assert_eq!(
                        write.nonauthoritative.is_some(),
                        work == Work::DualWrite,
                        "the stage of the flag"
                    );
                    black_box(write.authoritative.result.expect("an answer"));
                }
            }
        }
    }))
}

/// Its boxed closure around a store.
fn on(store: Number) -> impl Fn(&Request) -> BoxFuture<'_, Result<u64, String>> + Send + Sync + 'static {
    move |&request| {
        let mut store = store;
        async move { store.call(request).await.map_err(|_| "failed".to_owned()) }.boxed()
    }
}

async fn client(stage: Stage) -> Result<Arc<Client>> {
    let flags = TestData::new();
    flags.use_preconfigured_flag(flag(stage)?);
    let mut config = ConfigBuilder::new("no key");
    config = config.data_source(&flags).event_processor(&NullEventProcessorBuilder::new());
    let client = Client::build(config.build()?)?;
    client.start_with_default_executor();
    let started = client.wait_for_initialization(STARTED_WITHIN).await;
    ensure!(started == Some(true), "the client of LaunchDarkly did not start");
    Ok(Arc::new(client))
}

fn flag(stage: Stage) -> Result<Flag> {
    Ok(serde_json::from_value(json!({
        "key": FLAG, "version": 1, "on": true, "targets": [], "rules": [], "prerequisites": [], "salt": "",
        "fallthrough": { "variation": 0 }, "offVariation": 0, "variations": [stage.to_string()],
        "clientSideAvailability": { "usingMobileKey": false, "usingEnvironmentId": false },
    }))?)
}
