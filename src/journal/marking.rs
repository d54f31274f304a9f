//! Marks: made, removed, left to the reconciler; and what is dirty because of them.

use std::future::{Future, Ready, ready};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
use tokio::sync::oneshot;

use super::error::JournalError;
use super::handle::{Backend, Journal};
use super::limits::{fits, widened};
use super::lingering::MarkBy;
use super::model::{Command, Epoch, Micros, Reason, Reply};
use super::running::{Made, RunningMark};
use crate::data::{Scope, Scopes};
use crate::future::Either;

/// Becomes the mark once it is recorded: at once where nothing has to be waited for.
pub(crate) type Marking = Either<Ready<Result<RunningMark, JournalError>>, Result<RunningMark, JournalError>>;

/// Takes a mark back that was recorded after its caller had gone away.
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
struct Waiting<'a> {
    journal: &'a Journal,
    answer: oneshot::Receiver<Result<RunningMark, JournalError>>,
}

#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.answer.close();
        if let Ok(Ok(mark)) = self.answer.try_recv() {
            self.journal.unmark(&mark);
        }
    }
}

impl Journal {
    /// Whether a read of these scopes may find the stores different; of no scope: whether anything is dirty. The layers ask before
    /// they read the target; no I/O.
    #[must_use]
    pub fn is_dirty(&self, scopes: &[Scope]) -> bool {
        self.0.index.is_dirty(scopes)
    }

    /// Whether a mark stands on everything.
    pub(crate) fn everything_is_dirty(&self) -> bool {
        self.0.index.everything() > 0
    }

    /// How many scopes were marked wider than they were named.
    pub(crate) fn widened(&self) -> u64 {
        self.0.widened.load(Ordering::Relaxed)
    }

