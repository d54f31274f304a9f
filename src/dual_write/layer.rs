//! [`DualWriteLayer`].

use tower::Layer;

use super::service::DualWrite;
use super::written::AsNamed;
use crate::data::ErrorIsUnknown;

/// Marks, writes, copies and unmarks: see the [module docs](super).
#[derive(Clone, Copy, Debug)]
pub struct DualWriteLayer<C, K = ErrorIsUnknown, W = AsNamed> {
    pub(super) copier: C,
    pub(super) classify: K,
    pub(super) written: W,
}

impl<C> DualWriteLayer<C> {
    /// Copies with this copier; every error of the authority is unknown, and what the request named is copied.
    pub const fn new(copier: C) -> Self {
        Self { copier, classify: ErrorIsUnknown, written: AsNamed }
    }
}

impl<C, K, W> DualWriteLayer<C, K, W> {
    /// Says what the answers of the authority mean: a closure `Fn(Result<&Res, &Err>) -> Outcome`, or a
    /// [`ClassifyOutcome`](crate::data::ClassifyOutcome).
    #[must_use]
    pub fn classified_by<N>(self, classify: N) -> DualWriteLayer<C, N, W> {
        DualWriteLayer { copier: self.copier, classify, written: self.written }
    }

    /// Says what a write has written, once its answer is there: a closure `Fn(&Scopes, &Res) -> Scopes`, or a
    /// [`Written`](super::Written).
    #[must_use]
    pub fn written<N>(self, written: N) -> DualWriteLayer<C, K, N> {
        DualWriteLayer { copier: self.copier, classify: self.classify, written }
    }
}

impl<S, C: Clone, K: Clone, W: Clone> Layer<S> for DualWriteLayer<C, K, W> {
    type Service = DualWrite<S, C, K, W>;

    fn layer(&self, inner: S) -> Self::Service {
        DualWrite { inner, layer: self.clone() }
    }
}
