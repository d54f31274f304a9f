//! Sends each job when it is due, and counts what comes of it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::client::Client;
use super::counts::Counts;
use super::done::{Answered, Done};
use super::load::Load;
use crate::ledger::{Ledger, SETTLES};

/// Clients, each with a connection of its own; requests go round them.
const CLIENTS: usize = 32;
/// Requests on their way at once. One that finds no room is not sent, and counts as an error of the run. A hold of 8 s keeps 3,500
/// writes waiting at 1,000 requests a second; a connection of HTTP/2 takes 200 at once.
const IN_FLIGHT_MAX: usize = 6_000;
/// How often a paused run looks whether it may go on.
const TICK: Duration = Duration::from_millis(1);
/// How long a pause waits for the requests on their way.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The running traffic.
#[derive(Clone, Debug)]
pub(crate) struct Traffic(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clients: Vec<Client>,
    ledger: Ledger,
    began: Instant,
    rate: u32,
    load: Mutex<Load>,
    in_flight: Arc<Semaphore>,
    paused: AtomicBool,
    step: AtomicUsize,
    steps: Mutex<Vec<Counts>>,
}

impl Traffic {
    /// Starts paused. `rate` is in requests a second.
    pub(crate) fn start(base: &str, rate: u32, load: Load, ledger: Ledger) -> Self {
        let traffic = Self(Arc::new(Shared {
            clients: (0..CLIENTS).map(|_| Client::new(base.to_owned())).collect(),
            ledger,
            began: Instant::now(),
            rate,
            load: Mutex::new(load),
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT_MAX)),
            paused: AtomicBool::new(true),
            step: AtomicUsize::new(0),
            steps: Mutex::new(Vec::new()),
        }));
        let (pacer, runtime) = (traffic.clone(), Handle::current());
        // A thread of its own: the runtime's timer counts in whole milliseconds. It ends with the process.
        std::thread::spawn(move || pacer.pace(&runtime));
        traffic
    }

    /// Requests a second that are asked for.
    pub(crate) fn rate(&self) -> u32 {
        self.0.rate
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// Requests that are due from now on count for a new step; gives its number.
    pub(crate) fn begin_step(&self) -> usize {
        let mut steps = self.0.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.push(Counts::default());
        self.0.step.store(steps.len() - 1, Ordering::Relaxed);
        steps.len() - 1
    }

    pub(crate) fn counts(&self, step: usize) -> Counts {
        self.0.steps.lock().unwrap_or_else(PoisonError::into_inner).get(step).cloned().unwrap_or_default()
    }

    /// The number of requests and the newest latencies of a step, for a line of progress.
    pub(crate) fn glance(&self, step: usize, newest: usize) -> (u64, Vec<u32>) {
        let steps = self.0.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.get(step).map_or((0, Vec::new()), |counts| {
            let from = counts.latencies.len().saturating_sub(newest);
            (counts.requests, counts.latencies[from..].to_vec())
        })
    }

    /// Whether some of the reads from now on name the store that is to answer them.
    pub(crate) fn name_stores(&self, naming: bool) {
        self.0.load.lock().unwrap_or_else(PoisonError::into_inner).name_stores(naming);
    }

    pub(crate) fn resume(&self) {
        self.0.paused.store(false, Ordering::Relaxed);
    }

    /// Sends nothing more and waits until everything on its way was answered.
    pub(crate) async fn pause(&self) -> Result<()> {
        self.0.paused.store(true, Ordering::Relaxed);
        // The request that is due next may still be sent, and would find no room beside what follows.
        tokio::time::sleep(self.gap() + TICK * 5).await;
        let all = u32::try_from(IN_FLIGHT_MAX).unwrap_or(u32::MAX);
        match tokio::time::timeout(PAUSE_MAX, self.0.in_flight.acquire_many(all)).await {
            Ok(_) => Ok(()),
            Err(_) => bail!("after {PAUSE_MAX:?} without new requests some are still not answered"),
        }
    }

    /// Between two requests.
    fn gap(&self) -> Duration {
        Duration::from_secs(1) / self.0.rate
    }

    /// Sends each request when it is due; those that are late by then are sent at once.
    fn pace(&self, runtime: &Handle) {
        let _entered = runtime.enter();
        let gap = self.gap();
        let mut due = Instant::now();
        for number in 0.. {
            while self.0.paused.load(Ordering::Relaxed) {
                std::thread::sleep(TICK);
                due = Instant::now();
            }
            due += gap;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            self.send(due, number);
        }
    }

    fn send(&self, due: Instant, number: usize) {
        let step = self.0.step.load(Ordering::Relaxed);
        let Ok(slot) = self.0.in_flight.clone().try_acquire_owned() else {
            self.count(step, |counts| counts.shed += 1);
            return;
        };
        let (job, named) = self.0.load.lock().unwrap_or_else(PoisonError::into_inner).next_request();
        let this = self.clone();
        tokio::spawn(async move {
            let shared = &this.0;
            let done = shared.clients[number % CLIENTS].run(job, named, &shared.ledger, shared.began).await;
            this.count(step, |counts| counts.add(&done, due.elapsed()));
            drop(slot);
            this.learn(done).await;
        });
    }

    /// Tells the load what a client was told. Of a create that was sent again, a try may still be on its way: the
    /// invoice is left alone until none can be, as its service asks of whoever deletes it.
    async fn learn(&self, done: Done) {
        let Ok(Answered { learned: Some((key, known)), created, .. }) = done.answered else { return };
        if created && done.unavailable > 0 {
            tokio::time::sleep(SETTLES).await;
        }
        let mut load = self.0.load.lock().unwrap_or_else(PoisonError::into_inner);
        if created { load.created(key, known) } else { load.learn(key, known) }
    }

    fn count(&self, step: usize, act: impl FnOnce(&mut Counts)) {
        let mut steps = self.0.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.get_mut(step).map(act);
    }
}