    /// Resolves when marks have been removed or left, from the call on.
    pub(crate) fn changed(&self) -> impl Future<Output = ()> + '_ {
        self.0.changed.notified()
    }

    /// Resolves when marks have been left, so that there may be something to repair, from the call on.
    pub(crate) fn left(&self) -> impl Future<Output = ()> + '_ {
        self.0.left.notified()
    }

    /// Everything is dirty from now on, in memory: something could not be recorded.
    pub(crate) fn dirty_everything(&self) {
        self.0.index.add(&Scope::Everything);
    }

    /// Voids the certificate and records the mark on everything that [`dirty_everything`](Self::dirty_everything)
    /// has made before.
    pub(crate) async fn void(&self, not_before: Micros) -> Result<(), JournalError> {
        let (session, everything, now) = (self.session(), self.next_row(), self.now());
        let command = Command::Void { session, everything, not_before, now };
        self.call_then(command, self.forget_merged(&Scope::Everything)).await
    }

    /// Records the marks of a write, dirty before they are durable. What cannot be stored as it is, is widened.
    pub(crate) fn mark(&self, scopes: Scopes, epoch: Epoch) -> Marking {
        self.record(self.name_marked(scopes, MarkBy::Key), epoch)
    }

    pub(super) fn record(&self, mark: RunningMark, epoch: Epoch) -> Marking {
        let mark = RunningMark { epoch, since: self.now(), ..self.numbered(mark) };
        let command = Command::Mark {
            session: self.session(),
            epoch,
            first: mark.first,
            scopes: mark.scopes.clone(),
            now: mark.since,
        };
        match &self.0.backend {
            Backend::Memory(state) => {
                let reply = state.lock().unwrap_or_else(PoisonError::into_inner).apply(&command);
                Marking::direct(ready(self.recorded(mark, Ok(reply))))
            }
            #[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
            Backend::Durable(_) => {
                let journal = self.clone();
                Marking::boxed(async move { journal.mark_durably(mark, command).await })
            }
        }
    }

    /// The command goes on when the caller goes away; the mark is then removed as soon as it is recorded.
    #[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
    async fn mark_durably(&self, mark: RunningMark, command: Command) -> Result<RunningMark, JournalError> {
        let (sender, answer) = oneshot::channel();
        let mut waiting = Waiting { journal: self, answer };
        let journal = self.clone();
        let then = move |reply| {
            if let Err(Ok(unheard)) = sender.send(journal.recorded(mark, reply)) {
                journal.unmark(&unheard);
            }
        };
        self.send(command, then)?;
        (&mut waiting.answer).await.unwrap_or(Err(JournalError::Closed))
    }

    /// A mark that was not recorded is no mark: nothing of a command that failed is done.
    fn recorded(
        &self,
        mark: RunningMark,
        reply: Result<Reply, JournalError>,
    ) -> Result<RunningMark, JournalError> {
        let error = match reply {
            Ok(Reply::Refused(refusal)) => JournalError::Refused(refusal),
            Ok(_) => return Ok(mark),
            Err(error) => error,
        };
        self.forget(mark.dirty());
        if error.ends_the_session() {
            // No write may go on under what was recorded before.
            drop(self.0.standing.close());
        }
        Err(error)
    }

    pub(super) fn prepare(&self, scopes: Scopes) -> RunningMark {
        self.numbered(self.name_marked(scopes, MarkBy::Key))
    }

    /// A mark of these scopes without rows yet, dirty from here on.
    pub(super) fn name_marked(&self, named: Scopes, by: MarkBy) -> RunningMark {
        let (scopes, named) = match by.widened(&named) {
            Some(wide) => (wide, Some(named)),
            None => (named, None),
        };
        let (scopes, widened) = widened(scopes, self.0.index.rows(), &self.0.limits);
        if widened > 0 {
            self.0.widened.fetch_add(widened, Ordering::Relaxed);
        }
        let mark = RunningMark::of(scopes, named);
        mark.dirty().iter().for_each(|scope| self.0.index.add(scope));
        mark
    }

    fn numbered(&self, mark: RunningMark) -> RunningMark {
        let first = self.0.next_row.fetch_add(mark.scopes.len() as u64, Ordering::Relaxed);
        RunningMark { first, ..mark }
    }

    pub(super) fn forget(&self, scopes: &Scopes) {
        scopes.iter().for_each(|scope| self.0.index.remove(scope));
        self.0.changed.notify_waiters();
    }

    /// Removes the mark of a write. Never blocks, works without a runtime.
    pub(crate) fn unmark(&self, mark: &RunningMark) {
        let all = mark.unmark(mark.first, mark.scopes.len() as u64);
        if all.is_none_or(|all| self.send(all, |_| ()).is_ok()) {
            return self.forget(mark.dirty());
        }
        self.dirty_as_recorded(mark);
        for (first, scope) in (mark.first..).zip(&mark.scopes) {
            mark.unmark(first, 1).into_iter().for_each(|one| self.send_later(one, scope));
        }
    }

    /// What its rows name is dirty in place of what the write named: they no longer go with it.
    fn dirty_as_recorded(&self, mark: &RunningMark) {
        if let Some(named) = &mark.named {
            mark.scopes.iter().for_each(|scope| self.0.index.add(scope));
            named.iter().for_each(|scope| self.0.index.remove(scope));
        }
    }

    /// Leaves the mark of a write to the reconciler. Never blocks, works without a runtime. A mark of one row is
    /// narrowed to what the write turned out to have touched, or had named, when that is one scope that can be stored.
    pub(crate) fn leave(
        &self,
        mark: &RunningMark,
        touched: Option<&Scopes>,
        not_before: Micros,
        reason: Reason,
    ) {
        let narrowed = mark.narrowed_to(touched).filter(|narrowed| fits(narrowed, &self.0.limits));
        self.dirty_as_recorded(mark);
        for (first, scope) in (mark.first..).zip(&mark.scopes) {
            let leave = |narrowed: Option<&Scope>| match mark.made {
                Made::Before => {
                    Command::Leave { first, rows: 1, narrowed: narrowed.cloned(), not_before, reason }
                }
                #[cfg(any(feature = "mysql", feature = "postgres"))]
                made => {
                    let inside = (made == Made::Committed).then_some(first);
                    self.leave_inside(inside, narrowed.unwrap_or(scope), not_before, reason)
                }
            };
            if let Some(narrowed) = narrowed {
                self.0.index.add(narrowed);
            }
            if self.send(leave(narrowed), self.when_left(scope, narrowed)).is_err() {
                narrowed.into_iter().for_each(|narrowed| self.0.index.remove(narrowed));
                self.send_later(leave(None), scope);
            }
        }
    }

    /// A callback for a mark that was left: it was merged, or narrowed, or stays as it is.
    fn when_left(
        &self,
        marked: &Scope,
        narrowed: Option<&Scope>,
    ) -> impl FnOnce(Result<Reply, JournalError>) + Send + 'static + use<> {
        let merged = self.forget_merged(narrowed.unwrap_or(marked));
        let (inner, wide) = (Arc::clone(&self.0), narrowed.map(|_| marked.clone()));
        move |reply| {
            if let (Ok(_), Some(wide)) = (&reply, &wide) {
                inner.index.remove(wide);
            }
            merged(reply);
        }
    }

    /// Keeps a command that found the queue full; its scope stays dirty until it is done.
    fn send_later(&self, command: Command, scope: &Scope) {
        if self.0.events.admit() {
            tracing::warn!(%scope, "a mark stays for now: the queue of the journal is full");
        }
        self.0.unsent.lock().unwrap_or_else(PoisonError::into_inner).push((command, scope.clone()));
    }

    /// Does a command that takes rows of one scope out or gives them back, now or as soon as the queue has room.
    pub(super) fn end(&self, command: Command, scope: &Scope) {
        if self.send(command.clone(), self.forget_merged(scope)).is_err() {
            self.send_later(command, scope);
        }
    }

    /// Sends again what found the queue full.
    pub(crate) fn send_unsent(&self) {
        let unsent = std::mem::take(&mut *self.0.unsent.lock().unwrap_or_else(PoisonError::into_inner));
        unsent.into_iter().for_each(|(command, scope)| self.end(command, &scope));
    }

    /// Records a left mark.
    pub(crate) async fn mark_left(
        &self,
        scope: Scope,
        not_before: Micros,
        reason: Reason,
    ) -> Result<(), JournalError> {
        let RunningMark { first: id, scopes, .. } = self.prepare(scope.into());
        for scope in &scopes {
            let (session, now) = (self.session(), self.now());
            let command = Command::MarkLeft { session, id, scope: scope.clone(), not_before, reason, now };
            self.call_then(command, self.left_or_forgotten(scope)).await?;
        }
        Ok(())
    }

    /// A callback for a left mark: merged, or not recorded, it is no row of its own.
    pub(super) fn left_or_forgotten(
        &self,
        scope: &Scope,
    ) -> impl FnOnce(Result<Reply, JournalError>) + Send + 'static + use<> {
        let (inner, scope) = (Arc::clone(&self.0), scope.clone());
        move |reply| {
            let rows = match reply {
                Ok(Reply::Removed(merged)) => merged,
                _ => 1,
            };
            (0..rows).for_each(|_| inner.index.remove(&scope));
            inner.notify_left();
        }
    }

    /// Marks scopes for repair at once in memory, and durably as soon as the journal gets to it. A mark that cannot
    /// be recorded is counted by `unrecorded` and taken off again: the read that asked for it was answered well.
    pub(crate) fn mark_left_soon(
        &self,
        scopes: Scopes,
        reason: Reason,
        unrecorded: impl Fn() + Copy + Send + 'static,
    ) {
        let RunningMark { first, scopes, .. } = self.prepare(scopes);
        for (id, scope) in (first..).zip(&scopes) {
            let (session, now) = (self.session(), self.now());
            let command =
                Command::MarkLeft { session, id, scope: scope.clone(), not_before: now, reason, now };
            let left_or_forgotten = self.left_or_forgotten(scope);
            let then = move |reply: Result<Reply, JournalError>| {
                if reply.is_err() {
                    unrecorded();
                }
                left_or_forgotten(reply);
            };
            drop(self.send(command, then));
        }
        self.0.notify_left();
    }

    /// A callback that takes as many marks off the scope as the journal removed.
    pub(super) fn forget_merged(
        &self,
        scope: &Scope,
    ) -> impl FnOnce(Result<Reply, JournalError>) + Send + 'static + use<> {
        let (inner, scope) = (Arc::clone(&self.0), scope.clone());
        move |reply| {
            if let Ok(Reply::Removed(rows)) = reply {
                (0..rows).for_each(|_| inner.index.remove(&scope));
            }
            inner.notify_left();
        }
    }
}

