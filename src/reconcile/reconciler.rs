//! [`Reconciler`]: claims marks and hands them to repairs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use tower::retry::backoff::{Backoff, ExponentialBackoff, ExponentialBackoffMaker, MakeBackoff};
use tower::util::rng::HasherRng;

use super::handle::{Control, ReconcilerHandle};
use super::repair::{Repair, RepairScope};
use crate::copy::Copier;
use crate::data::{RecordStore, Scope};
use crate::journal::{Claim, ClaimRequest, JournalError};
use crate::route::{Core, Entrant, Store};

/// How long the reconciler rests when it finds nothing to claim and nothing changes, since a wait may have ended.
const REST: Duration = Duration::from_millis(20);
/// The longest pause between probes of a secondary that keeps failing, and between tries at a journal that does.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Copies what marks name: see the [module docs](super).
#[derive(Clone, Copy, Debug)]
#[must_use = "a reconciler does nothing until it is spawned"]
pub struct Reconciler<L: 'static, T: 'static> {
    copier: Copier<L, T>,
    settings: Settings,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    concurrency: usize,
    pub(super) attempts_max: u32,
    lease: Duration,
    pub(super) per_second_max: u32,
}

impl<L, T> Reconciler<L, T>
where
    L: RecordStore,
    T: RecordStore<Data = L::Data>,
{
    /// A reconciler that repairs with this copier.
    pub const fn new(copier: Copier<L, T>) -> Self {
        let settings = Settings {
            concurrency: 8,
            attempts_max: 20,
            lease: Duration::from_secs(3_600),
            per_second_max: u32::MAX,
        };
        Self { copier, settings }
    }

    /// How many scopes are repaired at once. Default 8.
    pub const fn concurrency(mut self, scopes: usize) -> Self {
        self.settings.concurrency = if scopes == 0 { 1 } else { scopes };
        self
    }

    /// How many repairs of a mark may fail before it becomes a dead letter. Default 20, which takes some minutes.
    pub const fn attempts_max(mut self, attempts: u32) -> Self {
        self.settings.attempts_max = attempts;
        self
    }

    /// How long a claim lasts; a repair may take half of it, more than the copier's deadline for one key, and then
    /// gives its marks back. A repair of everything has to fit, too. Default one hour.
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease;
        self
    }

    /// At most this many repairs begin a second. Default: no limit.
    pub const fn per_second_max(mut self, repairs: u32) -> Self {
        self.settings.per_second_max = if repairs == 0 { 1 } else { repairs };
        self
    }

    /// Begins, in a task of the current runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use = "stop it by the handle; dropping the handle leaves it running"]
    pub fn spawn(self) -> ReconcilerHandle {
        let control = Arc::new(Control::default());
        let task = tokio::spawn(self.run(Arc::clone(&control)));
        ReconcilerHandle { control, task }
    }

    async fn run(self, control: Arc<Control>) {
        let core = self.copier.core();
        let Some(mut pause) = pauses() else { return };
        while !control.is_stopped() {
            if control.is_paused() {
                control.changed().await;
                continue;
            }
            let repaired = self.round(core).await;
            match repaired {
                Ok(0) => rest(core, &control).await,
                Ok(_) if core.breaker(core.stage().authority().other()).is_open() => {
                    pause.next_backoff().await;
                }
                Ok(_) => pause = pauses().unwrap_or(pause),
                Err(JournalError::Closed) => return,
                Err(error) => {
                    tracing::warn!(%error, "the reconciler could not claim");
                    pause.next_backoff().await;
                }
            }
        }
    }

    /// Claims once and repairs what it got; gives how many scopes.
    async fn round(&self, core: &'static Core) -> Result<usize, JournalError> {
        core.journal.send_unsent();
        #[cfg(any(feature = "mysql", feature = "postgres"))]
        core.journal.adopt_inside(late_bound(core)).await?;
        let word = core.gate.word();
        if core.journal.marks() == 0 || !word.stage().copies() {
            return Ok(0);
        }
        // The pass is taken before the claim: a change of the authority waits for both.
        let Some(pass) = core.gate.enter(word, Entrant::Repair) else {
            return Ok(0);
        };
        let authority = word.stage().authority();
        let probing = core.breaker(authority.other()).is_open();
        let limit = if probing { 1 } else { 32 * self.settings.concurrency as u64 };
        let claim = self.claim(core, limit, false).await?;
        let repaired = self.repair_all(claim, authority).await;
        drop(pass);
        // Before the first fill is complete, a mark on everything is the fill's to clear.
        let ours = authority == Store::Target || core.filled.load(Ordering::SeqCst);
        if repaired == 0 && ours && core.journal.everything_is_dirty() {
            return self.repair_everything(core).await;
        }
        Ok(repaired)
    }

    /// A mark on everything may stand for writes that have no mark of their own, so the walk begins when those that
    /// ran at the claim have ended.
    async fn repair_everything(&self, core: &'static Core) -> Result<usize, JournalError> {
        let claim = self.claim(core, 32, true).await?;
        if claim.marks.is_empty() {
            return Ok(0);
        }
        core.gate.drain().await;
        let word = core.gate.word();
        let Some(_pass) = core.gate.enter(word, Entrant::Repair) else {
            // A swap came between, or the migration was closed: the next round claims them again.
            let ids = claim.marks.iter().map(|mark| mark.id).collect();
            core.journal.give_back(claim.claim, &Scope::Everything, ids, core.journal.now(), false);
            return Ok(0);
        };
        // With marks claimed the authority cannot have changed.
        Ok(self.repair_all(claim, word.stage().authority()).await)
    }

    async fn claim(&self, core: &'static Core, limit: u64, everything: bool) -> Result<Claim, JournalError> {
        let (lease, late_bound) = (self.settings.lease, late_bound(core));
        let request = ClaimRequest { epoch: core.epoch(), lease, late_bound, limit, everything };
        match core.journal.claim(request).await {
            Err(JournalError::Refused(_)) => Ok(Claim { claim: 0, marks: Vec::new() }),
            claim => claim,
        }
    }

    /// Repairs each scope once, whatever number of marks it has.
    async fn repair_all(&self, claim: Claim, authority: Store) -> usize {
        let scope = RepairScope { authority, settings: self.settings };
        let mut scopes: BTreeMap<Scope, Vec<_>> = BTreeMap::new();
        for mark in claim.marks {
            scopes.entry(mark.scope.clone()).or_default().push(mark);
        }
        let repaired = scopes.len();
        let mut running = JoinSet::new();
        for (name, marks) in scopes {
            if running.len() >= self.settings.concurrency {
                let _ended: Option<_> = running.join_next().await;
            }
            pace(self.settings.per_second_max).await;
            let repair = Repair::new(self.copier, claim.claim, name, marks, scope);
            let at_most = self.settings.lease / 2;
            running.spawn(async move { repair.run(at_most).await });
        }
        while running.join_next().await.is_some() {}
        repaired
    }
}

