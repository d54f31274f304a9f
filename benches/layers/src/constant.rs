//! A store that answers at once, and touches nothing that two threads could share.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use crossfade::data::{Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord};
use tower::Service;

use super::number::{Failed, Numbers, Request};

const NUMBER: u64 = 7;

/// The store.
#[derive(Clone, Copy, Debug)]
pub struct Constant;

impl Service<Request> for Constant {
    type Response = u64;
    type Error = Failed;
    type Future = Ready<Result<u64, Failed>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        ready(Ok(NUMBER))
    }
}

impl RecordStore for Constant {
    type Data = Numbers;
    type Error = Infallible;
    const KEEPS_STAMPS: bool = true;

    async fn read(&self, _: &RecordKey<Numbers>, now: Stamp) -> Result<StampedRecord<Numbers>, Infallible> {
        Ok((now, Some(NUMBER)))
    }

    async fn replace(&self, _: &RecordKey<Numbers>, _: Option<&u64>, _: Stamp) -> Result<(), Infallible> {
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
