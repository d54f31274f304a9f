//! What every layer of one migration shares, and the planning of one request.

use std::any::TypeId;
use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, Notify, Semaphore};

use super::breaker::Breaker;
use super::cohort::{BUCKETS, Cohort};
use super::config::{Percent, RoutingConfig};
use super::gate::{Entrant, Gate, Pass, Word};
use super::handover::{Clocks, IdHandover};
use super::plan::{Plan, ReadFacts};
use super::reloads::Reloads;
use super::request::{Classify, Kind, Operation};
use super::routed::Routed;
use super::target_writes::WithoutTargetWrites;
use super::unrecorded::Unrecorded;
use crate::data::{Scope, Scopes};
use crate::error::Refused;
use crate::journal::{Epoch, Journal, Micros, micros};
use crate::per_second::PerSecond;
use crate::protocol::Wait;
use crate::stage::{Stage, Store};
use crate::stats::{Stats, StatsSnapshot};

/// One migration in one process. Leaked once and shared as `&'static`: an `Arc` cloned for each request would make
/// two cores wait for each other.
pub(crate) struct Core {
    pub(crate) gate: Gate,
    pub(crate) journal: Journal,
    pub(crate) stats: Stats,
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) linger_micros: AtomicU64,
    pub(crate) epoch: AtomicU64,
    /// Whether the first fill is complete: then marks on everything belong to the reconciler.
    pub(crate) filled: AtomicBool,
    pub(crate) released: Notify,
    pub(crate) moving: Mutex<()>,
    /// For copies to legacy, and to the target.
    pub(crate) breakers: [Breaker; 2],
    /// Room for copies and writes that go on without a caller.
    pub(crate) background: Arc<Semaphore>,
    pub(crate) unrecorded: Unrecorded,
    pub(crate) reloads: Reloads,
    /// For events that a store which fails can repeat at the pace of the traffic; all of them are counted.
    pub(crate) events: PerSecond,
    /// For the words of a store that fails where no caller is told.
    pub(crate) store_errors: PerSecond,
    pub(crate) clocks: OnceLock<Arc<dyn Clocks>>,
    pub(crate) ids: OnceLock<Arc<dyn IdHandover>>,
    /// The one data set that moves under this routing.
    pub(crate) data_set: OnceLock<(TypeId, &'static str)>,
    pub(crate) without_target_writes: WithoutTargetWrites,
}

/// One config, ready to plan by.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) config: RoutingConfig,
    pub(crate) cohort: Cohort,
    pub(crate) generation: u64,
    pub(crate) epoch: Epoch,
}

