//! A target that is not ready, or never answers, costs calls that are meant for legacy nothing.

use crossfade::data::Key;
use crossfade::route::{Stage, Store};
use crossfade::test_util::{self, Fault, Request};
use tokio::time::{Duration, Instant, sleep, timeout};

use super::{Call, Canary};
use crate::support::put;

/// Everything but the reads of group 1 is legacy's.
const TOML: &str = "[cohort]\nallow = [\"1\"]\n[writes]\nwait = \"0s\"";

fn hang(canary: &Canary) {
    for call in [test_util::Call::RequestRead, test_util::Call::RequestWrite, test_util::Call::Replace] {
        canary.world.target.script().always(call, Fault::Hang);
    }
}

async fn assert_legacy_costs_nothing(canary: &Canary) {
    let start = Instant::now();
    let find = Call::new(Request::FindByText("text 3".into()));
    for call in [Call::get(2, 1), Call::list(2), find, Call::get(3, 1), Call::new(put(2, 2, 2))] {
        let answered = timeout(Duration::from_secs(1), canary.from(call.clone())).await;
        assert_eq!(answered, Ok(Store::Legacy), "{call:?}");
    }
    assert_eq!(canary.from(Call::get(2, 2)).await, Store::Legacy, "what was written");
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn calls_of_legacy_take_no_longer_while_the_target_is_not_ready() {
    for stage in [Stage::DualWrite, Stage::Shadow, Stage::Canary] {
        let canary = Canary::at(stage, TOML).await;
        canary.world.target.stall();
        let stack = canary.stack.clone();
        let waits = (stage == Stage::Canary)
            .then(|| tokio::spawn(tower::ServiceExt::oneshot(stack, Call::get(1, 1))));
        sleep(Duration::from_millis(1)).await;
        assert_legacy_costs_nothing(&canary).await;
        if let Some(waits) = waits {
            assert!(!waits.is_finished(), "a read of the target waits for it");
            canary.world.target.unstall();
            assert_eq!(waits.await.unwrap().unwrap().from, Store::Target);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn calls_of_legacy_take_no_longer_while_the_target_hangs() {
    for stage in [Stage::DualWrite, Stage::Shadow, Stage::Canary] {
        let canary = Canary::at(stage, TOML).await;
        hang(&canary);
        if stage == Stage::Canary {
            timeout(Duration::from_millis(5), canary.call(Call::get(1, 1))).await.unwrap_err();
        }
        assert_legacy_costs_nothing(&canary).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_dirty_read_does_not_wait_for_a_target_that_hangs() {
    let canary = Canary::at(Stage::Live, TOML).await;
    hang(&canary);
    canary.world.journal.mark_for_repair(Key::new(&1, &1).into()).await.unwrap();
    let start = Instant::now();
    assert_eq!(canary.from(Call::get(1, 1)).await, Store::Legacy);
    assert_eq!(start.elapsed(), Duration::ZERO);
}
