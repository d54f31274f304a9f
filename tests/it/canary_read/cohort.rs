//! Whose reads the target answers.

use std::collections::BTreeSet;

use crossfade::route::{Stage, Store, bucket};

use super::{Call, Canary};

#[tokio::test(start_paused = true)]
async fn the_target_answers_the_keys_below_the_weight_and_raising_it_only_adds() {
    let canary = Canary::at(Stage::Canary, "").await;
    let mut before = BTreeSet::new();
    for (weight, thousandths) in [("0%", 0), ("10%", 10_000), ("37.082%", 37_082), ("100%", 100_000)] {
        canary.swap(&format!("[cohort]\nweight = \"{weight}\"\nsalt = \"trial\"")).await;
        let mut inside = BTreeSet::new();
        for group in 1..200 {
            if canary.from(Call::list(group)).await == Store::Target {
                inside.insert(group);
            }
        }
        let below = (1..200).filter(|group| bucket("trial", &group.to_string()) < thousandths);
        assert_eq!(inside, below.collect(), "at {weight}");
        assert!(inside.is_superset(&before), "at {weight}");
        before = inside;
    }
    assert_eq!(before.len(), 199);
}

#[tokio::test(start_paused = true)]
async fn all_reads_of_one_group_are_answered_by_one_store() {
    let canary = Canary::at(Stage::Canary, "[cohort]\nweight = \"50%\"").await;
    let mut stores = BTreeSet::new();
    for group in 1..10 {
        let store = canary.from(Call::list(group)).await;
        for item in 1..4 {
            assert_eq!(canary.from(Call::get(group, item)).await, store, "{group}/{item}");
        }
        stores.insert(store);
    }
    assert_eq!(stores.len(), 2, "half of the groups are in");
}

#[tokio::test(start_paused = true)]
async fn a_rule_takes_the_reads_of_a_country_in_whatever_they_read() {
    let canary = Canary::at(Stage::Canary, "").await;
    canary.swap("[cohort]\nrules = [{ attribute = \"country\", values = [\"Canada\", \"Cuba\"] }]").await;
    for (country, store) in [("Canada", Store::Target), ("Cuba", Store::Target), ("Chile", Store::Legacy)] {
        assert_eq!(canary.from(Call::get(1, 1).in_country(country)).await, store, "{country}");
        assert_eq!(canary.from(Call::list(9).in_country(country)).await, store, "{country}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_deny_list_beats_the_allow_list_and_both_beat_rules_and_weight() {
    let canary = Canary::at(Stage::Canary, "").await;
    let rules = "rules = [{ attribute = \"country\", values = [\"Canada\"] }]";
    canary
        .swap(&format!("[cohort]\nweight = \"100%\"\nallow = [\"1\"]\ndeny = [\"1\", \"2\"]\n{rules}"))
        .await;
    for (group, store) in [(1, Store::Legacy), (2, Store::Legacy), (3, Store::Target)] {
        assert_eq!(canary.from(Call::get(group, 1).in_country("Canada")).await, store, "{group}");
    }
    canary.swap("[cohort]\nallow = [\"1\"]").await;
    assert_eq!(canary.from(Call::get(1, 1)).await, Store::Target);
    assert_eq!(canary.from(Call::get(2, 1)).await, Store::Legacy);
}

#[tokio::test(start_paused = true)]
async fn the_cohort_is_asked_in_canary_alone() {
    let stores = [
        (Stage::Off, Store::Legacy),
        (Stage::DualWrite, Store::Legacy),
        (Stage::Shadow, Store::Legacy),
        (Stage::Live, Store::Target),
        (Stage::RampDown, Store::Target),
        (Stage::Complete, Store::Target),
    ];
    for (stage, store) in stores {
        let canary = Canary::at(stage, "[cohort]\nallow = [\"1\"]\ndeny = [\"2\"]").await;
        for group in [1, 2] {
            assert_eq!(canary.from(Call::get(group, 1)).await, store, "{group} in {stage}");
        }
    }
}
