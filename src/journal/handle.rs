//! The journal as the rest of the crate uses it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::clock::{Clock, Stamps, Taken, micros};
use super::error::JournalError;
use super::index::DirtyIndex;
use super::limits::{Limits, widened};
use super::model::{
    AuditEntry, ClaimId, ClaimedMark, Command, Epoch, JournalStatus, Mark, MarkId, Micros, Opened, Reason,
    Reply,
};
use super::state::JournalState;
#[cfg(feature = "sqlite")]
use super::writer::{ReplyTo, Writer};
use crate::data::{Scope, Scopes, Stamp};

/// The durable state of one migration: stage and epoch, session, marks, claims, fill progress, certificate, ids and
/// the audit log.
///
/// A clone is another handle to the same journal. Marks also live in memory, where they make their keys dirty.
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    backend: Backend,
    index: DirtyIndex,
    limits: Limits,
    clock: Clock,
    stamps: Stamps,
    session: AtomicU64,
    next_row: AtomicU64,
    next_claim: AtomicU64,
    /// Commands that found the queue full. Each takes a row out or gives it back, so there are no more than rows.
    unsent: Mutex<Vec<(Command, Scope)>>,
    /// Told whenever a row is removed, for whoever waits until none is left, or is added, for the reconciler.
    changed: Notify,
}

enum Backend {
    Memory(Box<Mutex<JournalState>>),
    #[cfg(feature = "sqlite")]
    Durable(Writer),
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let backend = match self.0.backend {
            Backend::Memory(_) => "memory",
            #[cfg(feature = "sqlite")]
            Backend::Durable(_) => "durable",
        };
        f.debug_struct("Journal")
            .field("backend", &backend)
            .field("marks", &self.marks())
            .finish_non_exhaustive()
    }
}

impl Journal {
    /// A journal that ends with the process: for tests and trials.
    #[must_use]
    pub fn memory() -> Self {
        Self::new(Backend::Memory(Box::default()), Limits::default())
    }

    /// Opens the journal that the URL names, and creates it when there is none: `memory:`, or `sqlite:FILE` with
    /// the feature `sqlite`.
    ///
    /// # Errors
    /// When another process has it open, it was written by a newer release, is damaged, or cannot be reached.
    pub async fn open(url: &str) -> Result<Self, JournalError> {
        Self::open_with(url, Limits::default()).await
    }

