//! What the rest of the crate asks of marks that are made inside of transactions.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::mark::Inside;
use crate::data::{Scope, Scopes};
use crate::journal::clock::micros;
use crate::journal::error::JournalError;
use crate::journal::handle::Journal;
use crate::journal::model::{Command, Epoch, MarkId, Micros, Reason, Reply};
use crate::journal::running::{Made, RunningMark};

/// How often marks are looked for that no write has taken out.
const ADOPT_EVERY: Duration = Duration::from_secs(1);

impl Journal {
    /// Whether transactions of the service may be able to mark inside themselves.
    pub(crate) fn marks_inside(&self) -> bool {
        self.0.place.get().is_some()
    }

    /// Makes the scopes dirty, for a write whose own transaction makes the mark durable.
    pub(crate) fn offer_inside(&self, scopes: Scopes, epoch: Epoch) -> (RunningMark, Inside) {
        let mark = RunningMark { made: Made::Inside, ..self.prepare(scopes) };
        let inside = Inside {
            journal: self.clone(),
            session: self.session(),
            opened: self.0.opened.load(Ordering::SeqCst),
            epoch,
            first: mark.first,
            scopes: mark.scopes.clone(),
            created: self.now(),
        };
        (mark, inside)
    }

    /// What leaves the mark of such a write to the reconciler. Where its transaction has not surely been committed, nobody
    /// asks whether it left a row: it may be there, or come later, and is adopted then.
    pub(in crate::journal) fn leave_inside(
        &self,
        inside: Option<MarkId>,
        scope: &Scope,
        not_before: Micros,
        reason: Reason,
    ) -> Command {
        let (session, id, now) = (self.session(), self.next_row(), self.now());
        Command::LeaveInside { inside, session, id, scope: scope.clone(), not_before, reason, now }
    }

    /// Looks for marks whose write nobody waits for any more, since the late bound has passed: their transactions were
    /// committed when nobody knew. Dirty from here on, and left to repairs.
    pub(crate) async fn adopt_inside(&self, late_bound: Duration) -> Result<(), JournalError> {
        let (Some(place), now) = (self.0.place.get(), self.now()) else { return Ok(()) };
        if place.looked.load(Ordering::Relaxed) + micros(ADOPT_EVERY) > now {
            return Ok(());
        }
        place.looked.store(now, Ordering::Relaxed);
        let before = now - micros(late_bound);
        let journal = self.clone();
        let adopt = move |reply: Result<Reply, JournalError>| {
            if let Ok(Reply::Scopes(scopes)) = reply {
                scopes.iter().for_each(|(_, scope)| journal.0.index.add(scope));
                journal.0.notify_left();
            }
        };
        self.call_then(Command::AdoptInside { before, now }, adopt).await
    }
}
