//! Random traffic with random faults on both stores, through a whole walk with its ways back: no acknowledged write is
//! lost, no read is stale, and the stores agree whenever no mark is left.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod traffic;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossfade::canary_read::CanaryReadLayer;
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::fill::Fill;
use crossfade::journal::Journal;
use crossfade::mismatch_metrics::{MismatchMetricsLayer, by};
use crossfade::reconcile::Reconciler;
use crossfade::route::{RouteLayer, Stage, Store, SwapError};
use crossfade::store::TargetLayer;
use crossfade::test_util::{
    History, HistoryLayer, MemoryStore, Number, NumberKey, Response, classify_outcome,
};
use tokio::time::{sleep, timeout};
use tower::ServiceBuilder;

use self::traffic::{Callers, Traffic, fail_at_random, hang_some_writes};
use crate::support::{Ids, World, asked, config, written};

/// There, back from canary to dual_write and from ramp_down to live, and on to the end.
const WALK: [Stage; 11] = [
    Stage::DualWrite,
    Stage::Shadow,
    Stage::Canary,
    Stage::DualWrite,
    Stage::Shadow,
    Stage::Canary,
    Stage::Live,
    Stage::RampDown,
    Stage::Live,
    Stage::RampDown,
    Stage::Complete,
];

const CONFIG: &str = r#"
    cohort = { weight = "50%", allow = ["1"] }
    shadow = { sample = "30%" }
    hold = { max = "60s" }
    lookups = { find_by_text = { target = true } }
"#;

/// By seed: each write has a mark of its own, or shares one that stands on its key, or on the group.
const WRITES: [&str; 3] = [
    "writes = { wait = \"5ms\" }",
    "writes = { wait = \"5ms\", linger = \"200ms\" }",
    "writes = { wait = \"5ms\", linger = \"50ms\", mark = \"group\" }",
];

/// One run with one seed.
struct Run {
    seed: u64,
    world: World,
    history: History<NumberKey, Number>,
    traffic: Arc<Traffic>,
    /// How often calls hang; each hung write takes a minute to be given up.
    hang: f64,
    /// How long callers call in each stage.
    stay: Duration,
}

impl Run {
    async fn new(journal: Journal, seed: u64, hang: f64, stay: Duration) -> Self {
        let config = config(&format!("{CONFIG}{}\n", WRITES[seed as usize % WRITES.len()]));
        let mut world = World::with(journal, MemoryStore::legacy(), MemoryStore::target(), config).await;
        let mut random = fastrand::Rng::with_seed(seed);
        for item in 1_000_000..1_000_000 + random.i64(0..8) {
            world.legacy.seed((item % 3, item), Number::new(7, format!("old {item}")));
        }
        let blocks = world.journal.ids("numbers");
        world.target.take_ids_from(blocks.clone());
        world.routing.hand_over_ids(blocks, Ids(world.legacy.clone()));
        world.reconciler = Some(Reconciler::new(world.copier).attempts_max(1_000).spawn());
        let history = History::starting_with(world.legacy.records());
        let traffic = Traffic::new(callers(&world, &history), seed);
        fail_at_random(&world, seed, hang);
        Self { seed, world, history, traffic, hang, stay }
    }

    async fn walk(&self) {
        self.traffic.during(sleep(self.stay)).await;
        for (n, stage) in WALK.into_iter().enumerate() {
            self.traffic.during(self.move_and_stay(stage)).await;
            if stage != Stage::Complete {
                self.settle().await;
                self.check(&format!("seed {} after move {n} to {stage}", self.seed));
            }
        }
        let lost = self.history.violations(self.world.target.records());
        assert!(lost.is_empty(), "seed {} at the end: {lost:#?}", self.seed);
        assert!(self.traffic.ids_given_twice().is_empty(), "seed {}: an id was given out twice", self.seed);
    }

    /// Enough was asked for the run to mean something.
    fn assert_busy(&self, ids: usize, answers: u64) {
        let (given, answered) = (self.traffic.ids_given(), self.traffic.answered.load(Ordering::SeqCst));
        assert!(given > ids && answered > answers, "seed {}: {given} ids, {answered} answers", self.seed);
        let shared = self.world.routing.stats().marks_shared;
        let lingers = self.world.routing.config().writes.linger > Duration::ZERO;
        assert_eq!(shared > 0, lingers, "seed {}: {shared} shared", self.seed);
    }

