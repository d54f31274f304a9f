//! Requests that name the store of their read.

use crossfade::data::Key;
use crossfade::route::{Stage, Store};

use super::{Call, Canary};

const HONOURED: &str = "[cohort]\nallow = [\"1\"]\nread_override = true";

#[tokio::test(start_paused = true)]
async fn an_override_is_ignored_until_the_config_honours_it() {
    for (stage, toml) in [(Stage::Canary, "[cohort]\nallow = [\"1\"]"), (Stage::Live, "")] {
        let canary = Canary::at(stage, toml).await;
        for store in [Store::Legacy, Store::Target] {
            let inside = canary.from(Call::get(1, 1).asks_for(store)).await;
            assert_eq!(inside, Store::Target, "{stage}: {store} was asked for");
        }
        let outside = canary.from(Call::get(2, 1).asks_for(Store::Target)).await;
        assert_eq!(outside, if stage == Stage::Live { Store::Target } else { Store::Legacy }, "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_honoured_override_beats_the_cohort_both_ways() {
    for stage in [Stage::Canary, Stage::Live] {
        let canary = Canary::at(stage, HONOURED).await;
        for group in [1, 2] {
            for store in [Store::Legacy, Store::Target] {
                assert_eq!(
                    canary.from(Call::get(group, 1).asks_for(store)).await,
                    store,
                    "{group} in {stage}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dirty_key_goes_to_the_authority_whatever_is_asked_for() {
    for stage in [Stage::Canary, Stage::Live] {
        let canary = Canary::at(stage, HONOURED).await;
        canary.world.journal.mark_for_repair(Key::new(&2, &1).into()).await.unwrap();
        assert_eq!(canary.from(Call::get(2, 1).asks_for(Store::Target)).await, Store::Legacy, "{stage}");
        assert_eq!(canary.from(Call::list(2).asks_for(Store::Target)).await, Store::Legacy, "{stage}");
        assert_eq!(canary.from(Call::get(2, 2).asks_for(Store::Target)).await, Store::Target, "{stage}");
        assert_eq!(canary.world.routing.stats().dirty_reads, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn an_override_moves_no_read_where_one_store_alone_may_answer() {
    let stages = [
        (Stage::Off, Store::Legacy),
        (Stage::DualWrite, Store::Legacy),
        (Stage::Shadow, Store::Legacy),
        (Stage::RampDown, Store::Target),
        (Stage::Complete, Store::Target),
    ];
    for (stage, answers) in stages {
        let canary = Canary::at(stage, HONOURED).await;
        let asked = Call::get(1, 1).asks_for(answers.other());
        assert_eq!(canary.from(asked).await, answers, "{stage}");
    }
}
