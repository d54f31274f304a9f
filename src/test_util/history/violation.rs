//! What a history finds broken, in words.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Display};

/// When something began and ended, by the counter of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it began.
    pub begin: u64,
    /// When it ended.
    pub end: u64,
}

/// An acknowledged write as a violation shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteShown<V> {
    /// The value; none for a delete.
    pub value: Option<V>,
    /// When it ran.
    pub span: Span,
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation<K, V> {
    /// A read returned a value that an acknowledged write had replaced before the read began.
    StaleRead {
        /// The key.
        key: K,
        /// What was returned.
        returned: Option<V>,
        /// When the read ran.
        read: Span,
        /// The write that it should have seen, or a newer one.
        missed: WriteShown<V>,
    },
    /// A read returned a value that nobody had written by then, or whose write was rejected.
    UnwrittenRead {
        /// The key.
        key: K,
        /// What was returned.
        returned: Option<V>,
        /// When the read ran.
        read: Span,
    },
    /// The authority holds a value that an acknowledged write had replaced.
    LostWrite {
        /// The key.
        key: K,
        /// What the authority holds.
        found: Option<V>,
        /// The write that is lost.
        lost: WriteShown<V>,
    },
    /// The authority holds a value that nobody wrote, or whose write was rejected.
    UnwrittenRecord {
        /// The key.
        key: K,
        /// What the authority holds.
        found: Option<V>,
    },
    /// The reads of a key agree on no order of two of its values.
    OutOfOrder {
        /// The key.
        key: K,
        /// A value that was there all the time between two moments.
        held: Option<V>,
        /// Those moments.
        held_during: Span,
        /// Another value that was there at some moment between them.
        seen: Option<V>,
        /// When it was.
        seen_during: Span,
    },
    /// The two stores differ.
    Differs {
        /// The key.
        key: K,
        /// What the authority holds.
        authority: Option<V>,
        /// What the secondary holds.
        secondary: Option<V>,
    },
}

/// The keys on which two stores differ, as violations of convergence.
pub fn differences<K: Ord + Clone, V: Clone + PartialEq>(
    authority: impl IntoIterator<Item = (K, V)>,
    secondary: impl IntoIterator<Item = (K, V)>,
) -> Vec<Violation<K, V>> {
    let mut both: BTreeMap<K, (Option<V>, Option<V>)> = BTreeMap::new();
    for (key, value) in authority {
        both.entry(key).or_default().0 = Some(value);
    }
    for (key, value) in secondary {
        both.entry(key).or_default().1 = Some(value);
    }
    let differ = both.into_iter().filter(|(_, (authority, secondary))| authority != secondary);
    differ.map(|(key, (authority, secondary))| Violation::Differs { key, authority, secondary }).collect()
}

impl<K: Debug, V: Debug> Display for Violation<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StaleRead { key, returned, read, missed } => write!(
                f,
                "stale read of {key:?}: the read {read} returned {}, but before it began {missed} was acknowledged",
                Shown(returned)
            ),
            Self::UnwrittenRead { key, returned, read } => write!(
                f,
                "read of {key:?} from nowhere: the read {read} returned {}, which nobody had written",
                Shown(returned)
            ),
            Self::LostWrite { key, found, lost } => write!(
                f,
                "lost write of {key:?}: {lost} was acknowledged, and the authority holds the older {}",
                Shown(found)
            ),
            Self::UnwrittenRecord { key, found } => write!(
                f,
                "record of {key:?} from nowhere: the authority holds {}, which nobody wrote",
                Shown(found)
            ),
            Self::OutOfOrder { key, held, held_during, seen, seen_during } => write!(
                f,
                "reads of {key:?} out of order: {} was there all through {held_during}, and {} within {seen_during}",
                Shown(held),
                Shown(seen)
            ),
            Self::Differs { key, authority, secondary } => write!(
                f,
                "{key:?} differs: the authority holds {}, the secondary {}",
                Shown(authority),
                Shown(secondary)
            ),
        }
    }
}

impl Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}..{}]", self.begin, self.end)
    }
}

impl<V: Debug> Display for WriteShown<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the write {} of {}", self.span, Shown(&self.value))
    }
}

struct Shown<'a, V>(&'a Option<V>);

impl<V: Debug> Display for Shown<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => write!(f, "{value:?}"),
            None => f.write_str("no record"),
        }
    }
}
