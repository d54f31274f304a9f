//! [`ReconcilerHandle`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Pauses, resumes and stops a running reconciler. Dropping the handle leaves it running.
#[derive(Debug)]
pub struct ReconcilerHandle {
    pub(super) control: Arc<Control>,
    pub(super) task: JoinHandle<()>,
}

/// What the handle tells the task.
#[derive(Debug, Default)]
pub(super) struct Control {
    paused: AtomicBool,
    stopped: AtomicBool,
    changed: Notify,
}

impl Control {
    pub(super) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::SeqCst)
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn set(&self, flag: &AtomicBool, value: bool) {
        flag.store(value, Ordering::SeqCst);
        self.changed.notify_one();
    }
}

impl ReconcilerHandle {
    /// Claims nothing more until [`resume`](Self::resume); repairs that run end.
    pub fn pause(&self) {
        self.control.set(&self.control.paused, true);
    }

    /// Goes on claiming.
    pub fn resume(&self) {
        self.control.set(&self.control.paused, false);
    }

    /// Stops in order: claims nothing more and waits for the repairs that run.
    pub async fn stop(self) {
        self.control.set(&self.control.stopped, true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the reconciler ended by a panic; its claims lapse");
        }
    }
}
