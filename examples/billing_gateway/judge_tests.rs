//! The judge is right: each kind of damage is seen, and whatever interleaving allows is not called damage.

use super::*;

const KEY: Key = (1, 10);

fn at(millis: u64) -> At {
    Duration::from_millis(millis)
}

fn version(token: Token) -> Version {
    Version { token, total: format!("{token}.00") }
}

/// A write of `token`, or a delete when it is 0.
fn write(token: Token, start: u64, end: u64, fate: Fate) -> Write {
    Write {
        customer: KEY.0,
        invoice: Some(KEY.1),
        version: (token > 0).then(|| version(token)),
        creates: token == 1,
        start: at(start),
        end: at(end),
        fate,
    }
}

fn look(token: Token, start: u64, end: u64) -> Look {
    Look { key: KEY, version: (token > 0).then(|| version(token)), start: at(start), end: at(end) }
}

fn judged(writes: Vec<Write>, looks: Vec<Look>, last: Token) -> (u64, u64, u64) {
    let stored: BTreeMap<_, _> = (last > 0).then(|| (KEY, version(last))).into_iter().collect();
    let notes = Notes { writes, looks, ..Notes::default() };
    let findings = Judge::new(notes, &stored).judge(&stored);
    (findings.lost_writes, findings.stale_reads, findings.phantoms)
}

use Fate::{Acked, Failed, Unknown};

#[test]
fn a_history_in_order_is_fine() {
    let writes = vec![write(1, 0, 10, Acked), write(2, 20, 30, Acked), write(0, 60, 70, Acked)];
    let looks = vec![look(1, 12, 14), look(2, 40, 50), look(1, 21, 29), look(0, 80, 81), look(0, 5, 8)];
    assert_eq!(judged(writes, looks, 0), (0, 0, 0));
}

#[test]
fn an_acknowledged_write_that_is_not_there_in_the_end_is_lost() {
    let writes = || vec![write(1, 0, 10, Acked), write(2, 20, 30, Acked)];
    assert_eq!(judged(writes(), vec![], 1), (1, 0, 0), "the older version came back");
    assert_eq!(judged(writes(), vec![], 0), (1, 0, 0), "the invoice is gone");
    assert_eq!(judged(writes(), vec![], 2), (0, 0, 0));
}

#[test]
fn a_read_of_an_older_version_than_was_acknowledged_is_stale() {
    let writes = || vec![write(1, 0, 10, Acked), write(2, 20, 30, Acked)];
    assert_eq!(judged(writes(), vec![look(1, 40, 50)], 2), (0, 1, 0));
    assert_eq!(judged(writes(), vec![look(0, 40, 50)], 2), (0, 1, 0), "a 404 after the create");
    assert_eq!(judged(writes(), vec![look(1, 29, 50)], 2), (0, 0, 0), "it began before the answer");
}

#[test]
fn a_deleted_invoice_that_comes_back_is_stale_and_lost() {
    let writes = vec![write(1, 0, 10, Acked), write(0, 20, 30, Acked)];
    assert_eq!(judged(writes, vec![look(1, 40, 50)], 1), (1, 1, 0));
}

#[test]
fn a_put_that_succeeds_after_an_acknowledged_delete_shows_that_the_delete_was_lost() {
    let writes = vec![write(1, 0, 10, Acked), write(0, 20, 30, Acked), write(2, 40, 50, Acked)];
    assert_eq!(judged(writes, vec![], 2), (1, 0, 0));
}

#[test]
fn concurrent_writes_may_end_either_way() {
    let writes = || vec![write(1, 0, 5, Acked), write(2, 10, 30, Acked), write(3, 20, 40, Acked)];
    for last in [2, 3] {
        assert_eq!(judged(writes(), vec![look(5 - last, 50, 60)], last), (0, 0, 0));
    }
    assert_eq!(judged(writes(), vec![], 1), (1, 0, 0));
}

