//! [`SqlService`]: requests, each in a task of its own.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use sqlx::{Executor, Pool};
use tokio::task::JoinHandle;
use tower::Service;
use tracing::Instrument;

use super::dialect::Dialect;
use super::overdue::Reaper;
use super::store::SqlStore;
use crate::route::{Deadline, Leg};

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
        // All of it is chosen here: the task does not know why it was called.
        let own = Deadline::of_its_own(self.store.inner.settings.deadline);
        let deadline = Deadline::current().map_or(own, |leg| own.min(leg));
        // What ends with its leg alone is a read, and has time left that its statement may need.
        let reaper =
            (deadline == own && Leg::current() != Leg::Shadow).then(|| Arc::clone(&self.store.inner.reaper));
        let work = (self.handler)(self.store.pool().clone(), request);
        let task = async move {
            deadline.keep(work).await.unwrap_or_else(|_| {
                reaper.iter().for_each(Reaper::given_up);
                Err(E::from(given_up()))
            })
        };
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

#[cfg(test)]
#[cfg(feature = "mysql")]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use tokio::time::Instant;
    use tower::ServiceExt;

    use super::*;

    const OWN: Duration = Duration::from_secs(3);
    const LEG: Duration = Duration::from_millis(200);

    /// How long a request that hangs runs, and what becomes of it.
    async fn hangs(leg: Duration) -> (Duration, String) {
        let store = SqlStore::<sqlx::MySql>::builder("mysql://db/billing").deadline(OWN).open_lazy().unwrap();
        let (ended, began) = (tokio::sync::oneshot::channel::<()>(), Instant::now());
        let (runs, mut over) = ended;
        let runs = std::sync::Mutex::new(Some(runs));
        let service = store.service(move |_, ()| {
            let runs = runs.lock().unwrap().take();
            async move {
                let _runs = runs; // dropped with the request
                pending::<Result<(), sqlx::Error>>().await
            }
        });
        let answer = Deadline::within(leg).keep(service.oneshot(())).await;
        let _: Result<(), _> = (&mut over).await;
        (began.elapsed(), format!("{answer:?}"))
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_given_up_at_the_earlier_of_its_deadline_and_that_of_its_leg() {
        assert_eq!(hangs(Duration::from_secs(60)).await.0, OWN);
        assert_eq!(hangs(LEG).await.0, LEG, "nobody takes the answer any more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_given_up_says_so() {
        let (_, answer) = hangs(Duration::from_secs(60)).await;
        assert!(answer.contains("TimedOut"), "{answer}");
    }

    /// Nobody listens there.
    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_looked_for_is_in_doubt_after_a_while() {
        let store = SqlStore::<sqlx::MySql>::builder("mysql://127.0.0.1:1/billing").deadline(OWN);
        let store = store.open_lazy().unwrap();
        let hangs = store.service(|_, ()| pending::<Result<(), sqlx::Error>>());
        let _late = tokio::join!(hangs.clone().oneshot(()), hangs.clone().oneshot(()));
        let began = Instant::now();
        while store.overdue().unconfirmed == 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let (took, at_most) = (began.elapsed(), OWN + Duration::from_secs(36));
        assert!(OWN + Duration::from_secs(30) <= took && took < at_most, "{took:?}");
        tokio::time::sleep(at_most).await;
        assert_eq!((store.overdue().unconfirmed, store.overdue().confirmed), (1, 0), "once for both");
        hangs.oneshot(()).await.unwrap_err();
        tokio::time::sleep(at_most).await;
        assert_eq!(store.overdue().unconfirmed, 2, "and again");
    }
}
