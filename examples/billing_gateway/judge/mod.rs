//! Judges a ledger: was an acknowledged write lost, was a read stale, did anything appear that nobody wrote?
//!
//! Three things are judged of every look at an invoice, those of lists and of the stores themselves included:
//!
//! * its *version* (`versions.rs`), which a create, put or delete leaves. Writes overlap, so their order is known only where
//!   one ended before the other began. A version is *overtaken* when its write ended before another write began, and that
//!   other one was acknowledged before the look began. A look is stale when every write that it could have seen was
//!   overtaken; an acknowledged write is lost when a look after the end of everything is.
//! * what was *received* and whether it is *closed* (`growing.rs`), which only ever grow.
//!
//! Besides, no create makes two invoices (`creates.rs`) and no closing is half done (`closings.rs`).

mod closings;
mod creates;
mod findings;
mod growing;
mod judging;
mod versions;

#[cfg(test)]
mod tests;

pub(crate) use findings::Findings;
pub(crate) use judging::Judge;