fn late_bound(core: &Core) -> Duration {
    core.snapshot.load().config.late_bound.longest()
}

async fn pace(per_second_max: u32) {
    if per_second_max < u32::MAX {
        sleep(Duration::from_secs(1) / per_second_max).await;
    }
}

async fn rest(core: &Core, control: &Control) {
    // Before it looks, so that it hears of what is left meanwhile.
    let left = core.journal.left();
    // With no mark at all nothing can become due: only one that is left, or the handle, ends the rest.
    let idle = core.journal.marks() == 0;
    tokio::select! {
        () = left => {}
        () = control.changed() => {}
        () = sleep(if idle { Duration::from_secs(1) } else { REST }) => {}
    }
}

fn pauses() -> Option<ExponentialBackoff> {
    // The bounds are in order and the jitter is below 100, which is all that is checked.
    ExponentialBackoffMaker::new(REST, PAUSE_MAX, 0.5, HasherRng::default())
        .ok()
        .map(|mut maker| maker.make_backoff())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;
    use crate::route::{Asked, RoutingConfig, RoutingHandle, Stage};
    use crate::test_util::MemoryStore;

    #[tokio::test(start_paused = true)]
    async fn a_claim_that_lapsed_is_taken_again_after_the_late_bound() {
        let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await.unwrap();
        let _drained = routing.move_to(Stage::DualWrite, Asked::by("test", "trial")).await.unwrap();
        let copier = Copier::new(routing, MemoryStore::legacy(), MemoryStore::target());
        let (lease, bound) = (Duration::from_secs(1), routing.config().late_bound.longest());
        let reconciler = Reconciler::new(copier).lease(lease);
        routing.journal().mark_for_repair(Scope::Everything).await.unwrap();
        let claimed = async || reconciler.claim(routing.0, 1, true).await.unwrap().marks.len();

        assert_eq!(claimed().await, 1, "by a repair that never ends");
        sleep(lease).await;
        assert_eq!(claimed().await, 0, "it may still be inside the store");
        sleep(bound - Duration::from_millis(1)).await;
        assert_eq!(claimed().await, 0);
        sleep(Duration::from_millis(1)).await;
        assert_eq!(claimed().await, 1);
    }

    #[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
    #[tokio::test]
    async fn what_the_full_queue_of_the_journal_did_not_take_is_sent_again() {
        use crate::data::Key;
        use crate::journal::{BATCH_COMMANDS_MAX, Command, Fate, QUEUE_COMMANDS_MAX, RunningMark, scripted};

        let (go_on, may_go_on) = std::sync::mpsc::channel();
        let mut held = Some(may_go_on);
        let fate = move |command: &Command| {
            if matches!(command, Command::Unmark { rows: 0, .. })
                && let Some(may_go_on) = held.take()
            {
                // The writer's thread: nothing else waits on it.
                may_go_on.recv().unwrap();
            }
            Fate::Done
        };
        let routing = RoutingHandle::open(&scripted(fate).await, RoutingConfig::default()).await.unwrap();
        let journal = routing.journal();
        let mark = journal.mark(Key::new(&1, &1).into(), 1).await.unwrap();
        let nothing = RunningMark::nothing();
        (0..QUEUE_COMMANDS_MAX + 2 * BATCH_COMMANDS_MAX).for_each(|_| journal.unmark(&nothing));
        journal.unmark(&mark);
        go_on.send(()).unwrap();
        assert_eq!(journal.marks(), 1, "a row that stands is dirty");

        let copier = Copier::new(routing, MemoryStore::legacy(), MemoryStore::target());
        let _reconciler = Reconciler::new(copier).spawn();
        while journal.marks() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(routing.status().await.unwrap().marks.total(), 0);
    }
}
