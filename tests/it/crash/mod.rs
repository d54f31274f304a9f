//! kill -9 of a process at any moment, and a restart on the same files: nothing acknowledged is lost, the stores become
//! equal, and the committed stage is kept.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod child;
mod gateway;
mod store;
mod told;

use std::path::Path;
use std::time::Duration;

use crossfade::fill::Fill;
use crossfade::route::{Stage, Store};
use crossfade::test_util::{Number, Request};

use self::child::Plan;
use self::gateway::Gateway;
use self::store::FileStore;
use self::told::{Running, Told};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

async fn seed(folder: &Path, records: i64) {
    let legacy = FileStore::<false>::open(&folder.join("legacy.db")).await;
    legacy.seed((1..=records).map(|item| (1_000 + item % 7, item))).await;
    legacy.close().await;
}

/// Repairs what the crash left, and checks all that has to hold then.
async fn recover(mut gateway: Gateway, told: &Told, when: &str) {
    let stage = gateway.routing.stage();
    let before = gateway.target.largest_stamp().await;
    gateway.reconcile();
    if stage.copies() {
        gateway.settle().await;
        if stage.authority() == Store::Legacy {
            gateway.fill().await;
        }
        gateway.settle().await;
        gateway.assert_equal(when).await;
    }
    let records = match stage.authority() {
        Store::Legacy => gateway.legacy.records().await,
        Store::Target => gateway.target.records().await,
    };
    told.assert_kept(&records, when);
    if stage.copies() {
        gateway.call(Request::Put { group: 9, item: 9, record: Number::new(1, "after") }).await.unwrap();
        gateway.settle().await;
        assert!(gateway.target.largest_stamp().await > before, "{when}: stamps go on above those before");
    }
    gateway.close().await;
}

#[test]
fn writes_killed_between_the_stores_are_dirty_at_once_and_copied_after_the_restart() {
    for stage in [Stage::Canary, Stage::Live, Stage::RampDown] {
        let folder = tempfile::tempdir().unwrap();
        runtime().block_on(seed(folder.path(), 50));
        let child = Running::start(folder.path(), Plan::LoadWithoutCopies, stage);
        let told = child.until(|_, told| told.acked >= 60).kill_after(ms(0));
        runtime().block_on(async {
            let gateway = Gateway::open(folder.path()).await;
            assert!(gateway.journal.marks() > 0);
            let (legacy, target) = (gateway.legacy.records().await, gateway.target.records().await);
            assert_ne!(legacy, target, "copies did not come through");
            // No reconciler yet: only the marks that were loaded keep these reads from the other store.
            for (key, version) in told.last_acked() {
                let read = gateway.get(key).await.map(|record| record.version);
                assert_eq!(read, version, "{stage}: a read of {key:?} after the restart");
            }
            recover(gateway, &told, &format!("in {stage}")).await;
        });
    }
}

#[test]
fn a_fill_killed_in_the_middle_goes_on_from_its_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(seed(folder.path(), 4_000));
    let child = Running::start(folder.path(), Plan::SlowFill, Stage::DualWrite);
    let told = child.until(|_, told| told.pages >= 20).kill_after(ms(7));
    runtime().block_on(async {
        let gateway = Gateway::open(folder.path()).await;
        let kept = gateway.routing.status().await.unwrap().fill.unwrap();
        assert!(!kept.complete && kept.pages >= told.pages, "{kept:?}");
        assert!(kept.pages < 90, "the fill was over before the kill: {kept:?}");
        let fill = Fill::new(gateway.copier);
        let mut progress = fill.progress();
        let first = async {
            progress.changed().await.unwrap();
            progress.borrow_and_update().pages
        };
        let (all, first) = tokio::join!(fill.run(), first);
        let all = all.unwrap();
        assert_eq!(first, kept.pages + 1, "the first page after the restart");
        assert!(all.complete && all.copied >= 4_000, "{all:?}");
        recover(gateway, &told, "after the fill").await;
    });
}

#[test]
fn a_kill_in_the_middle_of_a_change_of_the_authority_keeps_one_committed_stage() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(seed(folder.path(), 20));
    let mut random = fastrand::Rng::new();
    let mut stage = Stage::Off;
    for round in 0..8 {
        let start = if stage < Stage::Live { Stage::Live } else { stage };
        let child = Running::start(folder.path(), Plan::Switches, start).until_ready();
        let (wait, when) = (random.u64(0..250), format!("round {round}"));
        let told = child.kill_after(ms(wait));
        runtime().block_on(async {
            let gateway = Gateway::open(folder.path()).await;
            told.assert_stage(gateway.routing.stage(), start, &when);
            stage = gateway.routing.stage();
            recover(gateway, &told, &format!("{when}, killed after {wait} ms in {stage}")).await;
        });
    }
}

#[test]
fn a_kill_under_load_in_every_stage_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(seed(folder.path(), 100));
    let mut random = fastrand::Rng::new();
    for stage in Stage::ALL {
        let child = Running::start(folder.path(), Plan::Load, stage).until_ready();
        let wait = random.u64(20..200);
        let told = child.kill_after(ms(wait));
        runtime().block_on(async {
            let gateway = Gateway::open(folder.path()).await;
            assert_eq!(gateway.routing.stage(), stage);
            recover(gateway, &told, &format!("killed after {wait} ms in {stage}")).await;
        });
    }
}
