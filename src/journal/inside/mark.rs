//! What a transaction is given to mark, and what says that it did.

use std::sync::Arc;

use crate::data::Scopes;
use crate::journal::handle::Journal;
use crate::journal::model::{Epoch, MarkId, Micros, SessionId};

/// What one write has to mark inside its transaction.
#[derive(Debug)]
pub(crate) struct Inside {
    /// The one that the rows are for.
    pub(in crate::journal) journal: Journal,
    pub(crate) session: SessionId,
    /// When that session was opened: tells it from one of another journal with the same number.
    pub(crate) opened: Micros,
    /// The epoch that the write was planned in.
    pub(crate) epoch: Epoch,
    pub(crate) first: MarkId,
    pub(crate) scopes: Scopes,
    pub(crate) created: Micros,
}

/// Why a transaction may not mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotMarked {
    /// There is no row of an epoch.
    NoRow,
    /// The session in that row is not this one.
    AnotherSession,
    /// Another store decides by now.
    EpochMoved,
}

impl Inside {
    /// The journal that the rows are for.
    pub(crate) fn journal_name(&self) -> &str {
        self.journal.name()
    }

    /// By the epoch of the authority, the session, whether it is open, and when it was opened, as they stand in the row.
    pub(crate) fn check(&self, row: Option<[i64; 4]>) -> Result<(), NotMarked> {
        let Some([authority_epoch, session, session_open, opened]) = row else {
            return Err(NotMarked::NoRow);
        };
        if session_open == 0 || session.cast_unsigned() != self.session || opened != self.opened {
            return Err(NotMarked::AnotherSession);
        }
        if self.epoch < authority_epoch.cast_unsigned() {
            return Err(NotMarked::EpochMoved);
        }
        Ok(())
    }
}

tokio::task_local! {
    static OFFERED: Arc<Inside>;
}

/// What a function that writes in a transaction of its own has to mark in it: `journal.mark_in(&mut transaction, &mark)`.
///
/// It may be used again, when the transaction was rolled back and is tried anew.
#[derive(Debug)]
pub struct TransactionMark(pub(super) Option<Arc<Inside>>);

impl TransactionMark {
    /// What the write that runs in this task has to mark: nothing where its mark stands already, or nothing is copied.
    pub(crate) fn offered() -> Self {
        Self(OFFERED.try_with(Arc::clone).ok())
    }

    pub(in crate::journal) fn inside(&self) -> Option<&Inside> {
        self.0.as_deref()
    }

    /// For a function that found nothing to write, and so has no transaction to mark in.
    #[must_use = "the function gives it back beside its answer"]
    pub fn unused(self) -> Marked {
        drop(self);
        Marked(())
    }
}

impl Inside {
    /// Runs a call of the authority that has this to mark inside its transaction.
    pub(crate) fn offered_to<F: Future>(self, call: F) -> impl Future<Output = F::Output> {
        OFFERED.scope(Arc::new(self), call)
    }
}

/// Says that a transaction has marked its keys; a function gives it back beside its answer.
#[derive(Debug)]
#[must_use = "the function gives it back beside its answer"]
pub struct Marked(pub(super) ());
