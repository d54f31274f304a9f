//! A layer that records the traffic of [`Request`]s: [`HistoryLayer`].

use std::task::{Context, Poll};

use tower::{Layer, Service};

use super::log::{History, Reading, Writing};
use crate::test_util::store::Flavour;
use crate::test_util::{
    Answer, MemoryStore, Number, NumberKey, Request, Response, ResponseFuture, StoreError,
};

/// Records all requests that go through it in a [`History`]. Put it outside of everything, where the callers are.
///
/// A list counts as a read of every key of its group that the history knows, those that it does not return
/// included; a lookup as a read of what it returns.
#[derive(Clone, Debug, Default)]
pub struct HistoryLayer {
    history: History<NumberKey, Number>,
}

/// Records all requests: see [`HistoryLayer`].
#[derive(Clone, Debug)]
pub struct WithHistory<S> {
    inner: S,
    history: History<NumberKey, Number>,
}

/// A request whose answer is awaited.
enum Awaited {
    Get(Reading<NumberKey, Number>, NumberKey),
    List(Reading<NumberKey, Number>, i64),
    Lookup(Reading<NumberKey, Number>),
    Write(Vec<Writing<NumberKey, Number>>),
    Compute(Writing<NumberKey, Number>),
    Create(Writing<NumberKey, Number>, i64),
}

impl HistoryLayer {
    /// Records in this history.
    #[must_use]
    pub const fn new(history: History<NumberKey, Number>) -> Self {
        Self { history }
    }
}

impl<S> Layer<S> for HistoryLayer {
    type Service = WithHistory<S>;

    fn layer(&self, inner: S) -> WithHistory<S> {
        let history = self.history.clone();
        WithHistory { inner, history }
    }
}

impl<S> Service<Request> for WithHistory<S>
where
    S: Service<Request, Response = Response, Error = StoreError>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = StoreError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StoreError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        let history = self.history.clone();
        let awaited = Awaited::begin(&history, &request);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            awaited.end(&history, &answer);
            answer
        })
    }
}

impl History<NumberKey, Number> {
    /// [`assert_holds`](Self::assert_holds) for two stores in memory.
    ///
    /// # Panics
    /// With a line for each violation, when there is one.
    pub fn assert_holds_in<A: Flavour, B: Flavour>(
        &self,
        authority: &MemoryStore<A>,
        secondary: &MemoryStore<B>,
    ) {
        self.assert_holds(authority.records(), secondary.records());
    }

    fn keys_of(&self, group: i64) -> Vec<NumberKey> {
        self.log().keys.range((group, i64::MIN)..=(group, i64::MAX)).copied().collect()
    }
}

impl Awaited {
    fn begin(history: &History<NumberKey, Number>, request: &Request) -> Self {
        let write = |key, value| Self::Write(vec![history.write(key, value)]);
        match request {
            Request::Get { group, item } => Self::Get(history.read(), (*group, *item)),
            Request::List { group } => Self::List(history.read(), *group),
            Request::FindByText(_) => Self::Lookup(history.read()),
            Request::Put { group, item, record } | Request::PutIf { group, item, record, .. } => {
                write((*group, *item), Some(record.clone()))
            }
            Request::Delete { group, item } => write((*group, *item), None),
            Request::Increment { group, item, .. } => Self::Compute(history.compute((*group, *item))),
            Request::Create { group, record } => Self::Create(history.create(record.clone()), *group),
            Request::PutMany(records) => {
                let records = records.iter();
                Self::Write(records.map(|(key, record)| history.write(*key, Some(record.clone()))).collect())
            }
        }
    }

    fn end(self, history: &History<NumberKey, Number>, answer: &Result<Response, StoreError>) {
        match answer {
            Ok(response) => self.answered(history, &response.answer),
            Err(error) => self.failed(error),
        }
    }

    fn answered(self, history: &History<NumberKey, Number>, answer: &Answer) {
        match (self, answer) {
            (Self::Get(read, key), Answer::Record(record)) => read.returned(key, record.clone()),
            (Self::List(read, group), Answer::Records(records)) => {
                for key in history.keys_of(group) {
                    if records.iter().all(|(found, _)| *found != key) {
                        read.returned(key, None);
                    }
                }
                returned(&read, records);
            }
            (Self::Lookup(read), Answer::Records(records)) => returned(&read, records),
            (Self::Write(writes), _) => writes.into_iter().for_each(Writing::acked),
            (Self::Compute(write), Answer::Written(record)) => write.acked_with(Some(record.clone())),
            (Self::Create(write, group), Answer::Created { item }) => write.acked_at((group, *item)),
            (Self::Compute(write) | Self::Create(write, _), _) => write.acked(),
            (Self::Get(..) | Self::List(..) | Self::Lookup(_), _) => {}
        }
    }

    fn failed(self, error: &StoreError) {
        match self {
            Self::Write(writes) => writes.into_iter().for_each(|write| write.ended(error.outcome())),
            Self::Compute(write) | Self::Create(write, _) => write.ended(error.outcome()),
            Self::Get(..) | Self::List(..) | Self::Lookup(_) => {}
        }
    }
}

fn returned(read: &Reading<NumberKey, Number>, records: &[(NumberKey, Number)]) {
    for (key, record) in records {
        read.returned(*key, Some(record.clone()));
    }
}
