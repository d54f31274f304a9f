//! Reads that name the store which is to answer them, by the header `crossfade-read`.
//!
//! They are judged like every other read, since none is answered from a store that may be older. Beside it, what names
//! legacy must come from legacy while that decides; what names the target may come from legacy in its place, when what
//! is read is dirty or the target fails.

use crossfade::route::Store;

use super::done::{Answered, Trouble};

/// The kinds of answer that a run has to meet; see [`KINDS`](super::counts::KINDS).
pub(super) const FROM_LEGACY: &str = "named legacy";
pub(crate) const FROM_TARGET: &str = "named target";
/// The target was named, and legacy answered.
pub(crate) const IN_ITS_PLACE: &str = "named target, legacy answered";

/// The answer to a read that named a store. It counts apart: the routing has not chosen who answers.
pub(super) fn judged(named: Store, answered: Answered) -> Result<Answered, Trouble> {
    let kind = match (named, answered.read) {
        (_, None) => return Ok(answered),
        (Store::Legacy, Some(Store::Legacy)) => FROM_LEGACY,
        (Store::Target, Some(Store::Target)) => FROM_TARGET,
        (Store::Target, Some(Store::Legacy)) => IN_ITS_PLACE,
        (Store::Legacy, Some(Store::Target)) => {
            return Err(Trouble::Broken("a read that named legacy was answered by the target".into()));
        }
    };
    Ok(Answered { kind, read: None, ..answered })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(named: Store, by: Store) -> Option<&'static str> {
        let answered = Answered { read: Some(by), ..Answered::new("get") };
        let judged = judged(named, answered).ok()?;
        assert_eq!(judged.read, None, "it is no read of the routing's");
        Some(judged.kind)
    }

    #[test]
    fn a_read_that_named_legacy_may_not_come_from_the_target() {
        assert_eq!(kind(Store::Legacy, Store::Target), None);
        assert_eq!(kind(Store::Legacy, Store::Legacy), Some(FROM_LEGACY));
    }

    #[test]
    fn a_read_that_named_the_target_says_which_store_it_came_from() {
        assert_eq!(kind(Store::Target, Store::Target), Some(FROM_TARGET));
        assert_eq!(kind(Store::Target, Store::Legacy), Some(IN_ITS_PLACE));
    }
}
