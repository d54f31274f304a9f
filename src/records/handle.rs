//! [`Records`].

use std::fmt;
use std::sync::Arc;

use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use super::answer::{RecordAnswer, RecordBody};
use super::entity::Entity;
use super::page::{LIST_MAX, PageToken, RecordsPage};
use super::request::{ListFrom, RecordCall, RecordRequest, UpdateClosure};
use crate::data::{KeyedRecord, RecordKey};
use crate::error::{Failed, Refused};

/// The records of a data set over the whole stack: see the [module docs](super). A clone is the same stack.
pub struct Records<D: Entity> {
    stack: BoxCloneSyncService<RecordRequest<D>, RecordAnswer<D>, Failed<D::Error>>,
}

impl<D: Entity> Records<D> {
    /// The records behind this service: a stack of your own layers, which ends in a
    /// [`RecordService`](super::RecordService) for each store. [`MigrationBuilder::records`] makes the documented one.
    ///
    /// [`MigrationBuilder::records`]: crate::MigrationBuilder::records
    pub fn over<S>(stack: S) -> Self
    where
        S: Service<RecordRequest<D>, Response = RecordAnswer<D>, Error = Failed<D::Error>>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Self { stack: BoxCloneSyncService::new(stack) }
    }

    /// The record of `key`; `None` when there is none.
    ///
    /// # Errors
    /// Those of the store that answers, and [`Refused`]. In `canary` and `live` legacy answers what the target cannot.
    pub async fn get(&self, key: impl Into<RecordKey<D>>) -> Result<Option<D::Record>, D::Error> {
        match self.ask(RecordCall::Get(key.into())).await?.body {
            RecordBody::Record(record) => Ok(record),
            _ => Err(wrong_answer("get")),
        }
    }

    /// Up to `limit` records of `group`, from 1 to [`LIST_MAX`]: the first ones, or those that follow the page that gave
    /// the token.
    ///
    /// The token's store answers this page too, while it may. When it may not - the group is dirty, the stage has moved
    /// back - the other one goes on after the same record, and the next token names that one.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn list(
        &self,
        group: D::Group,
        after: Option<PageToken<D>>,
        limit: usize,
    ) -> Result<RecordsPage<D>, D::Error> {
        let limit = limit.clamp(1, LIST_MAX);
        let answer = match after {
            None => self.ask(RecordCall::List { from: ListFrom::Start(group), limit }).await?,
            Some(token) => {
                let item = token.item().ok_or(Refused::NotAToken)?;
                let from = ListFrom::After(RecordKey { group, item });
                let request = RecordRequest::new(RecordCall::List { from, limit });
                self.answer(request.on(token.store())).await?
            }
        };
        let RecordBody::Records(records) = answer.body else {
            return Err(wrong_answer("list"));
        };
        let full = records.len() >= limit;
        let last = records.last().filter(|_| full);
        let next = last.map(|(key, _)| PageToken::after(answer.from, &key.item));
        Ok(RecordsPage { records, next })
    }

    /// Makes a record in `group` under an id that the authority assigns; gives it as it is stored.
    ///
    /// # Errors
    /// Those of the authority, and [`Refused`]: then it was not made. After an error whose
    /// [outcome](crate::data::Outcome) is unknown it may have been.
    pub async fn create(&self, group: D::Group, new: D::New) -> Result<KeyedRecord<D>, D::Error> {
        match self.ask(RecordCall::Create(group, new)).await?.body {
            RecordBody::Created(created) => Ok(created),
            _ => Err(wrong_answer("create")),
        }
    }

    /// Makes the record of `key` what is given, whether there was one or not, and whatever it was. To change a record
    /// use [`update`](Self::update): a put of what was read before undoes what others have changed since.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub async fn put(&self, key: impl Into<RecordKey<D>>, record: D::Record) -> Result<(), D::Error> {
        match self.ask(RecordCall::Put(key.into(), record)).await?.body {
            RecordBody::Done => Ok(()),
            _ => Err(wrong_answer("put")),
        }
    }

    /// Changes the record of `key` in the authority's own transaction, so that no change of another caller is lost.
    /// Gives the record as it is stored; `None` when there is none, and `change` is then not called.
    ///
    /// `change` may be called several times, each time with the record as it is then: it changes the record and does
    /// nothing else. When it gives an error nothing is written, and the caller gets that error.
    ///
    /// # Errors
    /// That of `change`; otherwise as [`create`](Self::create).
    pub async fn update<F>(
        &self,
        key: impl Into<RecordKey<D>>,
        change: F,
    ) -> Result<Option<D::Record>, D::Error>
    where
        F: Fn(&mut D::Record) -> Result<(), D::Error> + Send + Sync + 'static,
    {
        let closure = Arc::new(move |stored: &mut Option<D::Record>| stored.as_mut().map_or(Ok(()), &change));
        match self.ask(RecordCall::Update(key.into(), UpdateClosure(closure))).await?.body {
            RecordBody::Record(record) => Ok(record),
            _ => Err(wrong_answer("update")),
        }
    }

    /// Deletes the record of `key`; whether there was one.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub async fn delete(&self, key: impl Into<RecordKey<D>>) -> Result<bool, D::Error> {
        match self.ask(RecordCall::Delete(key.into())).await?.body {
            RecordBody::Deleted(was_there) => Ok(was_there),
            _ => Err(wrong_answer("delete")),
        }
    }

    async fn ask(&self, call: RecordCall<D>) -> Result<RecordAnswer<D>, D::Error> {
        self.answer(RecordRequest::new(call)).await
    }

    async fn answer(&self, request: RecordRequest<D>) -> Result<RecordAnswer<D>, D::Error> {
        self.stack.clone().oneshot(request).await.map_err(|failed| failed.error)
    }
}

fn wrong_answer<E: From<Refused>>(operation: &'static str) -> E {
    Refused::WrongAnswer { operation }.into()
}

impl<D: Entity> Clone for Records<D> {
    fn clone(&self) -> Self {
        Self { stack: self.stack.clone() }
    }
}

impl<D: Entity> fmt::Debug for Records<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").finish_non_exhaustive()
    }
}