#[cfg(test)]
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod tests {
    use std::sync::mpsc;

    use tokio_test::task;

    use crate::data::{Key, Scopes};
    use crate::journal::{Command, Fate, Journal, Reason, scripted};

    /// A journal that records a mark when it is let go.
    async fn held() -> (Journal, mpsc::Sender<()>) {
        let (go_on, may_go_on) = mpsc::channel();
        let fate = move |command: &Command| {
            if matches!(command, Command::Mark { .. }) {
                // The writer's thread: nothing else waits on it.
                may_go_on.recv().unwrap();
            }
            Fate::Done
        };
        let journal = scripted(fate).await;
        journal.open_session(std::time::Duration::ZERO, false).await.unwrap();
        (journal, go_on)
    }

    fn scopes() -> Scopes {
        Key::new(&1, &1).into()
    }

    #[tokio::test]
    async fn whoever_repairs_is_told_of_marks_that_are_left_and_not_of_writes_that_end_well() {
        let journal = Journal::memory();
        journal.open_session(std::time::Duration::ZERO, false).await.unwrap();
        let (mut left, mut changed) = (task::spawn(journal.left()), task::spawn(journal.changed()));
        tokio_test::assert_pending!(left.poll());
        tokio_test::assert_pending!(changed.poll());
        let mark = journal.mark(scopes(), 1).await.unwrap();
        journal.unmark(&mark);
        tokio_test::assert_ready!(changed.poll());
        tokio_test::assert_pending!(left.poll());
        let mark = journal.mark(scopes(), 1).await.unwrap();
        journal.leave(&mark, None, 0, Reason::UnknownWrite);
        tokio_test::assert_ready!(left.poll());
    }

    #[tokio::test]
    async fn a_mark_of_a_read_that_cannot_be_recorded_is_counted_and_taken_off() {
        let (fail, may_fail) = mpsc::channel();
        let fate = move |command: &Command| match command {
            Command::MarkLeft { .. } => {
                // The writer's thread: nothing else waits on it.
                may_fail.recv().unwrap();
                Fate::NotDone
            }
            _ => Fate::Done,
        };
        let journal = scripted(fate).await;
        let (tell, told) = mpsc::channel();
        let tell: &'static mpsc::Sender<()> = Box::leak(Box::new(tell));
        journal.mark_left_soon(scopes(), Reason::Read, || tell.send(()).unwrap());
        assert!(journal.is_dirty(scopes().as_slice()), "at once");
        fail.send(()).unwrap();
        told.recv().unwrap();
        assert_nothing_is_marked(&journal).await;
    }

    async fn assert_nothing_is_marked(journal: &Journal) {
        // Queued behind the mark and its removal.
        for _ in 0..2 {
            journal.status().await.unwrap();
        }
        assert_eq!((journal.status().await.unwrap().marks.total(), journal.marks()), (0, 0));
    }

    #[tokio::test]
    async fn a_mark_that_is_recorded_after_its_caller_has_gone_away_is_taken_back() {
        let (journal, go_on) = held().await;
        let mut mark = task::spawn(journal.mark(scopes(), 1));
        tokio_test::assert_pending!(mark.poll());
        drop(mark);
        go_on.send(()).unwrap();
        assert_nothing_is_marked(&journal).await;
    }

    #[tokio::test]
    async fn a_mark_whose_caller_goes_away_before_it_looks_at_the_answer_is_taken_back() {
        let (journal, go_on) = held().await;
        let mut mark = task::spawn(journal.mark(scopes(), 1));
        tokio_test::assert_pending!(mark.poll());
        go_on.send(()).unwrap();
        assert_eq!(journal.status().await.unwrap().marks.running, 1);
        drop(mark);
        assert_nothing_is_marked(&journal).await;
    }
}