    /// As [`open`](Self::open), with limits of your own.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with(url: &str, limits: Limits) -> Result<Self, JournalError> {
        if url.starts_with("memory:") {
            return Ok(Self::new(Backend::Memory(Box::default()), limits));
        }
        #[cfg(feature = "sqlite")]
        if let Some(file) = super::sqlite::file_of(url) {
            return Self::durable(super::sqlite::open(file).await?, limits).await;
        }
        Err(JournalError::UnknownUrl { url: url.to_owned() })
    }

    /// The journal behind this writer; every mark that stands is dirty at once.
    #[cfg(feature = "sqlite")]
    pub(super) async fn durable(writer: Writer, limits: Limits) -> Result<Self, JournalError> {
        let journal = Self::new(Backend::Durable(writer), limits);
        let scopes = match journal.call(Command::ListScopes).await? {
            Reply::Scopes(scopes) => scopes,
            other => return Err(unexpected(&other)),
        };
        scopes.iter().for_each(|(_, scope)| journal.0.index.add(scope));
        // Marks that are made before a session opens have rows of session 0, above those that stand already.
        let rows = scopes.into_iter().map(|(row, _)| row).filter(|row| *row < 1 << 40);
        journal.0.next_row.store(rows.max().map_or(1, |row| row + 1), Ordering::SeqCst);
        Ok(journal)
    }

    fn new(backend: Backend, limits: Limits) -> Self {
        Self(Arc::new(Inner {
            backend,
            index: DirtyIndex::default(),
            limits,
            clock: Clock::new(),
            stamps: Stamps::default(),
            session: AtomicU64::new(0),
            next_row: AtomicU64::new(1),
            next_claim: AtomicU64::new(1),
            unsent: Mutex::default(),
            changed: Notify::new(),
        }))
    }

    // ---- what operators ask ----

    /// What the journal knows beside the marks themselves.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn status(&self) -> Result<JournalStatus, JournalError> {
        match self.call(Command::Status).await? {
            Reply::Status(status) => Ok(*status),
            other => Err(unexpected(&other)),
        }
    }

    /// How many marks stand, dead letters included; 0 means that no key is dirty.
    #[must_use]
    pub fn marks(&self) -> u64 {
        self.0.index.rows()
    }

    /// Marks that are no longer retried by themselves, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the journal cannot be reached.
    pub async fn dead_letters(&self, limit: u64) -> Result<Vec<Mark>, JournalError> {
        match self.call(Command::ListDead { limit }).await? {
            Reply::Marks(marks) => Ok(marks.into_iter().map(|(_, mark)| mark).collect()),
            other => Err(unexpected(&other)),
        }
    }

    /// Gives every dead letter to the reconciler again.
    ///
    /// # Errors
    /// When the journal cannot be reached.
    pub async fn retry_dead_letters(&self) -> Result<(), JournalError> {
        let letters = self.dead_letters(u64::MAX).await?;
        for letter in letters {
            let command = Command::RetryDead { scope: letter.scope.clone(), now: self.now() };
            self.call_then(command, self.forget_merged(&letter.scope)).await?;
        }
        Ok(())
    }

    /// Marks a scope for repair: for a writer that does not go through crossfade, after it wrote.
    ///
    /// # Errors
    /// When the journal cannot record it.
    pub async fn mark_for_repair(&self, scope: Scope) -> Result<(), JournalError> {
        self.mark_left(scope, 0, Reason::Asked).await
    }

    /// The newest lines of the audit log, newest first.
    ///
    /// # Errors
    /// When the journal cannot be reached.
    pub async fn audit_log(&self, limit: u64) -> Result<Vec<AuditEntry>, JournalError> {
        match self.call(Command::ListAudit { limit }).await? {
            Reply::AuditLog(lines) => Ok(lines),
            other => Err(unexpected(&other)),
        }
    }

    // ---- session, clock, stamps ----

    pub(crate) async fn open_session(
        &self,
        late_bound: Duration,
        continues_unrecorded: bool,
    ) -> Result<Opened, JournalError> {
        let command = Command::Open { now: self.now(), late_bound: micros(late_bound), continues_unrecorded };
        let Reply::Opened(opened) = self.call(command).await? else {
            return Err(JournalError::Closed);
        };
        self.0.session.store(opened.session, Ordering::SeqCst);
        // Row 0 of a session is the mark on everything that an unclean end may have left.
        self.0.next_row.store((opened.session << 40) + 1, Ordering::SeqCst);
        self.0.next_claim.store((opened.session << 40) + 1, Ordering::SeqCst);
        self.0.stamps.resume(opened.status.reserved_stamp);
        if opened.voided {
            self.dirty_everything();
        }
        Ok(*opened)
    }

    /// Ends the session and the writer: every queued command is done before.
    ///
    /// # Errors
    /// When the journal cannot record the end of the session; the next one then finds an unclean end.
    pub(crate) async fn close(&self) -> Result<(), JournalError> {
        let ended = self.call(Command::Close { session: self.session() }).await.map(drop);
        #[cfg(feature = "sqlite")]
        if let Backend::Durable(writer) = &self.0.backend {
            writer.close().await;
        }
        ended
    }

    pub(crate) fn session(&self) -> u64 {
        self.0.session.load(Ordering::SeqCst)
    }

    /// A row for a mark that a command makes itself.
    pub(crate) fn next_row(&self) -> MarkId {
        self.0.next_row.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn now(&self) -> Micros {
        self.0.clock.now()
    }

    pub(crate) fn stamps(&self) -> &Stamps {
        &self.0.stamps
    }

    /// The next stamp; waits for a durable reservation about once a second.
    pub(crate) async fn stamp(&self) -> Result<Stamp, JournalError> {
        loop {
            match self.0.stamps.take(self.now()) {
                Taken::Stamp { stamp, reserve } => {
                    if let Some(upto) = reserve {
                        self.reserve_soon(upto);
                    }
                    return Ok(stamp);
                }
                Taken::ReserveFirst(upto) => {
                    self.call(Command::ReserveStamps { upto }).await?;
                    self.0.stamps.reserved(upto);
                }
            }
        }
    }

    fn reserve_soon(&self, upto: Micros) {
        let inner = Arc::clone(&self.0);
        let reserved = move |reply: Result<Reply, JournalError>| {
            if reply.is_ok() {
                inner.stamps.reserved(upto);
            }
        };
        // When the queue is full the next stamp but a few waits for its reservation instead.
        drop(self.send(Command::ReserveStamps { upto }, reserved));
    }

    // ---- marks ----

    /// Whether a read of these scopes may find the stores different; of no scope: whether anything is dirty.
    pub(crate) fn is_dirty(&self, scopes: &[Scope]) -> bool {
        self.0.index.is_dirty(scopes)
    }

    /// Whether a mark stands on everything.
    pub(crate) fn everything_is_dirty(&self) -> bool {
        self.0.index.everything() > 0
    }

    /// Resolves when marks have been added or removed.
    pub(crate) fn changed(&self) -> impl Future<Output = ()> + '_ {
        self.0.changed.notified()
    }

    /// Everything is dirty from now on, in memory: something could not be recorded.
    pub(crate) fn dirty_everything(&self) {
        self.0.index.add(&Scope::Everything);
    }

    /// The scope is dirty until the guard is dropped, with no mark in the journal.
    pub(crate) fn dirty_while(&self, scope: Scope) -> DirtyWhile {
        self.0.index.add(&scope);
        DirtyWhile { journal: self.clone(), scope }
    }

    /// Records the marks of a write, dirty before they are durable. What cannot be stored as it is, is widened.
    pub(crate) async fn mark(&self, scopes: Scopes, epoch: Epoch) -> Result<RunningMark, JournalError> {
        let mark = self.prepare(scopes);
        let command = Command::Mark {
            session: self.session(),
            epoch,
            first: mark.first,
            scopes: mark.scopes.as_slice().to_vec(),
            now: self.now(),
        };
        match &self.0.backend {
            Backend::Memory(_) => self.recorded(mark, self.call(command).await),
            #[cfg(feature = "sqlite")]
            Backend::Durable(_) => self.mark_durably(mark, command).await,
        }
    }

    /// The command goes on when the caller goes away; the mark is then removed as soon as it is recorded.
    #[cfg(feature = "sqlite")]
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
        self.forget(mark.scopes.as_slice());
        Err(error)
    }

    fn prepare(&self, scopes: Scopes) -> RunningMark {
        let scopes = widened(scopes, self.0.index.rows(), &self.0.limits);
        scopes.iter().for_each(|scope| self.0.index.add(scope));
        let first = self.0.next_row.fetch_add(scopes.len() as u64, Ordering::Relaxed);
        RunningMark { first, scopes }
    }

    fn forget(&self, scopes: &[Scope]) {
        scopes.iter().for_each(|scope| self.0.index.remove(scope));
        self.0.changed.notify_waiters();
    }

    /// Removes the mark of a write. Never blocks, works without a runtime.
    pub(crate) fn unmark(&self, mark: &RunningMark) {
        let command = Command::Unmark { first: mark.first, rows: mark.scopes.len() as u64 };
        match self.send(command, |_| ()) {
            Ok(()) => self.forget(mark.scopes.as_slice()),
            Err(_) => (mark.first..).zip(&mark.scopes).for_each(|(first, scope)| {
                self.send_later(Command::Unmark { first, rows: 1 }, scope);
            }),
        }
    }

    /// Leaves the mark of a write to the reconciler. Never blocks, works without a runtime. A mark of one row is
    /// narrowed to what the write turned out to have touched, when that is one scope.
    pub(crate) fn leave(
        &self,
        mark: &RunningMark,
        touched: Option<&Scopes>,
        not_before: Micros,
        reason: Reason,
    ) {
        let narrowed = touched.and_then(|touched| mark.narrowed_to(touched));
        for (first, scope) in (mark.first..).zip(&mark.scopes) {
            let command = Command::Leave { first, rows: 1, narrowed: narrowed.cloned(), not_before, reason };
            if let Some(narrowed) = narrowed {
                self.0.index.add(narrowed);
            }
            if self.send(command, self.left(scope, narrowed)).is_err() {
                narrowed.into_iter().for_each(|narrowed| self.0.index.remove(narrowed));
                let command = Command::Leave { first, rows: 1, narrowed: None, not_before, reason };
                self.send_later(command, scope);
            }
        }
    }

    /// A callback for a mark that was left: it was merged, or narrowed, or stays as it is.
    fn left(
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
        tracing::warn!(%scope, "a mark stays for now: the queue of the journal is full");
        self.0.unsent.lock().unwrap_or_else(PoisonError::into_inner).push((command, scope.clone()));
    }

    /// Does a command that takes rows of one scope out or gives them back, now or as soon as the queue has room.
    fn end(&self, command: Command, scope: &Scope) {
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
        let RunningMark { first: id, scopes } = self.prepare(scope.into());
        for scope in &scopes {
            let (session, now) = (self.session(), self.now());
            let command = Command::MarkLeft { session, id, scope: scope.clone(), not_before, reason, now };
            self.call_then(command, self.left_or_forgotten(scope)).await?;
        }
        Ok(())
    }

    /// A callback for a left mark: merged, or not recorded, it is no row of its own.
    fn left_or_forgotten(
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
            inner.changed.notify_waiters();
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
        let RunningMark { first, scopes } = self.prepare(scopes);
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
        self.0.changed.notify_waiters();
    }

    // ---- claims ----

    pub(crate) async fn claim(&self, request: ClaimRequest) -> Result<Claim, JournalError> {
        let claim = self.0.next_claim.fetch_add(1, Ordering::Relaxed);
        let now = self.now();
        let command = Command::Claim {
            session: self.session(),
            epoch: request.epoch,
            claim,
            now,
            lease_until: now + micros(request.lease),
            late_bound: micros(request.late_bound),
            limit: request.limit,
            everything: request.everything,
        };
        match self.call(command).await? {
            Reply::Claimed(marks) => Ok(Claim { claim, marks }),
            Reply::Refused(refusal) => Err(JournalError::Refused(refusal)),
            other => Err(unexpected(&other)),
        }
    }

    /// Removes claimed marks of one scope.
    pub(crate) fn clear(&self, claim: ClaimId, scope: &Scope, ids: Vec<MarkId>) {
        self.end(Command::Clear { claim, ids }, scope);
    }

    /// Gives claimed marks of one scope back.
    pub(crate) fn give_back(
        &self,
        claim: ClaimId,
        scope: &Scope,
        ids: Vec<MarkId>,
        not_before: Micros,
        failed: bool,
    ) {
        self.end(Command::GiveBack { claim, ids, not_before, failed }, scope);
    }

    /// Makes dead letters of claimed marks.
    pub(crate) fn bury(&self, claim: ClaimId, scope: &Scope, ids: Vec<MarkId>) {
        self.end(Command::Bury { claim, ids }, scope);
    }

    /// A callback that takes as many marks off the scope as the journal removed.
    fn forget_merged(
        &self,
        scope: &Scope,
    ) -> impl FnOnce(Result<Reply, JournalError>) + Send + 'static + use<> {
        let (inner, scope) = (Arc::clone(&self.0), scope.clone());
        move |reply| {
            if let Ok(Reply::Removed(rows)) = reply {
                (0..rows).for_each(|_| inner.index.remove(&scope));
            }
            inner.changed.notify_waiters();
        }
    }

    // ---- the way to the backend ----

    /// Does a command and waits until it is durable.
    pub(crate) async fn call(&self, command: Command) -> Result<Reply, JournalError> {
        match &self.0.backend {
            Backend::Memory(state) => {
                Ok(state.lock().unwrap_or_else(PoisonError::into_inner).apply(&command))
            }
            #[cfg(feature = "sqlite")]
            Backend::Durable(writer) => writer.call(command).await,
        }
    }

    /// Hands a command over and comes back at once; `then` runs when it is durable, or failed, also when it could not
    /// be handed over.
    fn send(
        &self,
        command: Command,
        then: impl FnOnce(Result<Reply, JournalError>) + Send + 'static,
    ) -> Result<(), JournalError> {
        match &self.0.backend {
            Backend::Memory(state) => {
                let reply = state.lock().unwrap_or_else(PoisonError::into_inner).apply(&command);
                then(Ok(reply));
                Ok(())
            }
            #[cfg(feature = "sqlite")]
            Backend::Durable(writer) => writer.try_send(command, ReplyTo::Callback(Box::new(then))),
        }
    }

    /// Does a command and waits until it is durable; `then` runs also when the caller has gone away by then.
    async fn call_then(
        &self,
        command: Command,
        then: impl FnOnce(Result<Reply, JournalError>) + Send + 'static,
    ) -> Result<(), JournalError> {
        let (sender, answer) = oneshot::channel();
        let told = move |reply: Result<Reply, JournalError>| {
            let done = reply.as_ref().map(drop).map_err(Clone::clone);
            then(reply);
            // Whoever has gone away no longer wants to know.
            drop(sender.send(done));
        };
        self.send(command, told)?;
        answer.await.unwrap_or(Err(JournalError::Closed))
    }

    /// Does a command that gives nothing back.
    pub(crate) async fn done(&self, command: Command) -> Result<(), JournalError> {
        match self.call(command).await? {
            Reply::Refused(refusal) => Err(JournalError::Refused(refusal)),
            _ => Ok(()),
        }
    }
}

