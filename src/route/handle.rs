//! The one place that changes where requests go.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, Notify, Semaphore};

use super::config::{ConfigError, JournalUnavailable, RoutingConfig};
use super::core::{Core, Snapshot};
use super::gate::Gate;
use super::handover::{Handover, LegacyIds};
use super::reloads::Reloads;
use super::target_writes::WithoutTargetWrites;
use super::unrecorded::Unrecorded;
use super::wanted::Wanted;
use crate::journal::{IdBlocks, Journal, JournalError, JournalStatus, Opened, micros};
use crate::per_second::PerSecond;
use crate::stage::{Stage, Store};
use crate::stats::{Stats, StatsSnapshot};

/// How many copies and writes may go on at once without a caller. A copy that finds no room stays a mark.
pub const COPIES_IN_BACKGROUND_MAX: usize = 1_024;

/// How many events a second say that a copy or a write was given up; the rest is counted only.
const EVENTS_MAX: u32 = 5;

/// Swaps the routing of one migration while requests run. A copy is the same handle.
///
/// One handle a migration for the life of the process: what it points to is leaked on purpose, since nothing then
/// has to be counted on the path of a request. [`close`](Self::close) ends the migration in order.
#[derive(Clone, Copy)]
pub struct RoutingHandle(pub(crate) &'static Core);

/// Who asks for a change, and why: both go to the audit log with a stage move, and with a config that
/// [`configure`](RoutingHandle::configure) puts in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub(crate) by: String,
    pub(crate) because: String,
    pub(crate) force: bool,
}

impl Asked {
    /// Asked by a person or a program, for a reason.
    #[must_use]
    pub fn by(who: impl Into<String>, because: impl Into<String>) -> Self {
        Self { by: who.into(), because: because.into(), force: false }
    }

    /// Moves also without the certificate. At risk is every record that the target was never given: reads that go
    /// to the target then miss it.
    ///
    /// The move to `complete` is then made also when marks do not go while writes are held, because legacy is down or
    /// a dead letter stands. At risk is what legacy is worth afterwards: it stays different where marks stand. They
    /// stay in the journal, and the audit log says how many there were.
    #[must_use]
    pub fn with_force(self) -> Self {
        Self { force: true, ..self }
    }
}

/// Why a migration cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The config cannot be meant.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The config names a stage that the committed one cannot move to.
    #[error("the config asks for stage {asked}, the journal has {committed} committed, which can move to: {}", legal(*.committed))]
    Illegal {
        /// The committed stage.
        committed: Stage,
        /// The stage that the config names.
        asked: Stage,
    },
}

/// Why a swap was refused or given up. The old config goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwapError {
    /// The config cannot be meant.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The committed stage cannot move there.
    #[error("stage {from} cannot move to {to}; it can move to: {}", legal(*.from))]
    Illegal {
        /// The committed stage.
        from: Stage,
        /// The stage asked for.
        to: Stage,
    },
    /// The target was not filled, or something went unrecorded since.
    #[error("stage {to} needs the certificate: run the fill to its end, or force the move and say why")]
    NoCertificate {
        /// The stage asked for.
        to: Stage,
    },
    /// A forced move without a reason.
    #[error("a forced move to {to} needs a reason for the audit log")]
    NoReason {
        /// The stage asked for.
        to: Stage,
    },
    /// Dead letters block a change of the authority, and the move to `complete`.
    #[error(
        "{letters} dead letters block the move to {to}: see Journal::dead_letters, then Journal::retry_dead_letters"
    )]
    DeadLetters {
        /// The stage asked for.
        to: Stage,
        /// How many.
        letters: u64,
    },
    /// Writes were held as long as they may be; the old stage stays.
    #[error("the move to {to} was given up after {held:?} of holding writes: {what}")]
    HoldRanOut {
        /// The stage asked for.
        to: Stage,
        /// How long writes were held.
        held: Duration,
        /// What it was still waiting for.
        what: String,
    },
    /// The ids could not be handed over; the old stage stays.
    #[error("the move to {to} was given up: the ids could not be handed over: {reason}")]
    Ids {
        /// The stage asked for.
        to: Stage,
        /// What the store or the journal said.
        reason: String,
    },
    /// Some way in has no write code for the target, which would be the authority. Not even force moves there: each of
    /// its writes would be refused.
    #[error(
        "{without} cannot write to the target, which decides in {to}: build it with `records` or `functions` in place \
         of `records_before_ramp_down` or `functions_before_ramp_down`"
    )]
    NoTargetWrites {
        /// The stage asked for.
        to: Stage,
        /// The names of those without.
        without: String,
    },
    /// A store, or what hands the ids over, panicked while it was asked; the old stage stays.
    #[error(
        "the move was given up: the clock of a store or the handover of ids panicked, see the log of the process"
    )]
    Panicked,
    /// The migration was closed, or its runtime is gone.
    #[error("the migration is closed")]
    Closed,
}