    async fn move_and_stay(&self, stage: Stage) {
        if self.hang > 0.0 {
            hang_some_writes(&self.world);
        }
        self.move_to(stage).await;
        if stage == Stage::DualWrite && self.world.routing.status().await.unwrap().certificate.is_none() {
            let progress = Fill::new(self.world.copier.page_size(6)).run().await.unwrap();
            assert!(progress.complete);
        }
        sleep(self.stay).await;
    }

    /// Asks until it is done: a change of the authority may be given up while writes hang.
    async fn move_to(&self, stage: Stage) {
        loop {
            match self.world.routing.move_to(stage, asked()).await {
                Ok(_) => return,
                Err(SwapError::HoldRanOut { .. }) => {}
                Err(problem) => panic!("seed {} to {stage}: {problem}", self.seed),
            }
        }
    }

    /// Waits until no mark is left and nothing runs; the faults go on.
    async fn settle(&self) {
        let settled = async {
            while self.world.journal.marks() > 0 || self.world.routing.stats().writes_in_flight > 0 {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let stuck = timeout(Duration::from_secs(900), settled).await;
        stuck.unwrap_or_else(|_| panic!("seed {}: marks stay: {:?}", self.seed, self.world.routing.stats()));
    }

    fn check(&self, when: &str) {
        let (legacy, target) = (self.world.legacy.records(), self.world.target.records());
        let differ = self.world.legacy.same_as(&self.world.target);
        assert!(differ.is_empty(), "{when} the stores differ with no mark: {differ:#?}");
        let authority = match self.world.routing.stage().authority() {
            Store::Legacy => legacy,
            Store::Target => target,
        };
        let violations = self.history.violations(authority);
        assert!(violations.is_empty(), "{when}: {violations:#?}");
        assert_eq!(self.world.routing.stats().unaccounted_writes(), 0, "{when}");
    }
}

/// The whole stack, with the history where the callers are.
fn callers(world: &World, history: &History<NumberKey, Number>) -> Callers {
    let same = |a: &Response, b: &Response| a.answer == b.answer;
    Callers::new(
        ServiceBuilder::new()
            .layer(HistoryLayer::new(history.clone()))
            .layer(RouteLayer::new(world.routing))
            .layer(CanaryReadLayer::new())
            .layer(FallbackLayer::new().missing(Response::is_missing))
            .layer(MismatchMetricsLayer::new(by(same)).deadline(Duration::from_millis(50)))
            .layer(DualWriteLayer::new(world.copier).classified_by(classify_outcome).written(written))
            .layer(TargetLayer::new(world.target.clone()))
            .service(world.legacy.clone()),
    )
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// `CROSSFADE_SEEDS=FIRST..END` takes other seeds, to look further than every run does.
fn seeds(usual: Range<u64>) -> Range<u64> {
    let Ok(asked) = std::env::var("CROSSFADE_SEEDS") else { return usual };
    let (first, end) = asked.split_once("..").expect("CROSSFADE_SEEDS is FIRST..END");
    first.parse().unwrap()..end.parse().unwrap()
}

fn simulate(usual: Range<u64>, hang: f64) {
    for seed in seeds(usual) {
        paused().block_on(async {
            let run = Run::new(Journal::memory(), seed, hang, Duration::from_millis(400)).await;
            run.walk().await;
            run.assert_busy(20, 200);
        });
    }
}

#[test]
fn random_traffic_and_faults_lose_nothing_on_a_whole_walk_and_back() {
    simulate(0..24, 0.0);
}

#[test]
fn calls_that_never_end_and_callers_that_leave_lose_nothing_on_a_whole_walk_and_back() {
    simulate(100..112, 0.01);
}

#[test]
fn the_durable_journal_loses_nothing_on_a_whole_walk_under_two_threads() {
    for seed in 200..202 {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("journal.db").display());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let journal = Journal::open(&url).await.unwrap();
            let run = Run::new(journal, seed, 0.0, Duration::from_millis(50)).await;
            run.walk().await;
            // The time is real here, and the machine may be busy.
            run.assert_busy(0, 50);
            run.world.reconciler.unwrap().stop().await;
            run.world.routing.close().await.unwrap();
        });
    }
}
