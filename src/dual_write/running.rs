//! One write on its way: its machine, its mark, its place in the drain count.

use crate::data::{Outcome, Scopes};
use crate::error::Refused;
#[cfg(any(feature = "mysql", feature = "postgres"))]
use crate::journal::Inside;
use crate::journal::{Epoch, JournalError, MarkBy, Reason, RunningMark};
use crate::protocol::{CopyEnd, Secondary, Wait, Write, WriteEvent, WriteStep};
use crate::route::{Core, Pass, Plan};

/// How a write may go on to the authority.
pub(super) enum Begun {
    /// Its mark stands, or went unrecorded.
    Marked,
    /// Its own transaction makes the mark.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    Inside(Inside),
}

/// Made in `call`, so that it exists before the first poll. However the write ends - also when it is dropped, on a
/// runtime or after one - its mark is taken out or left, and what became of it is counted.
#[derive(Debug)]
pub(super) struct Running {
    core: &'static Core,
    write: Write,
    epoch: Epoch,
    continues_unrecorded: bool,
    mark: Option<RunningMark>,
    applied: bool,
    /// What the write turned out to have touched, once it was answered.
    touched: Option<Scopes>,
    /// Kept until the copy has ended: a drain waits for it.
    _pass: Option<Pass>,
}

impl Running {
    pub(super) fn new(
        core: &'static Core,
        secondary: Secondary,
        epoch: Epoch,
        continues_unrecorded: bool,
        pass: Option<Pass>,
    ) -> Self {
        let (write, _mark_first) = Write::begin(secondary);
        Self {
            core,
            write,
            epoch,
            continues_unrecorded,
            mark: None,
            applied: false,
            touched: None,
            _pass: pass,
        }
    }

    /// Marks before the authority is called, or makes dirty what the write's own transaction marks.
    pub(super) async fn begin(&mut self, scopes: Scopes, plan: Plan) -> Result<Begun, Refused> {
        #[cfg(any(feature = "mysql", feature = "postgres"))]
        if plan.marks_inside() {
            let (mark, inside) = self.core.journal.offer_inside(scopes, self.epoch);
            self.core.stats.marks.one();
            self.mark = Some(mark);
            let _call_authority = self.write.next(WriteEvent::Marked);
            return Ok(Begun::Inside(inside));
        }
        self.mark(scopes, plan.marks_by()).await.map(|()| Begun::Marked)
    }

    /// Records the mark; what cannot be recorded is refused, or goes on unrecorded where the config says so.
    async fn mark(&mut self, scopes: Scopes, by: MarkBy) -> Result<(), Refused> {
        let (event, refused) = match self.core.journal.mark_or_share(scopes, by, self.epoch).await {
            Ok(mark) => {
                let stats = &self.core.stats;
                if mark.is_shared() { &stats.marks_shared } else { &stats.marks }.one();
                self.mark = Some(mark);
                (WriteEvent::Marked, None)
            }
            Err(JournalError::Refused(_)) => (WriteEvent::MarkRefused, Some(Refused::EpochMoved)),
            // A journal that was closed can never be told, and its file may belong to another process by now.
            Err(error) if self.continues_unrecorded && !matches!(error, JournalError::Closed) => {
                self.core.stats.unrecorded_marks.one();
                self.core.write_unrecorded();
                (WriteEvent::Unrecorded, None)
            }
            Err(error) => {
                self.core.stats.unrecorded_marks.one();
                (WriteEvent::MarkRefused, Some(Refused::NotRecorded(error)))
            }
        };
        match (self.write.next(event), refused) {
            (WriteStep::Refuse, refused) => {
                self.core.stats.writes_refused.one();
                Err(refused.unwrap_or(Refused::EpochMoved))
            }
            _ => Ok(()),
        }
    }

    /// Takes note of the authority's answer; whether a copy follows.
    pub(super) fn answered(&mut self, outcome: Outcome) -> bool {
        let stats = &self.core.stats;
        match outcome {
            Outcome::Applied => {
                self.applied = true;
                self.mark.iter_mut().for_each(RunningMark::committed);
                stats.writes_in_flight.up();
                stats.writes_applied.one();
            }
            Outcome::Rejected => stats.writes_rejected.one(),
            Outcome::Unknown => stats.writes_unknown.one(),
        }
        let step = self.write.next(WriteEvent::Answered(outcome));
        self.end(step, Reason::UnknownWrite)
    }

    /// Takes note of what the write turned out to have touched.
    pub(super) fn touched(&mut self, scopes: &Scopes) {
        self.touched = Some(scopes.clone());
    }

    /// Takes note of how the copy ended.
    pub(super) fn copy_ended(&mut self, end: CopyEnd) {
        let step = self.write.next(WriteEvent::CopyEnded(end));
        self.end(step, Reason::CopyFailed);
    }

    /// Does a step that ends the write; whether it goes on with a copy instead.
    fn end(&mut self, step: WriteStep, reason: Reason) -> bool {
        match step {
            WriteStep::Copy => return true,
            WriteStep::Unmark => {
                if let Some(mark) = self.mark.take()
                    && !self.core.journal.unmark_later(&mark, self.core.linger())
                {
                    self.core.stats.marks_without_room.one();
                }
                self.account(|stats| &stats.writes_copied);
            }
            WriteStep::Leave(wait) => match self.mark.take() {
                Some(mark) => {
                    let not_before = self.core.not_before(wait, 0);
                    self.core.journal.leave(&mark, self.touched.as_ref(), not_before, reason);
                    self.account(|stats| &stats.writes_marked);
                }
                None => self.unrecorded(wait),
            },
            WriteStep::Mark | WriteStep::CallAuthority | WriteStep::Refuse | WriteStep::Nothing => {}
        }
        false
    }

    /// A write without a mark that did not end copied. One that may still land is told of again, since a repair of
    /// everything that began meanwhile could miss it.
    fn unrecorded(&mut self, wait: Wait) {
        if matches!(wait, Wait::LateBound(_)) && tokio::runtime::Handle::try_current().is_ok() {
            self.core.write_unrecorded();
        }
        self.account(|stats| &stats.writes_unrecorded);
    }

    /// An applied write ends as exactly one thing.
    fn account(&mut self, counter: impl Fn(&crate::stats::Stats) -> &crate::stats::Counter) {
        if std::mem::take(&mut self.applied) {
            counter(&self.core.stats).one();
            self.core.stats.writes_in_flight.down();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let step = self.write.next(WriteEvent::Abandoned);
        self.end(step, Reason::Abandoned);
        if std::mem::take(&mut self.applied) {
            // Not accounted for above: this shows as an unaccounted write.
            self.core.stats.writes_in_flight.down();
        }
    }
}
