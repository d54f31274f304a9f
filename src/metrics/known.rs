//! What the journal knows, asked now and then: its answer has to come from its writer, so no scrape waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::time::{Instant, timeout};

use crate::journal::{JournalStatus, Micros};
use crate::route::{Core, RoutingHandle};

/// How old the last answer of the journal may be before it is asked again: it counts the marks for it, which takes a
/// while when there are many.
pub const STATUS_EVERY: Duration = Duration::from_secs(10);
/// How long the journal may take to say its status.
const STATUS_WAIT: Duration = Duration::from_secs(2);

/// One migration and the last that its journal said.
#[derive(Debug)]
pub(super) struct Migration {
    pub(super) name: String,
    pub(super) core: &'static Core,
    known: ArcSwapOption<Known>,
    asking: AtomicBool,
}

/// What the journal said when it was last asked.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Its last status; none before the first.
    pub(super) status: Option<Arc<JournalStatus>>,
    /// When that was.
    pub(super) at: Micros,
    /// Whether it answered the last time.
    pub(super) reachable: bool,
    asked: Instant,
}

/// Lets the next one ask, also when this one is dropped while it waits.
struct Asking<'a>(&'a AtomicBool);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Migration {
    pub(super) fn new(name: String, routing: RoutingHandle) -> Self {
        Self { name, core: routing.0, known: ArcSwapOption::empty(), asking: AtomicBool::new(false) }
    }

    pub(super) fn known(&self) -> Option<Known> {
        self.known.load().as_deref().cloned()
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.known.load().as_ref().is_some_and(|known| known.asked.elapsed() < STATUS_EVERY)
    }

    /// Asks the journal, unless somebody is asking already.
    pub(super) async fn refresh(&self) {
        if self.asking.swap(true, Ordering::SeqCst) {
            return;
        }
        let _asking = Asking(&self.asking);
        let answer = timeout(STATUS_WAIT, self.core.journal.status()).await;
        let known = match answer {
            Ok(Ok(status)) => Known {
                status: Some(Arc::new(status)),
                at: self.core.journal.now(),
                reachable: true,
                asked: Instant::now(),
            },
            Ok(Err(_)) | Err(_) => self.unreachable(),
        };
        self.known.store(Some(Arc::new(known)));
    }

    fn unreachable(&self) -> Known {
        let last = self.known();
        Known {
            at: last.as_ref().map_or(0, |known| known.at),
            status: last.and_then(|known| known.status),
            reachable: false,
            asked: Instant::now(),
        }
    }
}
