//! [`MismatchMetricsLayer`].

use std::sync::Arc;
use std::time::Duration;

use tower::Layer;

use super::bounds::{Room, ShadowBounds};
use super::samples::Samples;
use super::service::MismatchMetrics;
use super::shadow::{EVENTS_MAX, Watch};

use crate::per_second::PerSecond;

/// How many mismatches are kept to look at unless [`MismatchMetricsLayer::samples_max`] says otherwise.
const SAMPLES_MAX: usize = 100;

/// Repeats reads on the other store and counts how the answers compare: see the [module docs](super).
#[derive(Clone, Debug)]
pub struct MismatchMetricsLayer<C> {
    compare: C,
    bounds: ShadowBounds,
    room: Arc<Room>,
    samples: Samples,
}

impl<C> MismatchMetricsLayer<C> {
    /// Compares answers by a [`Compare`](super::Compare), within [`ShadowBounds::default`].
    #[must_use]
    pub fn new(compare: C) -> Self {
        let bounds = ShadowBounds::default();
        Self { compare, bounds, room: Arc::new(Room::new(&bounds)), samples: Samples::new(SAMPLES_MAX) }
    }

    /// How many shadow reads may run at once, those that wait to look again included; 64 by default.
    #[must_use]
    pub fn in_flight_max(self, in_flight_max: usize) -> Self {
        self.bounded(|bounds| bounds.in_flight_max = in_flight_max)
    }

    /// How many shadow reads may begin within each second on the clock; 500 by default. A mismatch costs three more
    /// reads, so legacy and the target together never get more than four times as many.
    #[must_use]
    pub fn rate_max(self, rate_max: u32) -> Self {
        self.bounded(|bounds| bounds.rate_max = rate_max)
    }

    /// How long one shadow read may take; 1 s by default.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        self.bounded(|bounds| bounds.deadline = deadline)
    }

    /// How long after a mismatch was found both stores are read again; 200 ms by default. Longer than a copy takes.
    #[must_use]
    pub fn confirm_delay(self, confirm_delay: Duration) -> Self {
        self.bounded(|bounds| bounds.confirm_delay = confirm_delay)
    }

    /// How many mismatches are kept to look at, the oldest forgotten first; 100 by default.
    #[must_use]
    pub fn samples_max(self, samples_max: usize) -> Self {
        Self { samples: Samples::new(samples_max), ..self }
    }

    /// The bounds in force.
    #[must_use]
    pub const fn bounds(&self) -> ShadowBounds {
        self.bounds
    }

    /// A handle to the newest mismatches; take it after [`samples_max`](Self::samples_max).
    #[must_use]
    pub fn samples(&self) -> Samples {
        self.samples.clone()
    }

    fn bounded(mut self, change: impl FnOnce(&mut ShadowBounds)) -> Self {
        change(&mut self.bounds);
        self.room = Arc::new(Room::new(&self.bounds));
        self
    }
}

impl<S, C: Clone + 'static> Layer<S> for MismatchMetricsLayer<C> {
    type Service = MismatchMetrics<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        let watch = Watch {
            compare: self.compare.clone(),
            bounds: self.bounds,
            room: Arc::clone(&self.room),
            samples: self.samples.clone(),
            events: PerSecond::new(EVENTS_MAX),
        };
        MismatchMetrics::new(inner, watch)
    }
}
