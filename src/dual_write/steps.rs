//! The two parts of a write in one box: until the answer, and the copy after it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tracing::Span;

use super::running::Running;
use crate::data::Scopes;
use crate::protocol::CopyEnd;
use crate::route::{CopyWait, Core, Plan, Store};

/// What the first part gives: the answer, and the copy that is left to do.
pub(super) struct Answered<Res, Err> {
    pub(super) answer: Result<Res, Err>,
    pub(super) copy: Option<(Running, Scopes)>,
}

/// What is known of a write beside its steps.
#[derive(Debug)]
#[allow(unnameable_types, reason = "part of a trait that nobody else implements")]
pub struct Course<A> {
    pub(super) core: &'static Core,
    pub(super) authority: Store,
    pub(super) wait: CopyWait,
    /// Whether it was polled.
    pub(super) begun: bool,
    /// Kept while the caller waits for the copy.
    pub(super) answer: Option<A>,
}

/// A write as its caller drives it, or a task when the caller is gone.
pub trait WriteSteps: Send {
    /// The caller's answer.
    type Answer;
    /// What is known of it.
    fn course(self: Pin<&mut Self>) -> &mut Course<Self::Answer>;
    /// Goes on until the authority has answered. Not to be called again after that.
    fn poll_answer(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Answer>;
    /// Goes on until the copy has ended; at once when there is none.
    fn poll_copy(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
    /// Waits this long; the time begins with the first call.
    fn poll_wait(self: Pin<&mut Self>, cx: &mut Context<'_>, wait: Duration) -> Poll<()>;
}

pin_project! {
    pub(super) struct Steps<W, C, M, A> {
        course: Course<A>,
        span: Span,
        #[pin]
        state: State<W, C, M>,
        // In a box of its own, made when a copy first waits: all other writes do not carry its size.
        timer: Option<Pin<Box<Sleep>>>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<W, C, M> {
        // What is to be copied is known when it is written.
        Writing { #[pin] write: W, copy: Option<M> },
        Copying { running: Running, #[pin] copy: C },
        Ended,
    }
}

impl<W, C, M, A> Steps<W, C, M, A> {
    pub(super) const fn new(core: &'static Core, plan: Plan, span: Span, write: W, copy: M) -> Self {
        let (authority, wait) = (plan.store(), plan.wait());
        let course = Course { core, authority, wait, begun: false, answer: None };
        Self { course, span, state: State::Writing { write, copy: Some(copy) }, timer: None }
    }
}

impl<W, C, M, Res, Err> WriteSteps for Steps<W, C, M, Result<Res, Err>>
where
    Res: Send,
    Err: Send,
    W: Future<Output = Answered<Res, Err>> + Send,
    C: Future<Output = CopyEnd> + Send,
    M: FnOnce(Scopes) -> C + Send,
{
    type Answer = Result<Res, Err>;

    fn course(self: Pin<&mut Self>) -> &mut Course<Self::Answer> {
        self.project().course
    }

    fn poll_answer(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Answer> {
        let mut this = self.project();
        let _in_span = this.span.enter();
        let Projected::Writing { write, copy } = this.state.as_mut().project() else {
            return Poll::Pending;
        };
        let Answered { answer, copy: written } = ready!(write.poll(cx));
        let next = match (written, copy.take()) {
            (Some((running, scopes)), Some(copy)) => State::Copying { running, copy: copy(scopes) },
            _ => State::Ended,
        };
        this.state.set(next);
        Poll::Ready(answer)
    }

    fn poll_copy(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let _in_span = this.span.enter();
        if let Projected::Copying { running, copy } = this.state.as_mut().project() {
            running.copy_ended(ready!(copy.poll(cx)));
            this.state.set(State::Ended);
        }
        Poll::Ready(())
    }

    fn poll_wait(self: Pin<&mut Self>, cx: &mut Context<'_>, wait: Duration) -> Poll<()> {
        let timer = self.project().timer.get_or_insert_with(|| Box::pin(sleep(wait)));
        timer.as_mut().poll(cx)
    }
}
