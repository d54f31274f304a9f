//! A store that suspends each call once, as every store does that waits for an answer.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crossfade::data::{Outcome, Page, RecordKey, RecordStore, Stamp};
use tower::Service;

use super::number::{Failed, Number, Numbers, Request};

/// The store.
#[derive(Clone, Copy, Debug)]
pub struct Suspending(pub Number);

/// Its answer: is pending in the first poll. Wakes its task at once: `tokio::task::yield_now` puts the wake off, which costs
/// several times as much.
#[derive(Debug)]
pub struct Late<T = Result<u64, Failed>> {
    answer: T,
    polled: bool,
}

impl<T> Late<T> {
    const fn new(answer: T) -> Self {
        Self { answer, polled: false }
    }
}

impl<T: Copy + Unpin> Future for Late<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if self.polled {
            return Poll::Ready(self.answer);
        }
        self.polled = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Service<Request> for Suspending {
    type Response = u64;
    type Error = Failed;
    type Future = Late;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Late {
        Late::new(self.0.call(request).into_inner())
    }
}

impl RecordStore for Suspending {
    type Data = Numbers;
    type Error = Infallible;
    const KEEPS_STAMPS: bool = true;

    async fn read(&self, key: &RecordKey<Numbers>, now: Stamp) -> Result<(Stamp, Option<u64>), Infallible> {
        Late::new(()).await;
        self.0.read(key, now).await
    }

    async fn replace(
        &self,
        key: &RecordKey<Numbers>,
        record: Option<&u64>,
        stamp: Stamp,
    ) -> Result<(), Infallible> {
        Late::new(()).await;
        self.0.replace(key, record, stamp).await
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Numbers>>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<Numbers>, Infallible> {
        self.0.page(group, after, limit, now).await
    }

    fn outcome(error: &Infallible) -> Outcome {
        Number::outcome(error)
    }
}
