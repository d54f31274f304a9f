//! The mark of a write that runs.

use super::model::{Command, Epoch, MarkId, Micros};
use crate::data::{Scope, Scopes};

/// The mark of a write that runs: its rows, and what is dirty in memory meanwhile.
#[derive(Debug)]
pub(crate) struct RunningMark {
    pub(crate) first: MarkId,
    /// What its rows name, one each.
    pub(crate) scopes: Scopes,
    /// What is dirty in memory, when the rows name more.
    pub(super) named: Option<Scopes>,
    /// The epoch that its rows were made in.
    pub(super) epoch: Epoch,
    /// When its rows were asked for.
    pub(super) since: Micros,
    /// Whether its rows were made by a write before.
    pub(super) shared: bool,
    pub(super) made: Made,
}

/// Who makes the rows of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// The journal, before the authority is called.
    Before,
    /// The transaction of the write; nobody knows whether it has been committed.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    Inside,
    /// The transaction of the write, which has been committed.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    Committed,
}

impl RunningMark {
    /// A mark without rows yet.
    pub(super) const fn of(scopes: Scopes, named: Option<Scopes>) -> Self {
        Self { first: 0, scopes, named, epoch: 0, since: 0, shared: false, made: Made::Before }
    }

    /// What is dirty in memory while the write runs.
    pub(super) fn dirty(&self) -> &Scopes {
        self.named.as_ref().unwrap_or(&self.scopes)
    }

    /// Whether it was taken over from a write before, in place of being recorded.
    pub(crate) const fn is_shared(&self) -> bool {
        self.shared
    }

    /// The one scope that the write may have touched, when this one row names more.
    pub(super) fn narrowed_to<'a>(&'a self, touched: Option<&'a Scopes>) -> Option<&'a Scope> {
        let touched = touched.or(self.named.as_ref())?;
        match (self.scopes.as_slice(), touched.as_slice()) {
            ([marked], [touched]) if marked != touched => Some(touched),
            _ => None,
        }
    }

    /// The write has been applied.
    #[cfg_attr(
        not(any(feature = "mysql", feature = "postgres")),
        allow(clippy::unused_self, reason = "no transaction marks inside itself")
    )]
    pub(crate) const fn committed(&mut self) {
        #[cfg(any(feature = "mysql", feature = "postgres"))]
        if matches!(self.made, Made::Inside) {
            self.made = Made::Committed;
        }
    }

    /// What takes so many of its rows out; nothing where they went with a transaction that was rolled back.
    pub(super) fn unmark(&self, first: MarkId, rows: u64) -> Option<Command> {
        match self.made {
            Made::Before => Some(Command::Unmark { first, rows }),
            #[cfg(any(feature = "mysql", feature = "postgres"))]
            Made::Inside => None,
            #[cfg(any(feature = "mysql", feature = "postgres"))]
            Made::Committed => Some(Command::UnmarkInside { first, rows }),
        }
    }

    #[cfg(test)]
    pub(crate) const fn nothing() -> Self {
        Self::of(Scopes::none(), None)
    }
}
