//! The process that is killed. It tells what it does on its standard output, a line for each step.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossfade::fill::Fill;
use crossfade::route::Stage;
use crossfade::test_util::{Number, Request};
use tokio::time::sleep;

use super::gateway::Gateway;
use crate::support::asked;

pub(super) const FOLDER: &str = "CROSSFADE_TEST_CRASH_FOLDER";
pub(super) const PLAN: &str = "CROSSFADE_TEST_CRASH_PLAN";

/// Callers of the child; each writes keys of its own, in the group of its number.
pub(super) const CALLERS: i64 = 4;
pub(super) const KEYS_OF_A_CALLER: i64 = 5;

/// Longer than any test.
const FOR_EVER: Duration = Duration::from_secs(3_600);

/// What the child does until it is killed. The stage is where it walks first.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plan {
    /// Callers write.
    Load,
    /// Callers write, and copies never end.
    LoadWithoutCopies,
    /// Fills slowly while callers write.
    SlowFill,
    /// Changes the authority and back, again and again, while callers write.
    Switches,
}

const PLANS: [Plan; 4] = [Plan::Load, Plan::LoadWithoutCopies, Plan::SlowFill, Plan::Switches];

/// Not a test when it is run by itself: the tests of this module start it as a process of its own.
#[test]
fn child() {
    let (Ok(folder), Ok(plan)) = (std::env::var(FOLDER), std::env::var(PLAN)) else { return };
    let (plan, stage) = plan.split_once(' ').unwrap();
    let plan = PLANS.into_iter().find(|known| format!("{known:?}") == plan).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run(&PathBuf::from(folder), plan, stage.parse().unwrap()));
}

async fn run(folder: &Path, plan: Plan, stage: Stage) {
    let mut gateway = Gateway::open(folder).await;
    gateway.reconcile();
    match plan {
        Plan::SlowFill => {
            gateway.routing.move_to(stage, asked()).await.unwrap().drained().await;
            gateway.target.delay_replace(Duration::from_millis(1));
        }
        _ => gateway.walk_to(stage, |what, stage| tell(&format!("{what} {stage}"))).await,
    }
    if matches!(plan, Plan::LoadWithoutCopies) {
        gateway.legacy.delay_replace(FOR_EVER);
        gateway.target.delay_replace(FOR_EVER);
    }
    for caller in 1..=CALLERS {
        tokio::spawn(write_for_ever(gateway.stack.clone(), caller));
    }
    tell("ready");
    match plan {
        Plan::Load | Plan::LoadWithoutCopies => sleep(FOR_EVER).await,
        Plan::SlowFill => fill_slowly(&gateway).await,
        Plan::Switches => switch_for_ever(&gateway).await,
    }
}

async fn fill_slowly(gateway: &Gateway) {
    let fill = Fill::new(gateway.copier);
    let mut progress = fill.progress();
    tokio::spawn(async move {
        while progress.changed().await.is_ok() {
            let pages = progress.borrow_and_update().pages;
            tell(&format!("pages {pages}"));
        }
    });
    fill.run().await.unwrap();
    sleep(FOR_EVER).await;
}

async fn switch_for_ever(gateway: &Gateway) {
    loop {
        for stage in [Stage::RampDown, Stage::Live] {
            tell(&format!("moving {stage}"));
            if gateway.routing.move_to(stage, asked()).await.is_ok() {
                tell(&format!("moved {stage}"));
            }
        }
    }
}

/// Rising versions, a delete now and then; told before each write and after its acknowledgement.
async fn write_for_ever(stack: impl tower::Service<Request, Error: std::fmt::Debug> + Clone, caller: i64) {
    let mut random = fastrand::Rng::new();
    let begin =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros() as u64;
    for version in begin.. {
        let (group, item) = (caller, random.i64(1..=KEYS_OF_A_CALLER));
        let (request, written) = if random.u8(0..8) == 0 {
            (Request::Delete { group, item }, 0)
        } else {
            (Request::Put { group, item, record: Number::new(version, "live") }, version)
        };
        tell(&format!("begun {group} {item} {written}"));
        if tower::ServiceExt::oneshot(stack.clone(), request).await.is_ok() {
            tell(&format!("acked {group} {item} {written}"));
        }
        sleep(Duration::from_micros(random.u64(0..2_000))).await;
    }
}

fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    // One write for the whole line: a kill leaves no half of it behind.
    out.write_all(format!("@ {line}\n").as_bytes()).and_then(|()| out.flush()).unwrap();
}
