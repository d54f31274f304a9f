//! A `RecordStore` made of Get, Put, Delete and List: all that copies need of a back end.

use crossfade::data::{Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord};
use tonic::{Code, Status};

use crate::back_end::token_after;
use crate::call::{Ask, Reply};
use crate::client::Client;
use crate::invoice::Invoices;
use crate::messages::{Invoice, ListRequest};
use crate::status::CallError;

/// A back end to copy from and to.
///
/// A new service can be given a place for stamps, here one metadata field of Put and Delete, and it should be: the larger one
/// wins there, so a late copy is harmless. The old service has none. What is copied back to it in `ramp_down` is read again
/// after each copy. Between two services without stamps (the example `http_gateway`) that holds for both, and reads of a key
/// stay away from the new one while a copy of it runs.
#[derive(Clone, Debug)]
pub(crate) struct BackEnd<const STAMPS: bool>(pub(crate) Client);

impl<const STAMPS: bool> RecordStore for BackEnd<STAMPS> {
    type Data = Invoices;
    type Error = CallError;
    const KEEPS_STAMPS: bool = STAMPS;

    async fn read(
        &self,
        key: &RecordKey<Invoices>,
        now: Stamp,
    ) -> Result<StampedRecord<Invoices>, CallError> {
        match self.0.ask(Ask::Get(key.into()), None).await? {
            Reply::Invoice(invoice) => Ok((now, Some(invoice))),
            Reply::No(status) if status.code() == Code::NotFound => Ok((now, None)),
            other => Err(not_that(other)),
        }
    }

    async fn replace(
        &self,
        key: &RecordKey<Invoices>,
        record: Option<&Invoice>,
        stamp: Stamp,
    ) -> Result<(), CallError> {
        let ask = record.map_or_else(|| Ask::Delete(key.into()), |invoice| Ask::Put(invoice.clone()));
        match self.0.ask(ask, STAMPS.then_some(stamp)).await? {
            Reply::Done => Ok(()),
            Reply::No(status) if status.code() == Code::NotFound && record.is_none() => Ok(()),
            other => Err(not_that(other)),
        }
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Invoices>>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<Invoices>, CallError> {
        let request = ListRequest {
            customer: group.copied(),
            page_size: u32::try_from(limit).unwrap_or(u32::MAX), // cut to what a page holds; the walk goes on after it
            page_token: after.map(|key| token_after(key.into())).unwrap_or_default(),
        };
        match self.0.ask(Ask::List(request), None).await? {
            Reply::Invoices(page) => {
                let records = page.invoices.into_iter().map(|invoice| (invoice.key().into(), invoice));
                Ok(Page { stamp: now, records: records.collect() })
            }
            other => Err(not_that(other)),
        }
    }

    /// The new service stamps what callers write by its own clock, once it decides.
    async fn clock(&self) -> Result<Option<Stamp>, CallError> {
        if !STAMPS {
            return Ok(None);
        }
        match self.0.ask(Ask::Clock, None).await? {
            Reply::Clock(clock) => Ok(Some(clock.micros)),
            other => Err(not_that(other)),
        }
    }

    fn outcome(error: &CallError) -> Outcome {
        error.outcome()
    }
}

fn not_that(reply: Reply) -> CallError {
    match reply {
        Reply::No(status) => status.into(),
        _ => Status::internal("the answer to another call").into(),
    }
}
