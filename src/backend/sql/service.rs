//! [`SqlService`]: requests, each in a task of its own.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use sqlx::{Executor, Pool};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::Service;
use tracing::Instrument;

use super::dialect::Dialect;
use super::store::SqlStore;

/// A [`SqlStore`] and a handler as a tower service: see [`SqlStore::service`].
pub struct SqlService<DB: Dialect, F> {
    store: SqlStore<DB>,
    handler: F,
}

impl<DB: Dialect, F> SqlService<DB, F> {
    pub(super) const fn new(store: SqlStore<DB>, handler: F) -> Self {
        Self { store, handler }
    }
}

impl<DB, F, Req, Fut, Res, E> Service<Req> for SqlService<DB, F>
where
    DB: Dialect,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    F: Fn(Pool<DB>, Req) -> Fut,
    Fut: Future<Output = Result<Res, E>> + Send + 'static,
    Res: Send + 'static,
    E: From<sqlx::Error> + Send + 'static,
{
    type Response = Res;
    type Error = E;
    type Future = ResponseFuture<Res, E>;

    /// Always ready: a connection is awaited inside of the call, with a bound of its own.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        // Chosen here: the task does not know why it was called.
        let work = (self.handler)(self.store.pool().clone(), request);
        let work = timeout(self.store.settings.deadline, work);
        let task = async move { work.await.unwrap_or_else(|_| Err(E::from(given_up()))) };
        ResponseFuture { task: tokio::spawn(task.in_current_span()) }
    }
}

fn given_up() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the request was given up at its deadline"))
}

/// The future of [`SqlService`]. Dropping it leaves the request running.
#[derive(Debug)]
pub struct ResponseFuture<Res, E> {
    task: JoinHandle<Result<Res, E>>,
}

impl<Res, E: From<sqlx::Error>> Future for ResponseFuture<Res, E> {
    type Output = Result<Res, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match ready!(Pin::new(&mut self.task).poll(cx)) {
            Ok(answer) => Poll::Ready(answer),
            Err(ended) if ended.is_panic() => resume_unwind(ended.into_panic()),
            // The runtime ends, and nobody knows what became of the request.
            Err(_) => Poll::Ready(Err(E::from(sqlx::Error::WorkerCrashed))),
        }
    }
}

impl<DB: Dialect, F: Clone> Clone for SqlService<DB, F> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), handler: self.handler.clone() }
    }
}

impl<DB: Dialect, F> fmt::Debug for SqlService<DB, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlService").field("store", &self.store).finish_non_exhaustive()
    }
}
