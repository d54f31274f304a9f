//! Which version of an invoice a look may show.

use super::findings::Verdict;
use crate::ledger::{At, HISTORY, Key, Look, Opening, Try, Version, Write};

/// The verdict on the version that a look shows, by all writes of its key.
pub(super) fn verdict(writes: &[Write], look: &Look) -> Verdict {
    let mut seen = writes.iter().filter(|write| could_show(write, look)).peekable();
    if seen.peek().is_none() {
        // Nothing that a client did explains it; only "not there yet" needs no explanation.
        return match look.seen {
            Some(_) => Verdict::Phantom,
            None if not_there_yet(writes, look) => Verdict::Fine,
            None => Verdict::Overtaken,
        };
    }
    let fine = seen.any(|write| !overtaken(writes, write, look))
        || (look.seen.is_none() && not_there_yet(writes, look));
    if fine { Verdict::Fine } else { Verdict::Overtaken }
}

/// History counts as written before everything.
pub(super) fn of_history(key: Key, opening: &Opening) -> Write {
    Write {
        customer: key.0,
        invoice: Some(key.1),
        version: Some(Version { token: HISTORY, total: opening.total.clone() }),
        creates: true,
        tried: Try { start: At::ZERO, end: At::ZERO, fate: crate::ledger::Fate::Acked },
    }
}

/// Whether the look can have seen this write.
fn could_show(write: &Write, look: &Look) -> bool {
    write.tried.possible_by(look.end)
        && write.version.as_ref() == look.seen.as_ref().map(|seen| &seen.version)
}

fn overtaken(writes: &[Write], seen: &Write, look: &Look) -> bool {
    acked_before(writes, look).any(|other| other.tried.start > seen.tried.settled())
}

/// No write was acknowledged before the look began, so the invoice may not have been made yet.
fn not_there_yet(writes: &[Write], look: &Look) -> bool {
    acked_before(writes, look).next().is_none()
}

fn acked_before<'a>(writes: &'a [Write], look: &Look) -> impl Iterator<Item = &'a Write> {
    let start = look.start;
    writes.iter().filter(move |write| write.tried.acked_before(start))
}