fn legal(from: Stage) -> String {
    let names: Vec<&str> = from.legal_moves().map(Stage::as_str).collect();
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

impl RoutingHandle {
    /// Opens a session in the journal and begins to route in the committed stage. Once for each journal and process.
    ///
    /// The stage of the config is a wish: opening never moves the committed stage. A wish that is a legal move is
    /// logged; ask for it with [`swap`](Self::swap). One that is not is an error, so that nobody believes to be where the
    /// file says; [`resume`](Self::resume) has no wish.
    ///
    /// # Errors
    /// When the config cannot be meant, the journal cannot be used, or the wish is no legal move from the committed
    /// stage.
    pub async fn open(journal: &Journal, config: RoutingConfig) -> Result<Self, OpenError> {
        config.check()?;
        let committed = journal.status().await?.stage;
        check_wish(committed, config.stage)?;
        let continues = config.writes.journal_unavailable == JournalUnavailable::Continue;
        // A process that has lost the session without knowing may write under marks that stand for so long.
        let late_bound = config.late_bound.longest() + config.writes.linger;
        let opened = journal.open_session(late_bound, continues).await?;
        report(journal.name(), &opened);
        Ok(Self(Box::leak(Box::new(Core::open(journal.clone(), config, &opened)))))
    }

    /// As [`open`](Self::open), in the committed stage whatever stage the config names: for a config that stands in the code,
    /// or has been there since the migration began.
    ///
    /// # Errors
    /// When the config cannot be meant, or the journal cannot be used.
    pub async fn resume(journal: &Journal, mut config: RoutingConfig) -> Result<Self, OpenError> {
        config.stage = journal.status().await?.stage;
        Self::open(journal, config).await
    }

    /// The config that requests are planned by, with the committed stage.
    #[must_use]
    pub fn config(&self) -> RoutingConfig {
        self.0.snapshot.load().config.clone()
    }

    /// The committed stage.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.0.stage()
    }

    /// The journal of this migration.
    #[must_use]
    pub const fn journal(&self) -> &'static Journal {
        let core = self.0;
        &core.journal
    }

    /// What was counted since the migration was opened.
    #[must_use]
    pub fn stats(&self) -> StatsSnapshot {
        self.0.counted()
    }

    /// What the journal knows: stage, marks, fill, certificate.
    ///
    /// # Errors
    /// When the journal cannot be reached.
    pub async fn status(&self) -> Result<JournalStatus, JournalError> {
        self.0.journal.status().await
    }

    /// Puts another config in force, moving the committed stage when it names another one. The next request sees it.
    ///
    /// The answer is a [`Drained`], which can be awaited to know that nothing planned under an older config runs.
    /// The swap itself goes on when the caller of this function goes away.
    ///
    /// # Errors
    /// Refused whole when the config cannot be meant or the move is not legal; given up, the old config kept, when
    /// a change of the authority, or the move to `complete`, takes longer than `hold.max`.
    pub async fn swap(&self, config: RoutingConfig) -> Result<Drained, SwapError> {
        self.swap_as(config, Asked::by("code", "swap")).await
    }

    /// As [`swap`](Self::swap), saying who asks and why. The audit log gets a line about a stage that moved, and one about
    /// which settings changed, without their values.
    ///
    /// # Errors
    /// As [`swap`](Self::swap).
    pub async fn swap_as(&self, config: RoutingConfig, asked: Asked) -> Result<Drained, SwapError> {
        self.put_audited(Wanted::Config(config.clone()), &config, asked).await
    }

    /// Moves to a stage with the present config otherwise.
    ///
    /// # Errors
    /// As [`swap`](Self::swap).
    pub async fn move_to(&self, stage: Stage, asked: Asked) -> Result<Drained, SwapError> {
        self.put_in_force(Wanted::Stage(stage), asked).await
    }

    /// Puts another config in force and keeps the committed stage, whatever the config names. Which settings changed
    /// goes to the audit log, without their values.
    ///
    /// [`swap`](Self::swap) with the stage that was read a moment ago would be a move back when somebody moves the stage
    /// in between; this cannot.
    ///
    /// # Errors
    /// When the config cannot be meant.
    pub async fn configure(&self, config: RoutingConfig, asked: Asked) -> Result<Drained, SwapError> {
        self.put_audited(Wanted::ConfigInStage(config.clone()), &config, asked).await
    }

    async fn put_audited(
        &self,
        wanted: Wanted,
        config: &RoutingConfig,
        asked: Asked,
    ) -> Result<Drained, SwapError> {
        let before = self.config();
        let drained = self.put_in_force(wanted, asked.clone()).await?;
        self.0.audit_config(&before, config, asked).await;
        Ok(drained)
    }

    async fn put_in_force(&self, wanted: Wanted, asked: Asked) -> Result<Drained, SwapError> {
        let core = self.0;
        // In a task of its own: a caller that goes away in the middle must not leave writes held.
        let swap = tokio::spawn(async move {
            let swapped = core.swap(wanted, &asked).await;
            let counter = if swapped.is_ok() { &core.stats.swaps } else { &core.stats.swaps_refused };
            counter.one();
            swapped
        });
        swap.await
            .map_err(|ended| if ended.is_panic() { SwapError::Panicked } else { SwapError::Closed })??;
        Ok(Drained(core))
    }

    /// Waits until nothing that was planned before this call is running: no write, copy, repair or fill page. Reads
    /// are not counted.
    pub async fn drain(&self) {
        self.0.gate.drain().await;
    }

    /// Hands the ids over at each change of the authority: see [`LegacyIds`]. Only the first call counts.
    pub fn hand_over_ids(&self, blocks: IdBlocks, legacy: impl LegacyIds) {
        if self.0.ids.set(Arc::new(Handover { blocks, legacy })).is_err() {
            tracing::warn!("the handover of ids was set before; the first one stays");
        }
    }

    /// Says that writes of this name have no code for the target yet: a move to `ramp_down` is then refused, and names
    /// it. The builders whose names end in `_before_ramp_down` say so by themselves; say it here for a target service
    /// of your own that answers writes with an error.
    pub fn without_target_writes(&self, name: &'static str) {
        self.0.without_target_writes.add(name);
        if self.stage().authority() == Store::Target {
            tracing::error!(name, stage = %self.stage(), "the target is the authority and there is no code to write to it");
        }
    }

    /// Ends the migration in order: refuses new requests, drains, and ends the session, so that the next start finds
    /// nothing to repair but the marks that stand.
    ///
    /// # Errors
    /// When the journal cannot record the end: the next start then treats this one as a crash, which is safe.
    pub async fn close(&self) -> Result<(), JournalError> {
        self.0.gate.close();
        self.0.gate.drain().await;
        self.0.journal.close().await
    }
}

