//! The future of a write, and what happens when it is dropped.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tracing::Instrument;

use super::steps::WriteSteps;
use crate::route::{CopyWait, Core};

/// How long a write whose caller is gone may go on; then its mark is left, to wait the late bound of the authority.
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
    wait: CopyWait,
    steps: Option<Boxed<A>>,
    answer: Option<A>,
    begun: bool,
}

impl<A: Send + 'static> Unfinished<A> {
    pub(super) fn new(core: &'static Core, wait: CopyWait, steps: Boxed<A>) -> Self {
        Self { core, wait, steps: Some(steps), answer: None, begun: false }
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
            go_on(self.core, steps, true);
        }
        over
    }
}

/// Lets a write go on in a task, where there is room and a runtime. Otherwise it is dropped, and its mark left.
fn go_on<A: Send + 'static>(core: &'static Core, mut steps: Boxed<A>, answered: bool) {
    let (Ok(runtime), Ok(room)) = (Handle::try_current(), Arc::clone(&core.background).try_acquire_owned())
    else {
        core.stats.copies_without_room.one();
        return;
    };
    let rest = async move {
        if !answered {
            drop(poll_fn(|cx| steps.as_mut().poll_answer(cx)).await);
        }
        poll_fn(|cx| steps.as_mut().poll_copy(cx)).await;
    };
    let bounded = async move {
        if timeout(RESCUED_MAX, rest).await.is_err() {
            tracing::warn!("a write without a caller was given up; its mark stays");
        }
        drop(room);
    };
    runtime.spawn(bounded.in_current_span());
}

impl<A: Send + 'static> Drop for Unfinished<A> {
    fn drop(&mut self) {
        let Some(steps) = self.steps.take() else { return };
        // Never polled: nothing has begun, and nothing will.
        if self.begun {
            self.core.stats.writes_rescued.one();
            go_on(self.core, steps, self.answer.is_some());
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
