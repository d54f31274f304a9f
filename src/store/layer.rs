//! [`TargetLayer`].

use tower::Layer;

use super::pair::StorePair;

/// Puts the target beside the legacy service that it wraps: see the [module docs](super).
#[derive(Clone, Copy, Debug)]
pub struct TargetLayer<T> {
    target: T,
}

impl<T> TargetLayer<T> {
    /// The store that you move to: any service with the requests, answers and errors of the legacy one.
    pub const fn new(target: T) -> Self {
        Self { target }
    }
}

impl<L, T: Clone> Layer<L> for TargetLayer<T> {
    type Service = StorePair<L, T>;

    fn layer(&self, legacy: L) -> Self::Service {
        StorePair::new(legacy, self.target.clone())
    }
}
