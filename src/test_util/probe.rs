//! [`ReadinessProbe`]: a service that insists on being asked for readiness.

use std::task::{Context, Poll};

use tower::Service;

/// Wraps a service and panics when it is called without having been ready: once for each call, and a clone is not
/// ready because the original was. Put it under a layer to see that the layer keeps tower's contract.
///
/// ```should_panic
/// use crossfade::test_util::{MemoryStore, ReadinessProbe, Request};
/// use tower::Service;
///
/// let mut store = ReadinessProbe::new(MemoryStore::target());
/// let answer = store.call(Request::List { group: 1 }); // nobody asked whether it is ready
/// # drop(answer);
/// ```
#[derive(Debug)]
pub struct ReadinessProbe<S> {
    inner: S,
    ready: bool,
}

impl<S> ReadinessProbe<S> {
    /// The probe around `inner`, not yet ready.
    pub const fn new(inner: S) -> Self {
        Self { inner, ready: false }
    }

    /// The service inside.
    pub const fn inner(&self) -> &S {
        &self.inner
    }
}

/// Not ready, whatever the original was.
impl<S: Clone> Clone for ReadinessProbe<S> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone())
    }
}

impl<S: Service<Req>, Req> Service<Req> for ReadinessProbe<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let readiness = self.inner.poll_ready(cx);
        self.ready = matches!(readiness, Poll::Ready(Ok(())));
        readiness
    }

    /// Calls the service inside.
    ///
    /// # Panics
    /// When `poll_ready` has not said `Ready(Ok(()))` since the last call.
    fn call(&mut self, request: Req) -> S::Future {
        assert!(self.ready, "called without having been ready: `poll_ready` has to say so before each call");
        self.ready = false;
        self.inner.call(request)
    }
}
