//! [`SqlService`]: requests that go on when their callers go away.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use sqlx::{Executor, Pool};
use tokio::runtime::Handle;
use tower::Service;
use tracing::Instrument;

use super::dialect::Dialect;
use super::overdue::Reaper;
use super::store::SqlStore;
use crate::cut_off;
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
        // All of it is chosen here: a task that it may end in does not know why it was called.
        let own = Deadline::of_its_own(self.store.inner.settings.deadline);
        let deadline = Deadline::current().map_or(own, |leg| own.min(leg));
        // What ends with its leg alone is a read, and has time left that its statement may need.
        let reaper =
            (deadline == own && Leg::current() != Leg::Shadow).then(|| Arc::clone(&self.store.inner.reaper));
        let work = (self.handler)(self.store.pool().clone(), request);
        ResponseFuture::new(async move {
            let answer = deadline.keep(NotLate { deadline, work }).await;
            answer.ok().flatten().unwrap_or_else(|| {
                reaper.iter().for_each(Reaper::given_up);
                Err(E::from(given_up()))
            })
        })
    }
}

pin_project! {
    /// Work that is not polled any more when its deadline has passed: a caller that did not poll for a while would otherwise send
    /// one more statement then, which nobody expects. None in place of its output.
    struct NotLate<F> {
        deadline: Deadline,
        #[pin]
        work: F,
    }
}

impl<F: Future> Future for NotLate<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let this = self.project();
        if this.deadline.has_passed() {
            // `keep` takes it for an output, and would not say it.
            cut_off::note();
            return Poll::Ready(None);
        }
        this.work.poll(cx).map(Some)
    }
}

fn given_up() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the request was given up at its deadline"))
}

type Boxed<Res, E> = Pin<Box<dyn Future<Output = Result<Res, E>> + Send>>;

/// The future of [`SqlService`]. A request that has begun goes on in a task when this is dropped before its end.
pub struct ResponseFuture<Res: Send + 'static, E: Send + 'static> {
    /// None after the end.
    work: Option<Boxed<Res, E>>,
    /// Where it has begun: its connection and its timer belong there.
    runtime: Option<Handle>,
}

impl<Res: Send, E: Send> ResponseFuture<Res, E> {
    fn new(work: impl Future<Output = Result<Res, E>> + Send + 'static) -> Self {
        Self { work: Some(Box::pin(work)), runtime: None }
    }
}

impl<Res: Send, E: Send> Future for ResponseFuture<Res, E> {
    type Output = Result<Res, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Taken, so that work that panics is not polled again.
        let Some(mut work) = self.work.take() else { return Poll::Pending };
        if self.runtime.is_none() {
            self.runtime = Handle::try_current().ok();
        }
        let polled = work.as_mut().poll(cx);
        if polled.is_pending() {
            self.work = Some(work);
        }
        polled
    }
}

impl<Res: Send + 'static, E: Send + 'static> Drop for ResponseFuture<Res, E> {
    fn drop(&mut self) {
        if let (Some(work), Some(runtime)) = (self.work.take(), &self.runtime) {
            // A runtime that has ended drops the work at once, and sqlx looks for one there.
            let _entered = runtime.enter();
            drop(runtime.spawn(work.in_current_span()));
        }
    }
}

