//! Events of the folder, and waiting until they rest.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

/// How long events have to rest before the file is read: whoever writes it has ended by then.
pub(super) const DEBOUNCE: Duration = Duration::from_millis(250);
/// The longest wait for events to rest.
pub(super) const DEBOUNCE_MAX: Duration = Duration::from_secs(2);

/// Tells of any event in one folder. Without events - too many watches, a file system that has none - the file is
/// polled all the same.
pub(super) struct Events {
    told: Arc<Notify>,
    watcher: Option<RecommendedWatcher>,
    armed: bool,
}

impl Events {
    pub(super) fn of(folder: &Path) -> Self {
        let told = Arc::new(Notify::new());
        let teller = Arc::clone(&told);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if tells(&event) {
                teller.notify_one();
            }
        });
        if let Err(error) = &watcher {
            tracing::warn!(%error, "the config file is polled only: this system tells of no events");
        }
        let mut events = Self { told, watcher: watcher.ok(), armed: false };
        events.arm(folder);
        events
    }

    /// Watches the folder, again when it had gone away.
    pub(super) fn arm(&mut self, folder: &Path) {
        let Some(watcher) = &mut self.watcher else { return };
        let armed = watcher.watch(folder, RecursiveMode::NonRecursive);
        if let (true, Err(error)) = (self.armed, &armed) {
            tracing::warn!(%error, "the config file is polled only, until its folder can be watched again");
        }
        self.armed = armed.is_ok();
    }

    pub(super) const fn is_armed(&self) -> bool {
        self.armed
    }

    /// Something happened in the folder.
    pub(super) async fn happened(&self) {
        self.told.notified().await;
    }

    /// Nothing has happened for [`DEBOUNCE`], or it never rests.
    pub(super) async fn rest(&self) {
        let at_most = Instant::now() + DEBOUNCE_MAX;
        loop {
            tokio::select! {
                () = self.told.notified() => {}
                () = sleep(DEBOUNCE) => return,
                () = sleep_until(at_most) => return,
            }
        }
    }
}

/// Reading the file is an event too, and would make it be read for ever.
fn tells(event: &notify::Result<notify::Event>) -> bool {
    let Ok(event) = event else { return true };
    match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn events_that_never_rest_do_not_keep_the_file_from_being_read() {
        let folder = tempfile::tempdir().unwrap();
        let events = Events::of(folder.path());
        let told = Arc::clone(&events.told);
        let busy = tokio::spawn(async move {
            loop {
                told.notify_one();
                sleep(DEBOUNCE / 2).await;
            }
        });
        let start = Instant::now();
        events.rest().await;
        assert_eq!(start.elapsed(), DEBOUNCE_MAX);
        busy.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn one_event_is_waited_for_as_long_as_a_writer_may_take() {
        let folder = tempfile::tempdir().unwrap();
        let events = Events::of(folder.path());
        let start = Instant::now();
        events.rest().await;
        assert_eq!(start.elapsed(), DEBOUNCE);
    }

    #[test]
    fn reading_the_file_is_no_event() {
        let of = |kind| Ok(notify::Event::new(kind));
        assert!(!tells(&of(EventKind::Access(AccessKind::Open(AccessMode::Any)))));
        assert!(!tells(&of(EventKind::Access(AccessKind::Close(AccessMode::Read)))));
        assert!(tells(&of(EventKind::Access(AccessKind::Close(AccessMode::Write)))));
        assert!(tells(&of(EventKind::Any)));
        assert!(tells(&Err(notify::Error::generic("the queue ran over"))));
    }
}
