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

use super::steps::{Course, WriteSteps};
use crate::route::CopyWait;

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

/// A write that is copied. Dropping it hands what is left to do to a task. All of its state is in the box: the requests
/// that are not copied do not carry its size.
pub struct Unfinished<A: Send + 'static>(Option<Boxed<A>>);

/// How far the copy of an answered write is.
enum Copied {
    NotYet,
    Yes,
    /// It has had its time, and goes on by itself.
    WithoutCaller,
}

impl<A: Send + 'static> Unfinished<A> {
    pub(super) const fn new(steps: Boxed<A>) -> Self {
        Self(Some(steps))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<A> {
        let Some(steps) = &mut self.0 else { return Poll::Pending };
        steps.as_mut().course().begun = true;
        if steps.as_mut().course().answer.is_none() {
            let answer = ready!(steps.as_mut().poll_answer(cx));
            steps.as_mut().course().answer = Some(answer);
        }
        let copied = poll_copied(steps, cx);
        if matches!(copied, Copied::NotYet) {
            return Poll::Pending;
        }
        let answer = steps.as_mut().course().answer.take();
        if let (Copied::WithoutCaller, Some(mut steps)) = (copied, self.0.take()) {
            steps.as_mut().course().core.stats.copies_in_background.one();
            go_on(steps, true);
        }
        answer.map_or(Poll::Pending, Poll::Ready)
    }
}

fn poll_copied<A>(steps: &mut Boxed<A>, cx: &mut Context<'_>) -> Copied {
    let wait = steps.as_mut().course().wait;
    if wait == CopyWait::AtMost(Duration::ZERO) {
        return Copied::WithoutCaller;
    }
    if steps.as_mut().poll_copy(cx).is_ready() {
        return Copied::Yes;
    }
    match wait {
        CopyWait::AtMost(wait) if steps.as_mut().poll_wait(cx, wait).is_ready() => Copied::WithoutCaller,
        CopyWait::AtMost(_) | CopyWait::UntilCopied => Copied::NotYet,
    }
}

/// Lets a write go on in a task, where there is room and a runtime. Otherwise it is dropped, and its mark left.
fn go_on<A: Send + 'static>(mut steps: Boxed<A>, answered: bool) {
    let Course { core, authority, .. } = *steps.as_mut().course();
    let room = Arc::clone(&core.background).try_acquire_owned();
    let (Ok(runtime), Ok(room)) = (Handle::try_current(), room) else {
        core.stats.copies_without_room.one();
        return;
    };
    let late_bound = core.snapshot.load().config.late_bound.of(authority);
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

/// The answer, unless it was there before, and the copy, each within its time.
async fn finish<A: Send + 'static>(mut steps: Boxed<A>, answer_max: Option<Duration>) -> Result<(), Elapsed> {
    if let Some(answer_max) = answer_max {
        drop(timeout(answer_max, poll_fn(|cx| steps.as_mut().poll_answer(cx))).await?);
    }
    timeout(RESCUED_MAX, poll_fn(|cx| steps.as_mut().poll_copy(cx))).await
}

impl<A: Send + 'static> Drop for Unfinished<A> {
    fn drop(&mut self) {
        let Some(mut steps) = self.0.take() else { return };
        let course = steps.as_mut().course();
        // Never polled: nothing has begun, and nothing will.
        if course.begun {
            course.core.stats.writes_rescued.one();
            let answered = course.answer.take().is_some();
            go_on(steps, answered);
        }
    }
}

impl<F, A> Future for ResponseFuture<F, A>
where
    F: Future<Output = A>,
    A: Send + 'static,
{
    type Output = A;

    #[inline(always)]
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
        f.write_str("Unfinished")
    }
}