impl<Res: Send, E: Send> fmt::Debug for ResponseFuture<Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
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
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::runtime::Runtime;
    use tokio::sync::Notify;
    use tokio::time::Instant;
    use tokio_test::{assert_pending, assert_ready, task};
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

    /// A service whose requests wait for a word, and how many have ended.
    struct Held {
        service: SqlService<sqlx::MySql, Handler>,
        word: Arc<Notify>,
        ended: Arc<AtomicUsize>,
        /// Those of the pool.
        tasks_before: usize,
    }

    /// As one of sqlx, which goes back to its pool in a task.
    struct Connection;

    impl Drop for Connection {
        fn drop(&mut self) {
            drop(Handle::current());
        }
    }

    type Handler = Box<dyn Fn(Pool<sqlx::MySql>, ()) -> BoxFuture + Send>;
    type BoxFuture = Pin<Box<dyn Future<Output = Result<usize, sqlx::Error>> + Send>>;

    fn held() -> Held {
        let store = SqlStore::<sqlx::MySql>::builder("mysql://db/billing").deadline(OWN).open_lazy().unwrap();
        let (word, ended) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let seen = (Arc::clone(&word), Arc::clone(&ended));
        let handler: Handler = Box::new(move |_, ()| {
            let (word, ended) = seen.clone();
            Box::pin(async move {
                let _held = Connection;
                word.notified().await;
                Ok(ended.fetch_add(1, Ordering::Relaxed) + 1)
            })
        });
        Held { service: store.service(handler), word, ended, tasks_before: tasks() }
    }

    impl Held {
        fn tasks(&self) -> usize {
            tasks() - self.tasks_before
        }
    }

    fn tasks() -> usize {
        Handle::current().metrics().num_alive_tasks()
    }

    #[tokio::test]
    async fn a_request_whose_caller_waits_needs_no_task() {
        let mut held = held();
        let mut request = task::spawn(held.service.call(()));
        assert_pending!(request.poll());
        held.word.notify_one();
        assert_eq!(assert_ready!(request.poll()).unwrap(), 1);
        drop(request);
        assert_eq!(held.tasks(), 0);
    }

    #[tokio::test]
    async fn a_request_that_has_begun_goes_on_when_its_caller_goes_away() {
        let mut held = held();
        let mut request = task::spawn(held.service.call(()));
        assert_pending!(request.poll());
        drop(request);
        assert_eq!(held.tasks(), 1);
        held.word.notify_one();
        while held.tasks() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(held.ended.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_whose_caller_has_gone_away_is_given_up_at_its_deadline_too() {
        let mut held = held();
        let mut request = task::spawn(held.service.call(()));
        assert_pending!(request.poll());
        tokio::time::sleep(OWN / 2).await;
        drop(request);
        let requests = || Arc::strong_count(&held.ended) - 2;
        tokio::time::sleep(OWN / 2 - Duration::from_millis(10)).await;
        assert_eq!(requests(), 1);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!((requests(), held.ended.load(Ordering::Relaxed)), (0, 0));
    }

    #[tokio::test]
    async fn a_request_that_was_never_polled_does_not_begin() {
        let mut held = held();
        held.word.notify_one();
        drop(held.service.call(()));
        assert_eq!((held.tasks(), held.ended.load(Ordering::Relaxed)), (0, 0));
    }

    #[tokio::test]
    async fn a_request_that_panics_is_not_polled_again() {
        let store = SqlStore::<sqlx::MySql>::builder("mysql://db/billing").open_lazy().unwrap();
        let mut panics = store.service(|_, ()| async {
            tokio::task::yield_now().await;
            if true {
                panic!("in the handler")
            }
            Ok::<_, sqlx::Error>(())
        });
        let before = tasks();
        let mut request = task::spawn(panics.call(()));
        assert_pending!(request.poll());
        catch_unwind(AssertUnwindSafe(|| request.poll())).unwrap_err();
        drop(request);
        assert_eq!(tasks(), before);
    }

    /// A request that has begun and waits, in a runtime that nobody has entered.
    fn begun_in_a_runtime() -> (Runtime, Held, task::Spawn<ResponseFuture<usize, sqlx::Error>>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (held, request) = runtime.block_on(async {
            let mut held = held();
            let mut request = task::spawn(held.service.call(()));
            assert_pending!(request.poll());
            (held, request)
        });
        (runtime, held, request)
    }

    #[test]
    fn a_request_that_is_dropped_outside_of_its_runtime_goes_on_there() {
        let (runtime, held, request) = begun_in_a_runtime();
        drop(request);
        held.word.notify_one();
        runtime.block_on(async {
            while held.tasks() > 0 {
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(held.ended.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_request_whose_runtime_has_ended_is_dropped_with_its_caller() {
        let (runtime, held, request) = begun_in_a_runtime();
        drop(runtime);
        drop(request);
        assert_eq!(Arc::strong_count(&held.ended), 2, "the request is gone");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_was_not_polled_until_its_deadline_asks_for_nothing_more() {
        let mut held = held();
        let mut request = task::spawn(held.service.call(()));
        assert_pending!(request.poll());
        held.word.notify_one();
        tokio::time::advance(OWN).await;
        let answer = assert_ready!(request.poll());
        assert!(format!("{answer:?}").contains("TimedOut"), "{answer:?}");
        assert!(cut_off::within(Duration::ZERO));
        assert_eq!(held.ended.load(Ordering::Relaxed), 0);
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
