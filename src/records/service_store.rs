//! [`ServiceStore`]: a tower service as a store.

use std::fmt;
use std::marker::PhantomData;

use tower::{Service, ServiceExt};

use crate::data::{DataSet, KeyedRecord, Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord};

/// What a [`RecordStore`] is asked, to be made a request of a service.
pub enum StoreCall<'a, D: DataSet> {
    /// Read the record.
    Read(&'a RecordKey<D>),
    /// Make the record what is given, or delete it.
    Replace {
        /// Which record.
        key: &'a RecordKey<D>,
        /// The record; `None` to delete it.
        record: Option<&'a D::Record>,
        /// For a service that [keeps stamps](ServiceStore::keeping_stamps).
        stamp: Stamp,
    },
    /// Read a page.
    Page {
        /// Of this group only.
        group: Option<&'a D::Group>,
        /// Following this record.
        after: Option<&'a RecordKey<D>>,
        /// Of so many records at most.
        limit: usize,
    },
}

/// A tower service as a [`RecordStore`], for copies: closures make requests of what is asked, and records of the answers.
///
/// ```
/// use crossfade::records::{ServiceStore, StoreCall};
/// # use crossfade::data::{DataSet, KeyedRecord};
/// # use crossfade::test_util::{MemoryStore, Number, Numbers, Request, Response, StoreError};
/// # fn http_client() -> MemoryStore { MemoryStore::target() }
/// # struct Answer; impl Answer {
/// #     fn one(answer: Response) -> Result<Option<Number>, StoreError> { Ok(answer.record().cloned()) }
/// #     fn many(answer: Response) -> Result<Vec<KeyedRecord<Numbers>>, StoreError> {
/// #         Ok(answer.records().iter().map(|(key, record)| ((*key).into(), record.clone())).collect())
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), StoreError> {
/// let ask = |call: StoreCall<'_, Numbers>| match call {
///     StoreCall::Read(key) => Request::Get { group: key.group, item: key.item },
///     StoreCall::Replace { key, record: Some(record), .. } => {
///         Request::Put { group: key.group, item: key.item, record: record.clone() }
///     }
///     StoreCall::Replace { key, record: None, .. } => Request::Delete { group: key.group, item: key.item },
///     StoreCall::Page { group, .. } => Request::List { group: *group.unwrap_or(&0) },
/// };
/// let numbers = ServiceStore::new(http_client(), ask, Answer::one, Answer::many);
/// # use crossfade::data::RecordStore;
/// # let key = (1, 2).into();
/// # numbers.replace(&key, Some(&Number::new(1, "a")), 0).await?;
/// # assert_eq!(numbers.read(&key, 7).await?, (7, Some(Number::new(1, "a"))));
/// # assert_eq!(numbers.page(Some(&1), None, 9, 0).await?.records.len(), 1);
/// # numbers.replace(&key, None, 0).await?;
/// # assert_eq!(numbers.read(&key, 7).await?.1, None);
/// # Ok(()) }
/// ```
///
/// Every error is [`Outcome::Unknown`]: nobody knows what a service did before it failed. Without stamps of its own a
/// service costs what the [data page](crate::data) says of a store that keeps none.
pub struct ServiceStore<D, S, A, R, P, const STAMPS: bool = false> {
    service: S,
    ask: A,
    record: R,
    page: P,
    data: PhantomData<fn() -> D>,
}

impl<D, S, A, R, P> ServiceStore<D, S, A, R, P>
where
    D: DataSet,
{
    /// Asks `service` what `ask` makes of a call. `record` reads what it answers to a read, and says of what it answers
    /// to a replace whether that is an error; `page` reads a page.
    pub const fn new<Req>(service: S, ask: A, record: R, page: P) -> Self
    where
        S: Service<Req>,
        A: Fn(StoreCall<'_, D>) -> Req,
        R: Fn(S::Response) -> Result<Option<D::Record>, S::Error>,
        P: Fn(S::Response) -> Result<Vec<KeyedRecord<D>>, S::Error>,
    {
        Self { service, ask, record, page, data: PhantomData }
    }

    /// The same store for a service that lets the larger stamp win, for deletes too.
    #[must_use]
    pub fn keeping_stamps(self) -> ServiceStore<D, S, A, R, P, true> {
        let Self { service, ask, record, page, data } = self;
        ServiceStore { service, ask, record, page, data }
    }
}

impl<D, S, A, R, P, Req, const STAMPS: bool> RecordStore for ServiceStore<D, S, A, R, P, STAMPS>
where
    D: DataSet,
    S: Service<Req, Error: std::error::Error + Send + Sync + 'static> + Clone + Send + Sync + 'static,
    S::Response: Send,
    S::Future: Send,
    A: Fn(StoreCall<'_, D>) -> Req + Clone + Send + Sync + 'static,
    R: Fn(S::Response) -> Result<Option<D::Record>, S::Error> + Clone + Send + Sync + 'static,
    P: Fn(S::Response) -> Result<Vec<KeyedRecord<D>>, S::Error> + Clone + Send + Sync + 'static,
    Req: Send,
{
    type Data = D;
    type Error = S::Error;
    const KEEPS_STAMPS: bool = STAMPS;

    async fn read(&self, key: &RecordKey<D>, now: Stamp) -> Result<StampedRecord<D>, S::Error> {
        let request = (self.ask)(StoreCall::Read(key));
        Ok((now, (self.record)(self.service.clone().oneshot(request).await?)?))
    }

    async fn replace(
        &self,
        key: &RecordKey<D>,
        record: Option<&D::Record>,
        stamp: Stamp,
    ) -> Result<(), S::Error> {
        let request = (self.ask)(StoreCall::Replace { key, record, stamp });
        (self.record)(self.service.clone().oneshot(request).await?).map(drop)
    }

    async fn page(
        &self,
        group: Option<&D::Group>,
        after: Option<&RecordKey<D>>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<D>, S::Error> {
        let request = (self.ask)(StoreCall::Page { group, after, limit });
        let records = (self.page)(self.service.clone().oneshot(request).await?)?;
        Ok(Page { stamp: now, records })
    }

    fn outcome(_: &S::Error) -> Outcome {
        Outcome::Unknown
    }
}

impl<D, S: Clone, A: Clone, R: Clone, P: Clone, const STAMPS: bool> Clone
    for ServiceStore<D, S, A, R, P, STAMPS>
{
    fn clone(&self) -> Self {
        let (service, ask) = (self.service.clone(), self.ask.clone());
        Self { service, ask, record: self.record.clone(), page: self.page.clone(), data: PhantomData }
    }
}

impl<D, S, A, R, P, const STAMPS: bool> fmt::Debug for ServiceStore<D, S, A, R, P, STAMPS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceStore").field("keeps_stamps", &STAMPS).finish_non_exhaustive()
    }
}

impl<D: DataSet> fmt::Debug for StoreCall<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(key) => write!(f, "Read({key:?})"),
            Self::Replace { key, record, stamp } => {
                write!(f, "Replace({key:?}, there: {}, {stamp})", record.is_some())
            }
            Self::Page { after, limit, .. } => write!(f, "Page(after {after:?}, {limit})"),
        }
    }
}
