//! [`CassandraService`]: requests, each a future of the caller's.

use std::fmt;
use std::future::Future;
use std::task::{Context, Poll};

use tower::Service;

use super::session::Cassandra;

/// A [`Cassandra`] and a handler as a tower service: see [`Cassandra::service`].
#[derive(Clone)]
pub struct CassandraService<F> {
    store: Cassandra,
    handler: F,
}

impl<F> CassandraService<F> {
    pub(super) const fn new(store: Cassandra, handler: F) -> Self {
        Self { store, handler }
    }
}

impl<F, Req, Fut, Res, E> Service<Req> for CassandraService<F>
where
    F: Fn(Cassandra, Req) -> Fut,
    Fut: Future<Output = Result<Res, E>>,
{
    type Response = Res;
    type Error = E;
    type Future = Fut;

    /// Always ready: a statement that finds no connection says so.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Fut {
        (self.handler)(self.store.clone(), request)
    }
}

impl<F> fmt::Debug for CassandraService<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CassandraService").field("store", &self.store).finish_non_exhaustive()
    }
}
