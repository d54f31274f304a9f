//! Creates, puts and deletes.

use std::collections::HashMap;

use super::support::{KEY, at, counts, findings, look, sight, write};
use crate::ledger::Fate::{Acked, Failed, Unknown};
use crate::ledger::{HISTORY, ListLook, Look, Notes, Opening, Sight, Token, Version, Write};

fn judged(writes: Vec<Write>, looks: Vec<Look>, last: Token) -> (u64, u64, u64) {
    let stored: Vec<_> = (last > 0).then(|| (KEY, sight(last))).into_iter().collect();
    counts(&findings(Notes { writes, looks, ..Notes::default() }, &stored))
}

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
    let other_total = Look {
        seen: Some(Sight { version: Version { token: 1, total: "0.00".into() }, ..sight(1) }),
        ..look(1, 40, 50)
    };
    assert_eq!(judged(writes(), vec![other_total], 1), (0, 0, 1), "a total that the client did not compute");
    assert_eq!(
        judged(vec![write(1, 60, 70, Acked)], vec![look(1, 40, 50)], 1),
        (0, 0, 1),
        "read before it was written"
    );
}

#[test]
fn a_list_must_hold_every_acknowledged_invoice_in_its_newest_form() {
    let list = |versions: &[(i64, Token)], after, upto| ListLook {
        customer: 1,
        after,
        upto,
        seen: versions.iter().map(|&(invoice, token)| (invoice, sight(token))).collect(),
        start: at(40),
        end: at(50),
    };
    let judged = |list| {
        let writes = vec![write(1, 0, 10, Acked), write(2, 20, 30, Acked)];
        let notes = Notes { writes, lists: vec![list], ..Notes::default() };
        let findings = findings(notes, &[(KEY, sight(2))]);
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
    let opening = Opening { total: "5.00".into(), received: 200 };
    let notes = || Notes { history: HashMap::from([(KEY, opening.clone())]), ..Notes::default() };
    let version = Version { token: HISTORY, total: "5.00".into() };
    let stored = |received| [(KEY, Sight { version: version.clone(), received, closed: false })];
    assert_eq!(counts(&findings(notes(), &stored(200))), (0, 0, 0));
    assert_eq!(counts(&findings(notes(), &[])), (1, 0, 0));
    assert_eq!(counts(&findings(notes(), &stored(0))), (1, 0, 0), "what was paid before is lost");
    assert_eq!(counts(&findings(notes(), &stored(201))), (0, 0, 1), "a cent that nobody paid");
}

/// A conditional write that was made is a look at the version that it names.
#[test]
fn a_write_of_a_version_that_was_overtaken_is_found() {
    let writes = || vec![write(1, 0, 10, Acked), write(2, 20, 30, Acked), write(3, 40, 50, Acked)];
    assert_eq!(judged(writes(), vec![look(2, 40, 50)], 3), (0, 0, 0));
    assert_eq!(judged(writes(), vec![look(1, 40, 50)], 3), (0, 1, 0), "the second was overwritten unseen");
}
