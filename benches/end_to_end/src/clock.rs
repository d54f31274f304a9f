//! What the process has used.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// How often the memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The processor's time of this process, all of its threads.
pub(crate) fn cpu() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(used.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(used.tv_nsec).unwrap_or_default())
}

/// The memory of this process that is in use, in MB; 0 where the system does not say.
pub(crate) fn resident_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1_024.0
}

/// The most memory that this process had since it was watched.
pub(crate) struct HighestMemory {
    /// When it began to be watched.
    began_mb: f64,
    kilobytes: Arc<AtomicU64>,
    looks: JoinHandle<()>,
}

impl HighestMemory {
    pub(crate) fn watch() -> Self {
        let kilobytes = Arc::new(AtomicU64::new(0));
        let highest = Arc::clone(&kilobytes);
        let looks = tokio::spawn(async move {
            loop {
                highest.fetch_max((resident_mb() * 1_024.0) as u64, Ordering::Relaxed);
                sleep(LOOK_EVERY).await;
            }
        });
        Self { began_mb: resident_mb(), kilobytes, looks }
    }

    /// How much more than when it began to be watched, in MB.
    pub(crate) fn grown_mb(&self) -> f64 {
        (self.mb() - self.began_mb).max(0.0)
    }

    /// In MB.
    pub(crate) fn mb(&self) -> f64 {
        self.kilobytes.load(Ordering::Relaxed) as f64 / 1_024.0
    }
}

impl Drop for HighestMemory {
    fn drop(&mut self) {
        self.looks.abort();
    }
}
