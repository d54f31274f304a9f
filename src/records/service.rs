//! Stores as tower services: [`RecordService`], and [`ReadOnlyService`] for a store without write code.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::Service;

use super::answer::{RecordAnswer, RecordBody};
use super::change::Change;
use super::entity::{Entity, WriteRecords};
use super::request::{RecordCall, RecordRequest, UpdateClosure};
use crate::data::{Outcome, RecordKey, RecordStore, Stamp};
use crate::error::{Failed, Refused};
use crate::route::{StorageRequest, Store};

/// What a read for a caller passes for `now`: its stamp is not used.
const UNUSED: Stamp = 0;

type Answered<D> = Result<RecordAnswer<D>, Failed<<D as Entity>::Error>>;
type Body<S> = Result<RecordBody<<S as RecordStore>::Data>, <S as RecordStore>::Error>;

/// The future of the services that are made of stores.
pub type ResponseFuture<D> = Pin<Box<dyn Future<Output = Answered<D>> + Send>>;

/// A store as a service of [`RecordRequest`]s: what [`WriteRecords`] makes of it.
#[derive(Clone, Copy, Debug)]
pub struct RecordService<S> {
    store: S,
    is: Store,
}

/// A store as a service that reads; it refuses writes. Enough for a target until `ramp_down`.
#[derive(Clone, Copy, Debug)]
pub struct ReadOnlyService<S> {
    store: S,
    is: Store,
}

impl<S> RecordService<S> {
    /// The service of this store, which `is` legacy or the target.
    pub const fn new(store: S, is: Store) -> Self {
        Self { store, is }
    }
}

impl<S> ReadOnlyService<S> {
    /// The service of this store, which `is` legacy or the target.
    pub const fn new(store: S, is: Store) -> Self {
        Self { store, is }
    }
}

impl<S, D> Service<RecordRequest<D>> for RecordService<S>
where
    S: WriteRecords<Data = D>,
    D: Entity<Error: From<S::Error>>,
{
    type Response = RecordAnswer<D>;
    type Error = Failed<D::Error>;
    type Future = ResponseFuture<D>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RecordRequest<D>) -> Self::Future {
        let Self { store, is } = self.clone();
        Box::pin(async move {
            let body = match request.call() {
                RecordCall::Update(key, closure) => update(&store, key, closure).await?,
                call => done::<S>(write(&store, call).await)?,
            };
            Ok(RecordAnswer { from: is, body })
        })
    }
}

impl<S, D> Service<RecordRequest<D>> for ReadOnlyService<S>
where
    S: RecordStore<Data = D>,
    D: Entity<Error: From<S::Error>>,
{
    type Response = RecordAnswer<D>;
    type Error = Failed<D::Error>;
    type Future = ResponseFuture<D>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RecordRequest<D>) -> Self::Future {
        let Self { store, is } = self.clone();
        Box::pin(async move {
            match read(&store, request.call()).await {
                Some(read) => Ok(RecordAnswer { from: is, body: done::<S>(read)? }),
                None => Err(Refused::NoTargetWrites { operation: request.operation().name() }.into()),
            }
        })
    }
}

/// Reads; `None` for what is no read.
async fn read<S: RecordStore<Data: Entity>>(store: &S, call: &RecordCall<S::Data>) -> Option<Body<S>> {
    match call {
        RecordCall::Get(key) => {
            Some(store.read(key, UNUSED).await.map(|(_, record)| RecordBody::Record(record)))
        }
        RecordCall::List { from, limit } => {
            let page = store.page(Some(from.group()), from.after(), *limit, UNUSED).await;
            Some(page.map(|page| RecordBody::Records(page.records)))
        }
        _ => None,
    }
}

/// Does everything but an update, which has errors of its own.
async fn write<S: WriteRecords>(store: &S, call: &RecordCall<S::Data>) -> Body<S> {
    match call {
        RecordCall::Create(group, new) => store.create(group, new).await.map(RecordBody::Created),
        RecordCall::Put(key, record) => store.put(key, record).await.map(|()| RecordBody::Done),
        RecordCall::Delete(key) => store.delete(key).await.map(RecordBody::Deleted),
        read_call => read(store, read_call).await.unwrap_or(Ok(RecordBody::Done)),
    }
}

async fn update<S>(
    store: &S,
    key: &RecordKey<S::Data>,
    closure: &UpdateClosure<S::Data>,
) -> Result<RecordBody<S::Data>, Failed<<S::Data as Entity>::Error>>
where
    S: WriteRecords<Data: Entity<Error: From<S::Error>>>,
{
    let change = Change::new(Arc::clone(&closure.0));
    let updated = store.update(key, change.clone()).await;
    match change.take_rejection() {
        // The store wrote nothing: that is what `WriteRecords::update` promises.
        Some(error) => Err(Failed { error, outcome: Outcome::Rejected }),
        None => done::<S>(updated.map(RecordBody::Record)),
    }
}

fn done<S>(body: Body<S>) -> Result<RecordBody<S::Data>, Failed<<S::Data as Entity>::Error>>
where
    S: RecordStore<Data: Entity<Error: From<S::Error>>>,
{
    body.map_err(|error| Failed { outcome: S::outcome(&error), error: error.into() })
}
