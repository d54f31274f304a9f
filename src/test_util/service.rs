//! A store in memory as a tower service and as a [`RecordStore`].

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower::Service;

use super::error::StoreError;
use super::fault::Call;
use super::lock;
use super::number::{Number, Numbers, plain, typed};
use super::request::{Request, Response};
use super::store::{Flavour, MemoryStore};
use crate::data::{KeyedRecord, Outcome, Page, RecordKey, RecordStore, Scope, Scopes, Stamp};
use crate::records::{Change, Entity, WriteRecords};
use crate::route::{LegacyIds, StorageRequest};

/// The future of the services of this module.
pub type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response, StoreError>> + Send>>;

impl<F: Flavour> Service<Request> for MemoryStore<F> {
    type Response = Response;
    type Error = StoreError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StoreError>> {
        self.poll_readiness(cx).map(Ok)
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        let store = self.clone();
        Box::pin(async move { store.answer(request).await })
    }
}

impl<F: Flavour> MemoryStore<F> {
    async fn answer(&self, request: Request) -> Result<Response, StoreError> {
        let call = if request.operation().is_write() { Call::RequestWrite } else { Call::RequestRead };
        let scopes = match request.scopes() {
            none if none.is_empty() => Scope::Everything.into(),
            scopes => scopes,
        };
        let id = self.id_for(&request).await?;
        let answer = self.run(call, &scopes, move |state| state.answer(request, id)).await?;
        let from = self.inner.store;
        Ok(Response { from, answer })
    }

    async fn id_for(&self, request: &Request) -> Result<Option<u64>, StoreError> {
        match request {
            Request::Create { .. } => self.new_id().await,
            _ => Ok(None),
        }
    }

    /// The id of a new record, where it does not come from the store's own sequence.
    async fn new_id(&self) -> Result<Option<u64>, StoreError> {
        let ids = lock(&self.inner.ids).clone();
        match ids {
            Some(ids) => ids.next_id().await.map(Some).map_err(StoreError::NoId),
            None => Ok(None),
        }
    }

    /// The stamp of a read that begins now.
    fn read_stamp(&self, now: Stamp) -> Stamp {
        if F::KEEPS_STAMPS { lock(&self.inner.state).clock.tick() } else { now }
    }
}

impl<F: Flavour> RecordStore for MemoryStore<F> {
    type Data = Numbers;
    type Error = StoreError;
    const KEEPS_STAMPS: bool = F::KEEPS_STAMPS;

    async fn read(
        &self,
        key: &RecordKey<Numbers>,
        now: Stamp,
    ) -> Result<(Stamp, Option<Number>), StoreError> {
        let stamp = self.read_stamp(now);
        let at = plain(key);
        self.run(Call::RecordRead, &key.to_key().into(), move |state| Ok((stamp, state.get(at).cloned())))
            .await
    }

    async fn replace(
        &self,
        key: &RecordKey<Numbers>,
        record: Option<&Number>,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let (at, record) = (plain(key), record.cloned());
        self.run(Call::Replace, &key.to_key().into(), move |state| {
            state.replace(at, record, stamp);
            Ok(())
        })
        .await
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Numbers>>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<Numbers>, StoreError> {
        let stamp = self.read_stamp(now);
        let (group, after) = (group.copied(), after.map(plain));
        let scope = group.map_or(Scope::Everything, |group| crate::data::Group::new(&group).into());
        self.run(Call::Page, &scope.into(), move |state| {
            let records = state.page(group, after, limit).into_iter();
            let records = records.map(|(key, record)| (typed(key), record)).collect();
            Ok(Page { stamp, records })
        })
        .await
    }

    async fn clock(&self) -> Result<Option<Stamp>, StoreError> {
        self.run(Call::Clock, &Scopes::from(Scope::Everything), |state| {
            Ok(F::KEEPS_STAMPS.then(|| state.clock.shows()))
        })
        .await
    }

    fn outcome(error: &StoreError) -> Outcome {
        error.outcome()
    }
}

impl Entity for Numbers {
    type New = Number;
    type Error = StoreError;
}

/// Writes for callers; its script knows each of them as a [`Call::RequestWrite`].
impl<F: Flavour> WriteRecords for MemoryStore<F> {
    async fn create(&self, group: &i64, new: &Number) -> Result<KeyedRecord<Numbers>, StoreError> {
        let id = self.new_id().await?;
        let (group, record) = (*group, new.clone());
        let scopes = crate::data::Group::new(&group).into();
        self.run(Call::RequestWrite, &scopes, move |state| {
            let item = state.create(group, record.clone(), id);
            Ok((typed((group, item)), record))
        })
        .await
    }

    async fn update(
        &self,
        key: &RecordKey<Numbers>,
        change: Change<Numbers>,
    ) -> Result<Option<Number>, StoreError> {
        let at = plain(key);
        self.run(Call::RequestWrite, &key.to_key().into(), move |state| Ok(state.update(at, &change))).await
    }
}

/// The store's own sequence of ids; it knows nothing of the ids of records that were put or copied.
impl<F: Flavour> LegacyIds for MemoryStore<F> {
    type Error = Infallible;

    async fn largest(&self) -> Result<u64, Infallible> {
        Ok(self.largest_id())
    }

    async fn raise_above(&self, id: u64) -> Result<(), Infallible> {
        self.raise_ids_above(id);
        Ok(())
    }
}
