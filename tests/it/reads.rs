//! Two scripted stores for the layers of reads.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::VecDeque;
use std::future::{pending, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use crossfade::Refused;
use crossfade::data::{Key, Scope, Scopes};
use crossfade::journal::Journal;
use crossfade::route::{Asked, Operation, RoutingConfig, RoutingHandle, Stage, StorageRequest};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceExt};

/// Reads one invoice.
#[derive(Clone, Debug)]
pub(crate) struct Get(pub(crate) i64);

impl StorageRequest for Get {
    fn operation(&self) -> Operation {
        Operation::read("get")
    }

    fn scopes(&self) -> Scopes {
        Key::new(&1, &self.0).into()
    }
}

/// What the mark of a read of this invoice is on.
pub(crate) fn scope(invoice: i64) -> Scope {
    Key::new(&1, &invoice).into()
}

/// The total of the invoice, if there is one.
pub(crate) type Answer = Option<i64>;
pub(crate) type Stack = BoxCloneSyncService<Get, Answer, BoxError>;

/// What a store does with one read.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    Has(i64),
    Missing,
    Fails,
    Hangs,
    HasAfter(Duration, i64),
}

/// A store that follows a script; its last line goes on for ever.
#[derive(Clone)]
pub(crate) struct Script(Arc<Mutex<State>>);

struct State {
    name: &'static str,
    lines: VecDeque<Say>,
    calls: usize,
    spans: Vec<Option<&'static str>>,
}

impl Script {
    pub(crate) fn new(name: &'static str, lines: impl IntoIterator<Item = Say>) -> Self {
        Self(Arc::new(Mutex::new(State {
            name,
            lines: lines.into_iter().collect(),
            calls: 0,
            spans: Vec::new(),
        })))
    }

    pub(crate) fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }

    /// The names of the spans that it was called in.
    pub(crate) fn spans(&self) -> Vec<Option<&'static str>> {
        self.0.lock().unwrap().spans.clone()
    }

    fn next(&self) -> (Say, &'static str) {
        let mut state = self.0.lock().unwrap();
        state.calls += 1;
        state.spans.push(tracing::Span::current().metadata().map(|span| span.name()));
        let line = match state.lines.len() {
            0 | 1 => state.lines.front().cloned(),
            _ => state.lines.pop_front(),
        };
        (line.expect("a script has a line"), state.name)
    }
}

impl Service<Get> for Script {
    type Response = Answer;
    type Error = BoxError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Answer, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _get: Get) -> Self::Future {
        match self.next() {
            (Say::Has(total), _) => Box::pin(ready(Ok(Some(total)))),
            (Say::Missing, _) => Box::pin(ready(Ok(None))),
            (Say::Fails, name) => Box::pin(ready(Err(format!("{name} is down").into()))),
            (Say::Hangs, _) => Box::pin(pending()),
            (Say::HasAfter(delay, total), _) => Box::pin(async move {
                tokio::time::sleep(delay).await;
                Ok(Some(total))
            }),
        }
    }
}

/// A migration that has come to this stage, without any data moved.
pub(crate) async fn routing(stage: Stage) -> RoutingHandle {
    let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await.unwrap();
    for next in Stage::ALL.into_iter().skip(1).filter(|next| *next <= stage) {
        let asked = Asked::by("test", "a trial").with_force();
        let _drained = routing.move_to(next, asked).await.unwrap();
    }
    routing
}

pub(crate) async fn read(stack: &Stack) -> Result<Answer, BoxError> {
    stack.clone().oneshot(Get(7)).await
}

pub(crate) fn is_over_budget(answer: &Result<Answer, BoxError>) -> bool {
    let error = answer.as_ref().err().and_then(|error| error.downcast_ref());
    matches!(error, Some(Refused::FallbackOverBudget))
}

/// What an error says.
pub(crate) fn said(answer: Result<Answer, BoxError>) -> String {
    answer.expect_err("an error").to_string()
}
