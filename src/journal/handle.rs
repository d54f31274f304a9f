//! The journal as the rest of the crate uses it.

use std::fmt;
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
use std::sync::atomic::Ordering;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::clock::{Clock, Stamps};
use super::error::JournalError;
use super::index::DirtyIndex;
use super::limits::Limits;
use super::lingering::Standing;
use super::model::{AuditEntry, Command, JournalStatus, Mark, Reason, Reply};
use super::state::JournalState;
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
use super::writer::{ReplyTo, Writer};
use crate::data::Scope;
use crate::per_second::PerSecond;

/// The durable state of one migration: stage and epoch, session, marks, claims, fill progress, certificate, ids and
/// the audit log.
///
/// A clone is another handle to the same journal. Marks also live in memory, where they make their keys dirty.
#[derive(Clone)]
pub struct Journal(pub(super) Arc<Inner>);

/// What all handles share.
pub(super) struct Inner {
    pub(super) backend: Backend,
    pub(super) index: DirtyIndex,
    /// Rows that are in the journal and not in the index: their writes have ended.
    pub(super) standing: Standing,
    pub(super) limits: Limits,
    pub(super) clock: Clock,
    pub(super) stamps: Stamps,
    pub(super) session: AtomicU64,
    /// Whether a session of this process is open.
    pub(super) session_open: AtomicBool,
    /// Whether somebody takes ids from it.
    pub(super) gives_ids: AtomicBool,
    /// The file, or `memory`: tells migrations apart in logs.
    pub(super) name: Box<str>,
    /// When the session of this process was opened, in microseconds.
    pub(super) opened: AtomicI64,
    /// Where its tables are, when they are in reach of the service's transactions.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(super) place: std::sync::OnceLock<super::inside::Place>,
    pub(super) next_row: AtomicU64,
    pub(super) next_claim: AtomicU64,
    pub(super) widened: AtomicU64,
    /// Commands that found the queue full. Each takes a row out or gives it back, so there are no more than rows.
    pub(super) unsent: Mutex<Vec<(Command, Scope)>>,
    /// Told whenever a row is removed, or is left: for whoever waits until none stands.
    pub(super) changed: Notify,
    /// Told whenever a row is left, or may have been: for the reconciler. A write that ends well is no work for it.
    pub(super) left: Notify,
    /// For what a full queue repeats.
    pub(super) events: PerSecond,
}

impl Inner {
    /// There may be something to repair, or nothing that stands any more.
    pub(super) fn notify_left(&self) {
        self.left.notify_waiters();
        self.changed.notify_waiters();
    }
}

pub(super) enum Backend {
    Memory(Box<Mutex<JournalState>>),
    #[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
    Durable(Writer),
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let backend = match self.0.backend {
            Backend::Memory(_) => "memory",
            #[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
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
        Self::new(Backend::Memory(Box::default()), Limits::default(), "memory")
    }

    /// Opens the journal that the URL names, and creates it when there is none: `memory:`, `sqlite:FILE` with the feature
    /// `sqlite`, `mysql://USER@HOST/DATABASE` with the feature `mysql`, or `postgres://USER@HOST/DATABASE` with the feature
    /// `postgres`. [The page of the module](crate::journal) says what each needs.
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
            return Ok(Self::new(Backend::Memory(Box::default()), limits, "memory"));
        }
        #[cfg(feature = "sqlite")]
        if let Some(file) = super::sqlite::file_of(url) {
            let name = file.display().to_string();
            return Self::durable(super::sqlite::open(file, limits).await?, limits, &name).await;
        }
        #[cfg(any(feature = "mysql", feature = "postgres"))]
        if super::server::is_server(url) {
            let (writer, name, place) = super::server::open(url).await?;
            let journal = Self::durable(writer, super::server::limits_of(url, limits), &name).await?;
            journal.0.place.get_or_init(|| place);
            return Ok(journal);
        }
        Err(JournalError::UnknownUrl { url: super::error::without_user(url) })
    }

    /// The journal behind this writer; every mark that stands is dirty at once.
    #[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
    pub(super) async fn durable(writer: Writer, limits: Limits, name: &str) -> Result<Self, JournalError> {
        let journal = Self::new(Backend::Durable(writer), limits, name);
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

    fn new(backend: Backend, limits: Limits, name: &str) -> Self {
        Self(Arc::new(Inner {
            backend,
            name: name.into(),
            index: DirtyIndex::default(),
            standing: Standing::default(),
            limits,
            clock: Clock::new(),
            stamps: Stamps::default(),
            session: AtomicU64::new(0),
            session_open: AtomicBool::new(false),
            gives_ids: AtomicBool::new(false),
            opened: AtomicI64::new(0),
            #[cfg(any(feature = "mysql", feature = "postgres"))]
            place: std::sync::OnceLock::new(),
            next_row: AtomicU64::new(1),
            next_claim: AtomicU64::new(1),
            widened: AtomicU64::new(0),
            unsent: Mutex::default(),
            changed: Notify::new(),
            left: Notify::new(),
            events: PerSecond::new(1),
        }))
    }

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

    /// How many marks stand, dead letters included; 0 means that no key is dirty. Rows that were kept for writes that
    /// follow (`writes.linger`) make nothing dirty and do not count.
    #[must_use]
    pub fn marks(&self) -> u64 {
        self.0.index.rows()
    }

    /// How many rows of marks stand: [`marks`](Self::marks), and those that were kept for writes that follow. After a crash all
    /// of them are repaired.
    #[must_use]
    pub fn mark_rows(&self) -> u64 {
        self.0.index.rows() + self.0.standing.rows() as u64
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

    /// Gives every dead letter to the reconciler again; one whose last copy may still land is repaired when it no
    /// longer can.
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

    /// Does a command and waits until it is durable.
    pub(crate) async fn call(&self, command: Command) -> Result<Reply, JournalError> {
        match &self.0.backend {
            Backend::Memory(state) => {
                Ok(state.lock().unwrap_or_else(PoisonError::into_inner).apply(&command))
            }
            #[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
            Backend::Durable(writer) => writer.call(command).await,
        }
    }

    /// Hands a command over and comes back at once; `then` runs when it is durable, or failed, also when it could not
    /// be handed over.
    #[cfg_attr(
        not(any(feature = "sqlite", feature = "mysql", feature = "postgres")),
        allow(clippy::needless_pass_by_value, reason = "a durable journal queues it")
    )]
    pub(super) fn send(
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
            #[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
            Backend::Durable(writer) => writer.try_send(command, ReplyTo::Callback(Box::new(then))),
        }
    }

    /// Does a command and waits until it is durable; `then` runs also when the caller has gone away by then.
    pub(super) async fn call_then(
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

pub(crate) fn unexpected(reply: &Reply) -> JournalError {
    JournalError::Io { path: "journal".into(), detail: format!("answered {reply:?} to another command") }
}
