//! [`RouteLayer`].

use tower::Layer;

use super::handle::RoutingHandle;
use super::request::ByRequest;
use super::service::Route;

/// Makes one plan for each request: see the [module docs](super).
#[derive(Clone, Copy, Debug)]
pub struct RouteLayer<C = ByRequest> {
    routing: RoutingHandle,
    classify: C,
}

impl RouteLayer {
    /// Routes requests that say themselves what they are, by [`StorageRequest`](super::StorageRequest).
    #[must_use]
    pub const fn new(routing: RoutingHandle) -> Self {
        Self { routing, classify: ByRequest }
    }
}

impl<C> RouteLayer<C> {
    /// Asks `classify` what a request is, in place of the request itself: a closure
    /// `|request: &Req| -> Option<(Operation, Scopes)>`, or a [`Classify`](super::Classify).
    #[must_use]
    pub fn classified_by<D>(self, classify: D) -> RouteLayer<D> {
        RouteLayer { routing: self.routing, classify }
    }
}

impl<S, C: Clone> Layer<S> for RouteLayer<C> {
    type Service = Route<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        Route::new(inner, self.routing, self.classify.clone())
    }
}
