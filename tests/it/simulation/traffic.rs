//! Random callers that fight over a few keys, and random faults under them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossfade::test_util::{Call, Fault, Number, NumberKey, Rates, Request, Response, StoreError};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

use crate::support::World;

const CLIENTS: u64 = 5;
/// A caller that is not answered by then goes away.
const PATIENCE: Duration = Duration::from_millis(120);
/// Items that callers choose lie far above the ids that stores assign.
const HOT: i64 = 1_000_000;

pub(super) type Callers = BoxCloneSyncService<Request, Response, StoreError>;

/// The shares of all faults; late writes stay below the late bound of 300 ms. A hang may come only where a caller, or
/// the deadline of a copy, ends it.
pub(super) const FAULTS: Rates = Rates {
    delay: 0.2,
    slow_answer: 0.05,
    reject: 0.03,
    broken: 0.02,
    lost_answer: 0.03,
    late_write: 0.03,
    hang: 0.0,
    delay_max: Duration::from_millis(12),
    late_max: Duration::from_millis(290),
};

/// Random faults on every call of both stores; hangs as often as asked.
pub(super) fn fail_at_random(world: &World, seed: u64, hang: f64) {
    let hangs = [Call::RequestRead, Call::RequestWrite, Call::RecordRead, Call::Replace];
    for (script, salt) in [(world.legacy.script(), 1), (world.target.script(), 2)] {
        let seed = seed.wrapping_mul(1_000).wrapping_add(salt * 100);
        script.random(seed, FAULTS);
        for call in hangs {
            script.random_for(call, seed + 50 + call as u64, Rates { hang, ..FAULTS });
        }
    }
}

/// The callers of one run.
pub(super) struct Traffic {
    stack: Callers,
    random: Mutex<fastrand::Rng>,
    values: AtomicU64,
    stopped: AtomicBool,
    created: Mutex<Created>,
    /// How often a caller met each kind of answer.
    pub(super) answered: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) gone: AtomicU64,
}

#[derive(Default)]
struct Created {
    keys: Vec<NumberKey>,
    ids: BTreeSet<i64>,
    twice: Vec<i64>,
}

impl Traffic {
    pub(super) fn new(stack: Callers, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            stack,
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            values: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            created: Mutex::default(),
            answered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            gone: AtomicU64::new(0),
        })
    }

    /// Runs callers while `what` does, and waits for the last of them.
    pub(super) async fn during<T>(self: &Arc<Self>, what: impl Future<Output = T>) -> T {
        self.stopped.store(false, Ordering::SeqCst);
        let mut callers = JoinSet::new();
        for _ in 0..CLIENTS {
            callers.spawn(Arc::clone(self).call_until_stopped());
        }
        let what = what.await;
        self.stopped.store(true, Ordering::SeqCst);
        while let Some(ended) = callers.join_next().await {
            ended.unwrap();
        }
        what
    }

    /// Ids that were given out twice.
    pub(super) fn ids_given_twice(&self) -> Vec<i64> {
        self.created.lock().unwrap().twice.clone()
    }

    pub(super) fn ids_given(&self) -> usize {
        self.created.lock().unwrap().ids.len()
    }

    async fn call_until_stopped(self: Arc<Self>) {
        while !self.stopped.load(Ordering::SeqCst) {
            let (request, pause) = self.draw();
            let group = if let Request::Create { group, .. } = &request { *group } else { 0 };
            match timeout(PATIENCE, self.stack.clone().oneshot(request)).await {
                Ok(Ok(answer)) => {
                    self.answered.fetch_add(1, Ordering::SeqCst);
                    self.note_created(group, &answer);
                }
                Ok(Err(_)) => drop(self.failed.fetch_add(1, Ordering::SeqCst)),
                Err(_) => {
                    self.gone.fetch_add(1, Ordering::SeqCst);
                    sleep(Duration::from_millis(300)).await;
                }
            }
            sleep(pause).await;
        }
    }

    fn note_created(&self, group: i64, answer: &Response) {
        if let Some(item) = answer.created() {
            let mut created = self.created.lock().unwrap();
            if !created.ids.insert(item) {
                created.twice.push(item);
            }
            created.keys.push((group, item));
        }
    }

    fn draw(&self) -> (Request, Duration) {
        let mut random = self.random.lock().unwrap();
        let (group, item) = self.key(&mut random);
        let value = self.values.fetch_add(1, Ordering::SeqCst);
        let record = || Number::new(value, format!("v{value}"));
        let request = match random.u32(0..100) {
            0..35 => Request::Get { group, item },
            35..45 => Request::List { group },
            45..50 => Request::FindByText(format!("v{}", random.u64(0..=value))),
            50..72 => Request::Put { group, item, record: record() },
            72..76 => Request::Create { group: random.i64(10..20), record: record() },
            76..85 => Request::Delete { group, item },
            85..90 => Request::Increment { group, item, by: 1_000_000 },
            90..95 => Request::PutIf { group, item, expected: random.u64(0..=value), record: record() },
            _ => Request::PutMany(vec![
                ((1, HOT), record()),
                ((2, HOT + 1), record()),
                ((group, item), record()),
            ]),
        };
        (request, Duration::from_micros(random.u64(0..4_000)))
    }

    /// One of six hot keys, or of those that were created last.
    fn key(&self, random: &mut fastrand::Rng) -> NumberKey {
        let created = self.created.lock().unwrap();
        let last = created.keys.len().saturating_sub(4);
        match created.keys.get(last + random.usize(0..4)) {
            Some(key) if random.bool() => *key,
            _ => (random.i64(1..=2), HOT + random.i64(0..3)),
        }
    }
}

/// One write in each way of hanging: before, after and long after it took effect.
pub(super) fn hang_some_writes(world: &World) {
    let late = Duration::from_millis(250);
    for script in [world.legacy.script(), world.target.script()] {
        script.next(Call::RequestWrite, Fault::HangApplied).next(Call::RequestWrite, Fault::HangLate(late));
        script.next(Call::Replace, Fault::HangApplied).next(Call::Replace, Fault::HangLate(late));
    }
}