#[test]
fn a_write_of_unknown_fate_may_show_or_not_and_may_land_late() {
    let writes = || vec![write(1, 0, 5, Acked), write(2, 10, 30, Unknown)];
    assert_eq!(judged(writes(), vec![look(1, 50, 60), look(2, 70, 80)], 2), (0, 0, 0));
    assert_eq!(judged(writes(), vec![], 1), (0, 0, 0));
    let overtaken_late = vec![write(1, 0, 5, Acked), write(2, 10, 30, Unknown), write(3, 200, 210, Acked)];
    assert_eq!(judged(overtaken_late, vec![], 2), (0, 0, 0), "it landed after the third");
    let too_late = vec![write(1, 0, 5, Acked), write(2, 10, 30, Unknown), write(3, 2_000, 2_010, Acked)];
    assert_eq!(judged(too_late, vec![], 2), (1, 0, 0));
}

#[test]
fn what_nobody_wrote_is_a_phantom() {
    let writes = || vec![write(1, 0, 5, Acked), write(2, 10, 30, Failed)];
    assert_eq!(judged(writes(), vec![look(2, 40, 50)], 1), (0, 0, 1), "a write that surely failed");
    assert_eq!(judged(writes(), vec![look(9, 40, 50)], 1), (0, 0, 1), "a token that nobody has");
    assert_eq!(judged(writes(), vec![look(1, 40, 50)], 9), (0, 0, 1));
    let other_total = Look { version: Some(Version { token: 1, total: "0.00".into() }), ..look(1, 40, 50) };
    assert_eq!(judged(writes(), vec![other_total], 1), (0, 0, 1), "a total that the client did not compute");
    assert_eq!(
        judged(vec![write(1, 60, 70, Acked)], vec![look(1, 40, 50)], 1),
        (0, 0, 1),
        "read before it was written"
    );
}

#[test]
fn an_invoice_of_a_create_without_an_answer_is_found_by_its_token() {
    let create = Write { invoice: None, ..write(7, 0, 10, Unknown) };
    assert_eq!(judged(vec![create.clone()], vec![look(7, 40, 50)], 7), (0, 0, 0));
    assert_eq!(judged(vec![create.clone()], vec![], 0), (0, 0, 0));
    let twice = Look { key: (1, 11), ..look(7, 40, 50) };
    assert_eq!(judged(vec![create], vec![twice], 7), (0, 0, 1), "it was made twice");
}

#[test]
fn a_list_must_hold_every_acknowledged_invoice_in_its_newest_form() {
    let list = |versions: &[(i64, Token)], after, upto| ListLook {
        customer: 1,
        after,
        upto,
        versions: versions.iter().map(|&(invoice, token)| (invoice, version(token))).collect(),
        start: at(40),
        end: at(50),
    };
    let judged = |list| {
        let writes = vec![write(1, 0, 10, Acked), write(2, 20, 30, Acked)];
        let stored = BTreeMap::from([(KEY, version(2))]);
        let notes = Notes { writes, lists: vec![list], ..Notes::default() };
        let findings = Judge::new(notes, &stored).judge(&stored);
        (findings.stale_reads, findings.phantoms)
    };
    assert_eq!(judged(list(&[(10, 2)], 0, None)), (0, 0));
    assert_eq!(judged(list(&[(10, 1)], 0, None)), (1, 0), "an older form");
    assert_eq!(judged(list(&[], 0, None)), (1, 0), "left out");
    assert_eq!(judged(list(&[], 10, None)), (0, 0), "on another page");
    assert_eq!(judged(list(&[], 0, Some(9))), (0, 0), "on another page");
    assert_eq!(judged(list(&[(10, 2), (12, 5)], 0, None)), (0, 1), "an invoice that nobody made");
}

#[test]
fn history_counts_as_written_before_everything() {
    let stored = BTreeMap::from([(KEY, Version { token: HISTORY, total: "5.00".into() })]);
    let notes = || Notes { history: HashMap::from([(KEY, "5.00".to_owned())]), ..Notes::default() };
    assert_eq!(Judge::new(notes(), &stored).judge(&stored).lost_writes, 0);
    assert_eq!(Judge::new(notes(), &BTreeMap::new()).judge(&BTreeMap::new()).lost_writes, 1);
}
