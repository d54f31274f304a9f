//! The future of a write, and what happens when it is dropped.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tracing::Instrument;

use super::steps::WriteSteps;
use crate::route::{CopyWait, Core, Plan, Store};

/// How long a copy without a caller may go on; then its mark is left. A write without a caller is given up before, when
/// the late bound of the authority has passed: it can no longer land.
const RESCUED_MAX: Duration = Duration::from_secs(60);

type Boxed<A> = Pin<Box<dyn WriteSteps<Answer = A>>>;

pin_project! {
    /// The future of [`DualWrite`](super::DualWrite): the inner one as it is for whatever is not copied.
    #[project = Projected]
    #[allow(missing_docs)]
    pub enum ResponseFuture<F, A>
    where
        A: Send,
        A: 'static,
    {
        Direct { #[pin] future: F },
        Copied { write: Unfinished<A> },
    }
}

/// A write that is copied. Dropping it hands what is left to do to a task.
pub struct Unfinished<A: Send + 'static> {
    core: &'static Core,
    authority: Store,
    wait: CopyWait,
    steps: Option<Boxed<A>>,
    answer: Option<A>,
    begun: bool,
}

impl<A: Send + 'static> Unfinished<A> {
    pub(super) fn new(core: &'static Core, plan: Plan, steps: Boxed<A>) -> Self {
        let (authority, wait) = (plan.store(), plan.wait());
        Self { core, authority, wait, steps: Some(steps), answer: None, begun: false }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<A> {
        self.begun = true;
        let Some(steps) = &mut self.steps else {
            return Poll::Pending;
        };
        if self.answer.is_none() {
            self.answer = Some(ready!(steps.as_mut().poll_answer(cx)));
        }
        match self.answer_now(cx) {
            true => self.answer.take().map_or(Poll::Pending, Poll::Ready),
            false => Poll::Pending,
        }
    }

    /// Whether the caller is answered now: the copy has ended, or has had its time and goes on by itself.
    fn answer_now(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(steps) = &mut self.steps else { return true };
        if self.wait != CopyWait::AtMost(Duration::ZERO) && steps.as_mut().poll_copy(cx).is_ready() {
            self.steps = None;
            return true;
        }
        let over = match self.wait {
            CopyWait::UntilCopied => false,
            CopyWait::AtMost(Duration::ZERO) => true,
            CopyWait::AtMost(wait) => steps.as_mut().poll_wait(cx, wait).is_ready(),
        };
        if over && let Some(steps) = self.steps.take() {
            self.core.stats.copies_in_background.one();
            self.go_on(steps, true);
        }
        over
    }

    /// Lets a write go on in a task, where there is room and a runtime. Otherwise it is dropped, and its mark left.
    fn go_on(&self, steps: Boxed<A>, answered: bool) {
        let core = self.core;
        let room = Arc::clone(&core.background).try_acquire_owned();
        let (Ok(runtime), Ok(room)) = (Handle::try_current(), room) else {
            core.stats.copies_without_room.one();
            return;
        };
        let late_bound = core.snapshot.load().config.late_bound.of(self.authority);
        let answer_max = if answered { None } else { Some(late_bound) };
        let rest = async move {
            if finish(steps, answer_max).await.is_err() {
                core.stats.writes_given_up.one();
                if core.events.admit() {
                    tracing::warn!("a write without a caller was given up; its mark stays");
                }
            }
            drop(room);
        };
        runtime.spawn(rest.in_current_span());
    }
}

/// The answer, unless it was there before, and the copy, each within its time.
async fn finish<A: Send + 'static>(mut steps: Boxed<A>, answer_max: Option<Duration>) -> Result<(), Elapsed> {
    if let Some(answer_max) = answer_max {
        drop(timeout(answer_max, poll_fn(|cx| steps.as_mut().poll_answer(cx))).await?);
    }
    timeout(RESCUED_MAX, poll_fn(|cx| steps.as_mut().poll_copy(cx))).await
}

impl<A: Send + 'static> Drop for Unfinished<A> {
    fn drop(&mut self) {
        let Some(steps) = self.steps.take() else { return };
        // Never polled: nothing has begun, and nothing will.
        if self.begun {
            self.core.stats.writes_rescued.one();
            self.go_on(steps, self.answer.is_some());
        }
    }
}

impl<F, A> Future for ResponseFuture<F, A>
where
    F: Future<Output = A>,
    A: Send + 'static,
{
    type Output = A;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A> {
        match self.project() {
            Projected::Direct { future } => future.poll(cx),
            Projected::Copied { write } => write.poll(cx),
        }
    }
}

impl<F, A: Send + 'static> fmt::Debug for ResponseFuture<F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}

impl<A: Send + 'static> fmt::Debug for Unfinished<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unfinished").field("begun", &self.begun).finish_non_exhaustive()
    }
}
