//! What the rest of the crate asks of marks that writes share.

use std::future::ready;
use std::time::Duration;

use tokio::runtime::Handle;

use super::MarkBy;
use super::standing::{Kept, Row};
use crate::data::Scopes;
use crate::journal::clock::micros;
use crate::journal::error::JournalError;
use crate::journal::handle::Journal;
use crate::journal::marking::Marking;
use crate::journal::model::{Command, Epoch, MarkId, Micros};
use crate::journal::running::{Made, RunningMark};

impl Journal {
    /// Marks what a write names: takes a mark over that stands, with nothing to wait for, or records one as
    /// [`mark`](Self::mark) does. Dirty in memory before either.
    pub(crate) fn mark_or_share(&self, named: Scopes, by: MarkBy, epoch: Epoch) -> Marking {
        let mark = self.name_marked(named, by);
        match self.taken_over(&mark.scopes, epoch) {
            Some(Row { first, since, .. }) => {
                Marking::direct(ready(Ok(RunningMark { first, since, epoch, shared: true, ..mark })))
            }
            None => self.record(mark, epoch),
        }
    }

    fn taken_over(&self, scopes: &Scopes, epoch: Epoch) -> Option<Row> {
        if self.0.standing.rows() == 0 {
            return None;
        }
        self.0.standing.take(scopes, epoch, self.now())
    }

    /// Ends the mark of a write that left nothing to repair. Nothing of it is dirty any more; its rows go when `linger`
    /// has passed since they were asked for, if nobody takes them over, and at once where there is no runtime to do that.
    /// Gives whether there was room for them. Never blocks.
    pub(crate) fn unmark_later(&self, mark: &RunningMark, linger: Duration) -> bool {
        let until = mark.since.saturating_add(micros(linger));
        let kept = if self.may_stand(mark, linger, until) {
            let row = Row { first: mark.first, epoch: mark.epoch, since: mark.since, until };
            self.0.standing.keep(&mark.scopes, row)
        } else {
            Kept::Closed
        };
        match kept {
            Kept::NoRoom | Kept::Closed => self.unmark(mark),
            Kept::Stands => self.forget(mark.dirty()),
            Kept::StandsAlone => {
                self.forget(mark.dirty());
                self.sweep();
            }
        }
        kept != Kept::NoRoom
    }

    /// A row that a transaction made inside itself does not stand: it is adopted when it is as old as the late bound.
    fn may_stand(&self, mark: &RunningMark, linger: Duration, until: Micros) -> bool {
        !linger.is_zero()
            && mark.made == Made::Before
            && mark.first >> 40 == self.session()
            && until > self.now()
            && Handle::try_current().is_ok()
    }

    /// Takes out all rows that stand, before whatever is asked of the journal next.
    pub(crate) fn flush_standing(&self) {
        if self.0.standing.rows() > 0 {
            self.take_out(self.0.standing.due(Micros::MAX));
        }
    }

    /// As [`flush_standing`](Self::flush_standing), and nothing stands from here on.
    pub(in crate::journal) fn close_standing(&self) {
        self.take_out(self.0.standing.close());
    }

    /// Another session has made left marks of what stood, or will: dirty.
    pub(in crate::journal) fn adopt_standing(&self) {
        let adopted = self.0.standing.close();
        adopted.iter().flat_map(|(_, scopes)| scopes).for_each(|scope| self.0.index.add(scope));
        self.0.standing.reopen();
    }

    /// Unmarks rows, in as few commands as they allow. What finds the queue full is due again.
    pub(super) fn take_out(&self, mut marks: Vec<(MarkId, Scopes)>) {
        marks.sort_unstable_by_key(|(first, _)| *first);
        let follows = |one: &(MarkId, Scopes), next: &(MarkId, Scopes)| one.0 + one.1.len() as u64 == next.0;
        for run in marks.chunk_by(follows) {
            let (first, rows) = (run[0].0, run.iter().map(|(_, scopes)| scopes.len() as u64).sum());
            if let Err(JournalError::Busy { .. }) = self.send(Command::Unmark { first, rows }, |_| ()) {
                self.0.standing.put_back(run);
            }
        }
    }
}
