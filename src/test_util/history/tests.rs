//! What the checker must report and what it must not.

use super::{History, Violation};
use crate::data::Outcome;

type Texts = History<u8, u32>;

const KEY: u8 = 1;

fn acked(history: &Texts, value: u32) {
    history.write(KEY, Some(value)).acked();
}

fn read(history: &Texts, value: Option<u32>) {
    history.read().returned(KEY, value);
}

fn finals(value: Option<u32>) -> Vec<(u8, u32)> {
    value.map(|value| (KEY, value)).into_iter().collect()
}

fn broken(history: &Texts, found: Option<u32>) -> Vec<Violation<u8, u32>> {
    history.violations(finals(found))
}

#[test]
fn a_register_that_keeps_its_word_is_not_accused() {
    let history = Texts::new();
    read(&history, None);
    acked(&history, 1);
    read(&history, Some(1));
    history.write(KEY, None).acked();
    read(&history, None);
    acked(&history, 2);
    assert_eq!(broken(&history, Some(2)), []);
}

#[test]
fn an_acknowledged_write_that_is_gone_is_lost() {
    let history = Texts::new();
    acked(&history, 1);
    acked(&history, 2);
    assert!(matches!(
        broken(&history, Some(1))[..],
        [Violation::LostWrite { key: KEY, found: Some(1), ref lost }] if lost.value == Some(2)
    ));
    assert!(matches!(broken(&history, None)[..], [Violation::LostWrite { found: None, .. }]));
}

#[test]
fn an_acknowledged_delete_that_comes_back_is_lost() {
    let history = Texts::starting_with([(KEY, 9)]);
    read(&history, Some(9));
    history.write(KEY, None).acked();
    assert!(matches!(broken(&history, Some(9))[..], [Violation::LostWrite { found: Some(9), .. }]));
    assert_eq!(broken(&history, None), []);
}

#[test]
fn a_read_that_began_after_the_newer_write_was_acknowledged_is_stale() {
    let history = Texts::new();
    acked(&history, 1);
    let early = history.read();
    acked(&history, 2);
    early.returned(KEY, Some(1));
    assert_eq!(broken(&history, Some(2)), [], "the read ran beside the newer write");
    read(&history, Some(1));
    let found = broken(&history, Some(2));
    assert!(matches!(found[..], [Violation::StaleRead { returned: Some(1), .. }]));
    let line = found[0].to_string();
    assert!(line.contains("returned 1") && line.contains("of 2 was acknowledged"), "{line}");
}

#[test]
fn a_read_beside_the_newest_write_is_stale_when_it_misses_one_before_it() {
    let history = Texts::new();
    acked(&history, 1);
    acked(&history, 2);
    let newest = history.write(KEY, Some(3));
    let beside = history.read();
    newest.acked();
    beside.returned(KEY, Some(1));
    assert!(
        matches!(broken(&history, Some(3))[..], [Violation::StaleRead { ref missed, .. }] if missed.value == Some(2))
    );
}

#[test]
fn writes_at_the_same_time_may_take_either_order() {
    for last in [1, 2] {
        let history = Texts::new();
        let (one, two) = (history.write(KEY, Some(1)), history.write(KEY, Some(2)));
        two.acked();
        one.acked();
        read(&history, Some(last));
        assert_eq!(broken(&history, Some(last)), []);
    }
}

#[test]
fn a_write_of_unknown_outcome_may_land_late_or_never() {
    let history = Texts::new();
    history.write(KEY, Some(1)).unknown();
    drop(history.write(KEY, Some(2))); // its caller vanished
    acked(&history, 3);
    read(&history, Some(3));
    read(&history, Some(1));
    read(&history, Some(2));
    for last in [1, 2, 3] {
        assert_eq!(broken(&history, Some(last)), []);
    }
}

#[test]
fn an_unknown_write_does_not_excuse_a_value_older_than_an_acknowledged_one() {
    let history = Texts::new();
    acked(&history, 1);
    acked(&history, 2);
    history.write(KEY, Some(3)).unknown();
    assert!(matches!(broken(&history, Some(1))[..], [Violation::LostWrite { .. }]));
}

#[test]
fn a_rejected_write_must_not_be_seen() {
    let history = Texts::new();
    history.write(KEY, Some(1)).rejected();
    read(&history, Some(1));
    assert!(matches!(
        broken(&history, Some(1))[..],
        [Violation::UnwrittenRead { .. }, Violation::UnwrittenRecord { .. }]
    ));
    assert_eq!(history.writes_that(Outcome::Rejected), 1);
}

#[test]
fn a_value_from_the_future_comes_from_nowhere() {
    let history = Texts::new();
    read(&history, Some(1));
    acked(&history, 1);
    assert!(matches!(broken(&history, Some(1))[..], [Violation::UnwrittenRead { .. }]));
}

#[test]
fn what_the_store_computes_is_judged_by_what_it_answered() {
    let history = Texts::starting_with([(KEY, 5)]);
    history.compute(KEY).acked_with(Some(6));
    assert_eq!(broken(&history, Some(6)), []);
    assert!(matches!(broken(&history, Some(5))[..], [Violation::LostWrite { .. }]));
    history.compute(KEY).unknown();
    assert_eq!(broken(&history, Some(7)), [], "nobody has heard what it computed");
}

#[test]
fn a_created_record_is_known_by_the_key_that_was_answered() {
    let history = Texts::new();
    history.create(1).acked_at(KEY);
    assert_eq!(broken(&history, Some(1)), []);
    assert!(matches!(broken(&history, None)[..], [Violation::LostWrite { .. }]));
    history.create(2).unknown();
    assert_eq!(history.violations([(KEY, 1), (7, 2)]), [], "it may be there under any key");
    assert_eq!(history.violations([(KEY, 1)]), [], "or nowhere");
    history.create(3).acked();
    assert_eq!(history.violations([(KEY, 1)]), [], "nobody said where it is");
}

#[test]
#[should_panic(expected = "1 differs: the authority holds 1, the secondary no record")]
fn stores_that_differ_are_named() {
    let history = Texts::new();
    acked(&history, 1);
    history.assert_holds(finals(Some(1)), []);
}

#[test]
fn reads_that_disagree_on_the_order_of_writes_are_found() {
    let history = Texts::new();
    let (one, two) = (history.write(KEY, Some(1)), history.write(KEY, Some(2)));
    one.acked();
    two.acked();
    for value in [1, 2, 1] {
        read(&history, Some(value));
    }
    assert_eq!(broken(&history, Some(1)), [], "each read alone may be right");
    let found = history.reads_out_of_order();
    assert!(matches!(found[..], [Violation::OutOfOrder { held: Some(1), seen: Some(2), .. }]), "{found:?}");
}

#[test]
fn a_value_seen_before_its_unknown_write_and_never_again_is_in_order() {
    let history = Texts::new();
    acked(&history, 1);
    history.write(KEY, Some(2)).unknown();
    for value in [1, 2, 2] {
        read(&history, Some(value));
    }
    acked(&history, 3);
    assert_eq!(history.reads_out_of_order(), []);
    read(&history, Some(2));
    assert_eq!(history.reads_out_of_order().len(), 1, "it landed once, before 3");
}