impl fmt::Debug for RoutingHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutingHandle").field("stage", &self.stage()).finish_non_exhaustive()
    }
}

/// A swap that is in force. Await [`drained`](Self::drained) to know that nothing planned before it runs.
#[derive(Clone, Copy, Debug)]
#[must_use = "work planned under the older config may still run until `drained` resolves"]
pub struct Drained(&'static Core);

impl Drained {
    /// Resolves when no write, copy, repair or fill page planned under an older config is running.
    pub async fn drained(self) {
        self.0.gate.drain().await;
    }
}

fn check_wish(committed: Stage, asked: Stage) -> Result<(), OpenError> {
    if committed == asked {
        return Ok(());
    }
    if !committed.may_move_to(asked) {
        return Err(OpenError::Illegal { committed, asked });
    }
    tracing::info!(%committed, %asked, "the config asks for another stage; starting never moves it, ask with a swap");
    Ok(())
}

fn report(journal: &str, opened: &Opened) {
    let marks = opened.status.marks.total();
    let (stage, epoch) = (opened.status.stage, opened.status.epoch);
    if opened.after_crash {
        tracing::warn!(journal, %stage, epoch, marks, "the session before this one ended uncleanly; its marks wait the late bound");
    } else {
        tracing::info!(journal, %stage, epoch, marks, "migration opened");
    }
}

impl Core {
    fn open(journal: Journal, mut config: RoutingConfig, opened: &Opened) -> Self {
        let status = &opened.status;
        config.stage = status.stage;
        let gate = Gate::new(status.stage);
        let generation = gate.word().generation();
        Self {
            gate,
            journal,
            stats: Stats::default(),
            linger_micros: AtomicU64::new(micros(config.writes.linger).unsigned_abs()),
            snapshot: ArcSwap::from_pointee(Snapshot::new(config, generation, status.epoch)),
            epoch: AtomicU64::new(status.epoch),
            filled: AtomicBool::new(status.fill.as_ref().is_some_and(|fill| fill.complete)),
            released: Notify::new(),
            moving: Mutex::new(()),
            breakers: Default::default(),
            background: Arc::new(Semaphore::new(COPIES_IN_BACKGROUND_MAX)),
            unrecorded: Unrecorded::default(),
            reloads: Reloads::default(),
            events: PerSecond::new(EVENTS_MAX),
            store_errors: PerSecond::new(1),
            clocks: OnceLock::new(),
            ids: OnceLock::new(),
            data_set: OnceLock::new(),
            without_target_writes: WithoutTargetWrites::default(),
        }
    }

    /// Makes a config visible to the next request.
    pub(super) fn publish(&self, config: RoutingConfig) {
        let stage = config.stage;
        let next = self.gate.word().generation() + 1;
        self.set_linger(config.writes.linger);
        self.snapshot.store(Arc::new(Snapshot::new(config, next, self.epoch())));
        // Requests that load between these two lines see a snapshot of another generation, and plan again.
        self.gate.set_stage(stage);
    }

    pub(super) fn hold(&self, held: bool) {
        self.gate.set_held(held);
        if !held {
            self.released.notify_waiters();
        }
    }

    pub(super) fn adopt_epoch(&self, epoch: u64) {
        self.epoch.store(epoch, Ordering::SeqCst);
    }
}
