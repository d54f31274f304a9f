//! Creates that nobody answered, and those that were sent again.

use super::support::{KEY, counts, findings, look, sight, write};
use crate::ledger::Fate::{Acked, Unknown};
use crate::ledger::{Key, Look, Notes, Write};

const OTHER: Key = (1, 11);

fn notes(create: &Write, looks: Vec<Look>) -> Notes {
    Notes { writes: vec![create.clone()], looks, ..Notes::default() }
}

#[test]
fn an_invoice_of_a_create_without_an_answer_is_found_by_its_token() {
    let create = Write { invoice: None, creates: true, ..write(7, 0, 10, Unknown) };
    assert_eq!(counts(&findings(notes(&create, vec![look(7, 40, 50)]), &[(KEY, sight(7))])), (0, 0, 0));
    assert_eq!(counts(&findings(notes(&create, vec![]), &[])), (0, 0, 0));
}

#[test]
fn a_create_that_made_two_invoices_is_found_wherever_the_second_shows() {
    let answered = Write { creates: true, ..write(7, 0, 10, Acked) };
    let unanswered = Write { invoice: None, creates: true, ..write(7, 0, 10, Unknown) };
    for create in [answered, unanswered] {
        let once = findings(notes(&create, vec![look(7, 40, 50)]), &[(KEY, sight(7))]);
        assert_eq!((once.made_twice, counts(&once)), (0, (0, 0, 0)));
        let in_store = findings(notes(&create, vec![]), &[(KEY, sight(7)), (OTHER, sight(7))]);
        assert_eq!((in_store.made_twice, in_store.phantoms), (1, 1));
        let seen = Look { key: OTHER, ..look(7, 40, 50) };
        let seen = findings(notes(&create, vec![seen]), &[(KEY, sight(7))]);
        assert_eq!((seen.made_twice, seen.phantoms), (1, 1), "also when it is gone by the end");
    }
}

#[test]
fn a_retried_create_that_was_answered_must_be_there() {
    let create = Write { creates: true, ..write(7, 0, 400, Acked) };
    assert_eq!(counts(&findings(notes(&create, vec![]), &[])), (1, 0, 0));
}
