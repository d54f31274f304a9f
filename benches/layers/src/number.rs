//! A store of one number, which answers in the first poll.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use crossfade::Refused;
use crossfade::data::{DataSet, Key, Outcome, Page, RecordKey, RecordStore, Scopes, Stamp};
use crossfade::route::{Operation, StorageRequest};
use tower::Service;

/// Reads or replaces the number.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// Reads it.
    Get,
    /// Replaces it; gives what it was.
    Put(u64),
}

impl StorageRequest for Request {
    fn operation(&self) -> Operation {
        match self {
            Self::Get => Operation::read("get"),
            Self::Put(_) => Operation::write("put"),
        }
    }

    fn scopes(&self) -> Scopes {
        Key::new(&1_i64, &1_i64).into()
    }
}

/// The error of the service: none but crossfade's.
#[derive(Clone, Copy, Debug)]
pub struct Failed;

impl From<Refused> for Failed {
    fn from(_: Refused) -> Self {
        Self
    }
}

/// The store. Its clone is a copy: what is measured is the stack's own.
#[derive(Clone, Copy, Debug)]
pub struct Number(&'static AtomicU64);

impl Number {
    /// A new one, 0 at first. It is leaked.
    #[must_use]
    pub fn new() -> Self {
        Self(Box::leak(Box::default()))
    }
}

impl Default for Number {
    fn default() -> Self {
        Self::new()
    }
}

impl Service<Request> for Number {
    type Response = u64;
    type Error = Failed;
    type Future = Ready<Result<u64, Failed>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        ready(Ok(match request {
            Request::Get => self.0.load(Ordering::Relaxed),
            Request::Put(number) => self.0.swap(number, Ordering::Relaxed),
        }))
    }
}

/// One key, whose record is the number.
#[derive(Debug)]
pub struct Numbers;

impl DataSet for Numbers {
    type Group = i64;
    type Item = i64;
    type Record = u64;

    fn same(a: &u64, b: &u64) -> bool {
        a == b
    }
}

impl RecordStore for Number {
    type Data = Numbers;
    type Error = Infallible;
    const KEEPS_STAMPS: bool = true;

    async fn read(&self, _: &RecordKey<Numbers>, now: Stamp) -> Result<(Stamp, Option<u64>), Infallible> {
        Ok((now, Some(self.0.load(Ordering::Relaxed))))
    }

    async fn replace(
        &self,
        _: &RecordKey<Numbers>,
        record: Option<&u64>,
        _: Stamp,
    ) -> Result<(), Infallible> {
        self.0.store(record.copied().unwrap_or_default(), Ordering::Relaxed);
        Ok(())
    }

    async fn page(
        &self,
        _: Option<&i64>,
        _: Option<&RecordKey<Numbers>>,
        _: usize,
        now: Stamp,
    ) -> Result<Page<Numbers>, Infallible> {
        Ok(Page { stamp: now, records: Vec::new() })
    }

    fn outcome(error: &Infallible) -> Outcome {
        match *error {}
    }
}
