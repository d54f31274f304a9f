//! Clients: in a closed loop, each waiting for its answer, or at a fixed rate whatever the answers do.

use std::future::Future;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::Instant;
use tower::ServiceExt;

use super::clock::cpu;
use super::invoices::{Request, Service};

/// The order in which so many ways take their turns in a round: another one in each round, and the same in each run, so that none
/// always follows the same other one.
pub(crate) fn order(ways: usize, round: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..ways).collect();
    fastrand::Rng::with_seed(round as u64).shuffle(&mut order);
    order
}

/// What clients saw.
pub(crate) struct Seen {
    /// In nanoseconds, of the requests that went well.
    latency: Histogram<u64>,
    pub(crate) failed: u64,
    took: Duration,
    cpu: Duration,
}

impl Seen {
    pub(crate) fn new() -> Self {
        let latency = Histogram::new(3).expect("three digits are allowed");
        Self { latency, failed: 0, took: Duration::ZERO, cpu: Duration::ZERO }
    }

    fn answered(&mut self, after: Duration, well: bool) {
        if well {
            let nanos = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
            self.latency.record(nanos).expect("a histogram grows by itself");
        } else {
            self.failed += 1;
        }
    }

    /// What both saw, one after the other.
    pub(crate) fn add(&mut self, later: &Self) {
        self.latency.add(&later.latency).expect("a histogram grows by itself");
        self.failed += later.failed;
        self.took += later.took;
        self.cpu += later.cpu;
    }

    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.latency.len() as f64 / self.took.as_secs_f64()
    }

    /// The latency that this share of the requests stayed below, in milliseconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        self.latency.value_at_quantile(share) as f64 / 1e6
    }

    /// Microseconds of the processor for each request: all threads of this process, clients and drivers included.
    pub(crate) fn cpu_each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / (self.latency.len().max(1)) as f64
    }
}

/// Something that makes one request after another, and says of each whether it went well.
pub(crate) trait Client: Send + 'static {
    fn ask(&mut self) -> impl Future<Output = bool> + Send;
}

/// A client of a service inside of this process.
pub(crate) struct Direct<F> {
    pub(crate) service: Service,
    pub(crate) next: F,
}

impl<F: FnMut() -> Request + Send + 'static> Client for Direct<F> {
    async fn ask(&mut self) -> bool {
        let answer = self.service.clone().oneshot((self.next)()).await;
        answer.is_ok()
    }
}

/// So many clients of one service.
pub(crate) fn clients<F>(service: &Service, number: usize, next: F) -> Vec<Direct<F>>
where
    F: FnMut() -> Request + Clone,
{
    (0..number).map(|_| Direct { service: service.clone(), next: next.clone() }).collect()
}

/// Each client asks again as soon as it has its answer.
pub(crate) async fn closed(clients: Vec<impl Client>, lasts: Duration) -> Seen {
    let (start, cpu_before) = (Instant::now(), cpu());
    let mut running = JoinSet::new();
    for mut client in clients {
        running.spawn(async move {
            let mut seen = Seen::new();
            while start.elapsed() < lasts {
                let asked = Instant::now();
                let well = client.ask().await;
                seen.answered(asked.elapsed(), well);
            }
            seen
        });
    }
    let mut seen = Seen::new();
    running.join_all().await.iter().for_each(|client| seen.add(client));
    (seen.took, seen.cpu) = (start.elapsed(), cpu().saturating_sub(cpu_before));
    seen
}

/// A request every `1 / rate` seconds; its latency counts from when it should have been made.
pub(crate) async fn open(
    service: Service,
    rate: u32,
    lasts: Duration,
    next: impl Fn() -> Request + Send + 'static,
) -> Seen {
    let (start, cpu_before) = (Instant::now(), cpu());
    let requests = (f64::from(rate) * lasts.as_secs_f64()) as u32;
    // On a thread: the runtime's timers are too coarse, and the runtime may be busy.
    let made = spawn_blocking(move || {
        let mut running = JoinSet::new();
        for number in 0..requests {
            let due = start + Duration::from_secs(1) / rate * number;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let (service, request) = (service.clone(), next());
            running.spawn(async move { (service.oneshot(request).await.is_ok(), due.elapsed()) });
        }
        running
    });
    let running = made.await.expect("no panic");
    let mut seen = Seen::new();
    running.join_all().await.into_iter().for_each(|(well, after)| seen.answered(after, well));
    (seen.took, seen.cpu) = (start.elapsed(), cpu().saturating_sub(cpu_before));
    seen
}
