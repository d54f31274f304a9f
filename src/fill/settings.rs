//! [`Fill`] and [`FillControl`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Notify, watch};

use crate::copy::Copier;
use crate::journal::FillProgress;

/// Copies everything: see the [module docs](super).
#[derive(Debug)]
#[must_use = "a fill does nothing until it is run"]
pub struct Fill<L: 'static, T: 'static> {
    pub(super) copier: Copier<L, T>,
    pub(super) records_per_second_max: u32,
    pub(super) control: Arc<Control>,
    pub(super) progress: watch::Sender<FillProgress>,
}

#[derive(Debug, Default)]
pub(super) struct Control {
    paused: AtomicBool,
    stopped: AtomicBool,
    changed: Notify,
}

impl<L, T> Fill<L, T> {
    /// A fill with this copier, whose page size and concurrency it uses.
    pub fn new(copier: Copier<L, T>) -> Self {
        let progress = watch::Sender::new(FillProgress::default());
        Self { copier, records_per_second_max: u32::MAX, control: Arc::default(), progress }
    }

    /// At most about this many records a second. Default: as fast as the stores take them.
    pub fn records_per_second_max(mut self, records: u32) -> Self {
        self.records_per_second_max = records.max(1);
        self
    }

    /// Pauses, resumes and stops it from elsewhere.
    #[must_use]
    pub fn control(&self) -> FillControl {
        FillControl(Arc::clone(&self.control))
    }

    /// How far it is, after each page.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<FillProgress> {
        self.progress.subscribe()
    }
}

/// Pauses, resumes and stops a fill.
#[derive(Clone, Debug)]
pub struct FillControl(Arc<Control>);

impl FillControl {
    /// Begins no more pages until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.0.set(&self.0.paused, true);
    }

    /// Goes on.
    pub fn resume(&self) {
        self.0.set(&self.0.paused, false);
    }

    /// Ends it after the page that runs; the checkpoint stays.
    pub fn stop(&self) {
        self.0.set(&self.0.stopped, true);
    }
}

impl Control {
    fn set(&self, flag: &AtomicBool, value: bool) {
        flag.store(value, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    fn is_paused(&self) -> bool {
        self.paused.load(Ordering::SeqCst)
    }

    /// Waits while it is paused. What would be held meanwhile is dropped before, by the same look that decides to wait: a page
    /// in the gate would keep every drain until somebody resumes.
    pub(super) async fn resumed<T>(&self, held: &mut Option<T>) {
        loop {
            // Hears of a change from here on, before it is polled, too.
            let changed = self.changed.notified();
            if !self.is_paused() || self.is_stopped() {
                return;
            }
            *held = None;
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_test::{assert_pending, assert_ready, task};

    use super::*;

    #[test]
    fn what_is_held_is_dropped_before_it_waits_and_kept_where_it_does_not() {
        let (control, mut held) = (Control::default(), Some(Arc::new(())));
        let page = held.as_ref().map(Arc::downgrade).unwrap();
        assert_ready!(task::spawn(control.resumed(&mut held)).poll());
        assert_eq!(page.strong_count(), 1);

        control.set(&control.paused, true);
        let mut resumed = task::spawn(control.resumed(&mut held));
        assert_pending!(resumed.poll());
        assert_eq!(page.strong_count(), 0);
        control.set(&control.paused, false);
        assert_ready!(resumed.poll());
    }
}