/// The mark of a write that runs: its rows and their scopes.
#[derive(Debug)]
pub(crate) struct RunningMark {
    pub(crate) first: MarkId,
    pub(crate) scopes: Scopes,
}

impl RunningMark {
    /// The one scope that was touched, when this one row names more.
    fn narrowed_to<'a>(&self, touched: &'a Scopes) -> Option<&'a Scope> {
        match (self.scopes.as_slice(), touched.as_slice()) {
            ([marked], [touched]) if marked != touched => Some(touched),
            _ => None,
        }
    }
}

/// Makes a scope dirty while it lives.
#[derive(Debug)]
pub(crate) struct DirtyWhile {
    journal: Journal,
    scope: Scope,
}

impl Drop for DirtyWhile {
    fn drop(&mut self) {
        self.journal.forget(std::slice::from_ref(&self.scope));
    }
}

/// Takes a mark back that was recorded after its caller had gone away.
#[cfg(feature = "sqlite")]
struct Waiting<'a> {
    journal: &'a Journal,
    answer: oneshot::Receiver<Result<RunningMark, JournalError>>,
}

#[cfg(feature = "sqlite")]
impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.answer.close();
        if let Ok(Ok(mark)) = self.answer.try_recv() {
            self.journal.unmark(&mark);
        }
    }
}

/// What a repair asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClaimRequest {
    pub(crate) epoch: Epoch,
    pub(crate) lease: Duration,
    pub(crate) late_bound: Duration,
    pub(crate) limit: u64,
    pub(crate) everything: bool,
}

/// Marks in the hands of a repair.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) claim: ClaimId,
    pub(crate) marks: Vec<ClaimedMark>,
}

pub(crate) fn unexpected(reply: &Reply) -> JournalError {
    JournalError::Io { path: "journal".into(), detail: format!("answered {reply:?} to another command") }
}