impl Snapshot {
    pub(crate) fn new(config: RoutingConfig, generation: u64, epoch: Epoch) -> Self {
        Self { cohort: Cohort::new(&config.cohort), config, generation, epoch }
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("gate", &self.gate).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// What planning a request gives.
pub(crate) enum Planned<Req> {
    /// It can go on.
    Routed(Routed<Req>),
    /// Writes are held; it is planned anew when they are released.
    Held(Req),
}

/// A plan, unless the word or the snapshot changed meanwhile.
enum Attempt {
    Planned { plan: Plan, pass: Option<Pass>, scopes: Scopes, epoch: Epoch },
    Held,
    Again,
}

impl Core {
    /// Decides once for this request. Only this function loads the config.
    #[inline(always)]
    pub(crate) fn plan<Req, C: Classify<Req>>(
        &'static self,
        classify: &C,
        request: Req,
    ) -> Result<Planned<Req>, Refused> {
        let operation = classify.operation(&request);
        loop {
            let word = self.gate.word();
            if word.closed() {
                return Err(Refused::Closed);
            }
            match self.attempt(word, operation, classify, &request)? {
                Attempt::Planned { plan, pass, scopes, epoch } => {
                    return Ok(Planned::Routed(Routed { request, plan, pass, scopes, epoch, core: self }));
                }
                Attempt::Held => return Ok(Planned::Held(request)),
                Attempt::Again => std::hint::spin_loop(),
            }
        }
    }

    #[inline(always)]
    fn attempt<Req, C: Classify<Req>>(
        &'static self,
        word: Word,
        operation: Option<Operation>,
        classify: &C,
        request: &Req,
    ) -> Result<Attempt, Refused> {
        if word.stage().copies() {
            self.by_config(word, operation, classify, request)
        } else {
            self.pass_through(word, operation)
        }
    }

    /// Both stores are maintained: the config says how. Apart from the idle path, which stays small so.
    #[inline(never)]
    fn by_config<Req, C: Classify<Req>>(
        &'static self,
        word: Word,
        operation: Option<Operation>,
        classify: &C,
        request: &Req,
    ) -> Result<Attempt, Refused> {
        let stage = word.stage();
        let operation = operation.ok_or(Refused::NotClassified)?;
        let snapshot = self.snapshot.load();
        if snapshot.generation != word.generation() {
            return Ok(Attempt::Again);
        }
        if !operation.is_write() {
            return Ok(self.plan_read(stage, operation, &snapshot, classify, request));
        }
        let scopes = classify.scopes(request);
        if scopes.is_empty() {
            return Err(Refused::NoScope { operation: operation.name() });
        }
        let writes = &snapshot.config.writes;
        let plan = Plan::write(stage, writes.wait, writes.journal_unavailable).marked_by(writes.mark);
        #[cfg(any(feature = "mysql", feature = "postgres"))]
        let plan = if self.is_marked_inside(stage, operation) { plan.marked_inside() } else { plan };
        Ok(self.enter(word, plan, scopes, snapshot.epoch))
    }

    /// Only legacy's functions have a transaction, and only a journal on a server can lie in its database.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    fn is_marked_inside(&self, stage: Stage, operation: Operation) -> bool {
        operation.has_transaction() && stage.authority() == Store::Legacy && self.journal.marks_inside()
    }

    /// Nothing is copied: all goes to the authority. Whoever does not say what it is may write, so it is counted.
    #[inline(always)]
    fn pass_through(&'static self, word: Word, operation: Option<Operation>) -> Result<Attempt, Refused> {
        let stage = word.stage();
        match operation.map(Operation::kind) {
            Some(kind @ (Kind::Read | Kind::Lookup)) => Ok(Attempt::Planned {
                plan: Plan::pass(stage, kind),
                pass: None,
                scopes: Scopes::none(),
                epoch: 0,
            }),
            None if stage != Stage::Off => Err(Refused::NotClassified),
            Some(Kind::Write) | None => {
                Ok(self.enter(word, Plan::pass(stage, Kind::Write), Scopes::none(), 0))
            }
        }
    }

    #[inline(always)]
    fn enter(&'static self, word: Word, plan: Plan, scopes: Scopes, epoch: Epoch) -> Attempt {
        match self.gate.enter(word, Entrant::Held) {
            Some(pass) => Attempt::Planned { plan, pass: Some(pass), scopes, epoch },
            None if self.gate.word().held() => Attempt::Held,
            None => Attempt::Again,
        }
    }

    fn plan_read<Req, C: Classify<Req>>(
        &self,
        stage: Stage,
        operation: Operation,
        snapshot: &Snapshot,
        classify: &C,
        request: &Req,
    ) -> Attempt {
        let config = &snapshot.config;
        let sampled = stage != Stage::DualWrite && drawn(config.shadow.sample);
        if stage == Stage::DualWrite || (!sampled && stage == Stage::RampDown) {
            return Attempt::Planned {
                plan: Plan::pass(stage, operation.kind()),
                pass: None,
                scopes: Scopes::none(),
                epoch: 0,
            };
        }
        let scopes = classify.scopes(request);
        let in_cohort = stage == Stage::Canary && in_cohort(snapshot, classify, request, &scopes);
        let named = || if config.cohort.read_override { classify.read_override(request) } else { None };
        let asked_for = classify.began_on(request).or_else(named);
        let wanted = in_cohort || stage == Stage::Live || asked_for == Some(Store::Target);
        let dirty = (wanted || sampled) && self.journal.is_dirty(scopes.as_slice());
        if dirty && wanted && stage.authority() == Store::Legacy {
            self.stats.dirty_reads.one();
        }
        let enabled =
            operation.kind() == Kind::Read || config.lookups.get(operation.name()).is_some_and(|l| l.target);
        let plan = Plan::read(stage, ReadFacts { in_cohort, dirty, enabled, sampled, asked_for });
        Attempt::Planned { plan, pass: None, scopes, epoch: 0 }
    }

    /// Waits until writes are no longer held.
    pub(crate) async fn release(&self) {
        loop {
            // Hears of a release from here on, before it is polled, too.
            let released = self.released.notified();
            if !self.gate.word().held() {
                return;
            }
            released.await;
        }
    }

    /// A store failed, and no caller is told. Its own words are logged, at most once a second.
    pub(crate) fn store_failed(&self, store: Store, error: &dyn fmt::Display, what: &str) {
        let journal = self.journal.name();
        if self.store_errors.admit() {
            tracing::warn!(journal, %store, %error, "{what}");
        } else {
            tracing::debug!(journal, %store, %error, "{what}");
        }
    }

    pub(crate) const fn breaker(&self, secondary: Store) -> &Breaker {
        &self.breakers[secondary as usize]
    }

    /// When a mark that has to wait may be claimed.
    pub(crate) fn not_before(&self, wait: Wait, attempts: u32) -> Micros {
        let wait = match wait {
            Wait::None => Duration::ZERO,
            Wait::Backoff => backoff(attempts),
            Wait::LateBound(store) => self.snapshot.load().config.late_bound.of(store),
        };
        self.journal.now() + micros(wait)
    }

    /// How long the mark of a write stands for those that follow.
    pub(crate) fn linger(&self) -> Duration {
        Duration::from_micros(self.linger_micros.load(Ordering::Relaxed))
    }

    /// Takes note of it when a config is put in force: a write that ends need not load the config for that.
    pub(crate) fn set_linger(&self, linger: Duration) {
        self.linger_micros.store(micros(linger).unsigned_abs(), Ordering::Relaxed);
    }

    /// What was counted, by the layers and by the journal.
    pub(crate) fn counted(&self) -> StatsSnapshot {
        self.stats.snapshot(self.journal.widened())
    }

    pub(crate) fn stage(&self) -> Stage {
        self.gate.word().stage()
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch.load(Ordering::SeqCst)
    }
}

fn in_cohort<Req, C: Classify<Req>>(
    snapshot: &Snapshot,
    classify: &C,
    request: &Req,
    scopes: &Scopes,
) -> bool {
    if snapshot.cohort.is_empty() {
        return false;
    }
    let group = || scopes.as_slice().first().and_then(Scope::group_str);
    let key: Option<Cow<'_, str>> = classify.cohort_key(request).or_else(|| group().map(Cow::Borrowed));
    key.is_some_and(|key| snapshot.cohort.contains(&key, |name| classify.attribute(request, name)))
}

/// 50 ms, doubled with each failed repair, at most 30 s.
fn backoff(attempts: u32) -> Duration {
    (Duration::from_millis(50) * 2_u32.saturating_pow(attempts.min(10))).min(Duration::from_secs(30))
}

fn drawn(sample: Percent) -> bool {
    match sample.thousandths() {
        0 => false,
        BUCKETS => true,
        share => fastrand::u32(0..BUCKETS) < share,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Key;
    use crate::route::{Asked, RoutingHandle};

    async fn routing(late_bound: &str) -> RoutingHandle {
        let config = RoutingConfig::from_toml(late_bound).unwrap();
        RoutingHandle::open(&Journal::memory(), config).await.unwrap()
    }

    /// Between the two steps of `publish` there is a config that the word does not name yet.
    #[tokio::test]
    async fn nothing_is_planned_by_a_config_that_the_word_does_not_name() {
        let routing = routing("").await;
        let _drained = routing.move_to(Stage::DualWrite, Asked::by("test", "trial")).await.unwrap();
        let core = routing.0;
        let classify = |(): &()| Some((Operation::write("put"), Scopes::from(Key::new(&1, &1))));
        let operation = Some(Operation::write("put"));
        let attempt = |word| core.attempt(word, operation, &classify, &()).unwrap();
        let word = core.gate.word();
        assert!(matches!(attempt(word), Attempt::Planned { .. }));

        core.snapshot.store(Arc::new(Snapshot::new(routing.config(), word.generation() + 1, core.epoch())));
        assert!(matches!(attempt(word), Attempt::Again));
        core.gate.set_stage(Stage::DualWrite);
        assert!(matches!(attempt(core.gate.word()), Attempt::Planned { .. }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_mark_that_stays_waits_for_its_own_store_or_longer_with_each_failure() {
        let core = routing("late_bound = { legacy = \"7s\", target = \"11s\" }").await.0;
        let waits = |wait, attempts| core.not_before(wait, attempts) - core.journal.now();
        assert_eq!(waits(Wait::LateBound(Store::Legacy), 0), 7_000_000);
        assert_eq!(waits(Wait::LateBound(Store::Target), 0), 11_000_000);
        assert_eq!(
            [0, 1, 3, 30].map(|failed| waits(Wait::Backoff, failed)),
            [50_000, 100_000, 400_000, 30_000_000]
        );
    }
}
