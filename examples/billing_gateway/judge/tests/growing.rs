//! Payments and closings.

use super::support::{KEY, at, closing, counts, findings, look, payment, sight, write};
use crate::ledger::Fate::{Acked, Failed, Unknown};
use crate::ledger::{Closing, Key, ListLook, Look, Notes, Payment, Sight};

const SECOND: Key = (1, 11);

fn showing(received: i64, closed: bool, start: u64, end: u64) -> Look {
    Look { seen: Some(Sight { received, closed, ..sight(1) }), ..look(1, start, end) }
}

fn paid(payments: Vec<Payment>, looks: Vec<Look>, last: i64) -> (u64, u64, u64) {
    let notes = Notes { writes: vec![write(1, 0, 5, Acked)], payments, looks, ..Notes::default() };
    counts(&findings(notes, &[(KEY, Sight { received: last, ..sight(1) })]))
}

fn closed(closings: Vec<Closing>, looks: Vec<Look>, last: bool) -> (u64, u64, u64) {
    let notes = Notes { writes: vec![write(1, 0, 5, Acked)], closings, looks, ..Notes::default() };
    counts(&findings(notes, &[(KEY, Sight { closed: last, ..sight(1) })]))
}

#[test]
fn payments_in_order_are_fine() {
    let payments = vec![payment(100, 10, 20, Acked), payment(50, 30, 40, Acked), payment(7, 50, 60, Failed)];
    let looks = vec![showing(0, false, 6, 9), showing(100, false, 22, 35), showing(150, false, 33, 50)];
    assert_eq!(paid(payments, looks, 150), (0, 0, 0));
}

#[test]
fn a_read_below_what_was_acknowledged_before_it_began_is_stale() {
    let payments = || vec![payment(100, 10, 20, Acked), payment(50, 30, 40, Acked)];
    assert_eq!(paid(payments(), vec![showing(100, false, 41, 50)], 150), (0, 1, 0));
    assert_eq!(
        paid(payments(), vec![showing(100, false, 39, 50)], 150),
        (0, 0, 0),
        "it began before the answer"
    );
}

#[test]
fn what_a_read_has_shown_is_not_unseen_by_a_later_one() {
    let payments = || vec![payment(100, 10, 20, Unknown)];
    let looks = |first, second| vec![showing(first, false, 30, 40), showing(second, false, 50, 60)];
    assert_eq!(paid(payments(), looks(0, 100), 100), (0, 0, 0));
    assert_eq!(paid(payments(), looks(100, 0), 100), (0, 1, 0));
    let at_once = vec![showing(100, false, 30, 50), showing(0, false, 50, 60)];
    assert_eq!(paid(payments(), at_once, 100), (0, 0, 0), "their order is not known");
}

#[test]
fn in_the_end_there_is_what_was_acknowledged_and_at_most_the_unknown_besides() {
    let payments =
        || vec![payment(100, 10, 20, Acked), payment(50, 30, 40, Unknown), payment(7, 50, 60, Failed)];
    for (last, verdict) in
        [(99, (1, 0, 0)), (100, (0, 0, 0)), (150, (0, 0, 0)), (151, (0, 0, 1)), (157, (0, 0, 1))]
    {
        assert_eq!(paid(payments(), vec![], last), verdict, "{last}");
    }
}

#[test]
fn a_payment_that_is_seen_before_it_was_sent_is_written_by_nobody() {
    let payments = vec![payment(100, 30, 40, Acked)];
    assert_eq!(paid(payments, vec![showing(100, false, 10, 20)], 100), (0, 0, 1));
}

#[test]
fn what_was_paid_of_a_deleted_invoice_is_gone_with_it() {
    let writes = vec![write(1, 0, 5, Acked), write(0, 30, 40, Acked)];
    let notes = Notes { writes, payments: vec![payment(100, 10, 20, Acked)], ..Notes::default() };
    assert_eq!(counts(&findings(notes, &[])), (0, 0, 0));
}

#[test]
fn a_list_is_held_against_payments_and_closings_too() {
    let list = |received, closed| ListLook {
        customer: 1,
        after: 0,
        upto: None,
        seen: [(KEY.1, Sight { received, closed, ..sight(1) })].into(),
        start: at(40),
        end: at(50),
    };
    for (received, closed, stale) in [(100, true, 0), (0, true, 1), (100, false, 1), (0, false, 2)] {
        let notes = Notes {
            writes: vec![write(1, 0, 5, Acked)],
            payments: vec![payment(100, 10, 20, Acked)],
            closings: vec![closing(&[KEY.1], 10, 20, Acked)],
            lists: vec![list(received, closed)],
            ..Notes::default()
        };
        let stored = [(KEY, Sight { received: 100, closed: true, ..sight(1) })];
        assert_eq!(counts(&findings(notes, &stored)), (0, stale, 0), "{received} {closed}");
    }
}

#[test]
fn what_is_closed_stays_closed() {
    let closings = || vec![closing(&[KEY.1, 11], 10, 20, Acked)];
    assert_eq!(
        closed(closings(), vec![showing(0, false, 15, 30), showing(0, true, 15, 30)], true),
        (0, 0, 0)
    );
    assert_eq!(closed(closings(), vec![showing(0, false, 21, 30)], true), (0, 1, 0));
    assert_eq!(closed(closings(), vec![], false), (1, 0, 0), "open again in the end");
    let unknown = || vec![closing(&[KEY.1], 10, 20, Unknown)];
    assert_eq!(closed(unknown(), vec![], false), (0, 0, 0));
    assert_eq!(closed(unknown(), vec![showing(0, true, 30, 40)], false), (1, 0, 0), "it was seen closed");
}

#[test]
fn what_nobody_closed_is_not_closed() {
    assert_eq!(closed(vec![], vec![], true), (0, 0, 1));
    assert_eq!(closed(vec![closing(&[KEY.1], 10, 20, Failed)], vec![], true), (0, 0, 1), "it surely failed");
    let early = closed(vec![closing(&[KEY.1], 30, 40, Acked)], vec![showing(0, true, 10, 20)], true);
    assert_eq!(early, (0, 0, 1));
}

#[test]
fn half_a_closing_of_unknown_fate_is_found() {
    let judged = |others: Vec<Closing>, first, second| {
        let mut closings = vec![closing(&[KEY.1, SECOND.1], 10, 20, Unknown)];
        closings.extend(others);
        let of_second =
            crate::ledger::Write { invoice: Some(SECOND.1), creates: true, ..write(2, 0, 5, Acked) };
        let notes = Notes { writes: vec![write(1, 0, 5, Acked), of_second], closings, ..Notes::default() };
        let stored =
            [(KEY, Sight { closed: first, ..sight(1) }), (SECOND, Sight { closed: second, ..sight(2) })];
        findings(notes, &stored).lost_writes
    };
    assert_eq!(judged(vec![], true, true), 0);
    assert_eq!(judged(vec![], false, false), 0);
    assert_eq!(judged(vec![], true, false), 1);
    assert_eq!(judged(vec![closing(&[KEY.1], 30, 40, Acked)], true, false), 0, "another closed the first");
}
