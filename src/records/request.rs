//! What [`Records`](super::Records) asks of a store, as a request of the stack.

use std::fmt;
use std::sync::Arc;

use super::change::Closure;
use super::entity::Entity;
use crate::data::{DataSet, RecordKey, Scopes};
use crate::route::{Operation, StorageRequest, Store};

/// What is asked of the records of a data set.
#[non_exhaustive]
pub enum RecordCall<D: Entity> {
    /// Reads one record.
    Get(RecordKey<D>),
    /// Reads up to `limit` records of one group.
    List {
        /// Where the page begins.
        from: ListFrom<D>,
        /// How many records.
        limit: usize,
    },
    /// Makes a record of the group under an id that the store assigns.
    Create(D::Group, D::New),
    /// Makes the record what is given.
    Put(RecordKey<D>, D::Record),
    /// Changes the record if it is there, in the store's own transaction.
    Update(RecordKey<D>, UpdateClosure<D>),
    /// Deletes the record.
    Delete(RecordKey<D>),
}

/// The closure of an update, as [`Records::update`](super::Records::update) was given it.
pub struct UpdateClosure<D: Entity>(pub(super) Closure<D>);

/// Where a page of a list begins.
pub enum ListFrom<D: DataSet> {
    /// With the first record of the group.
    Start(D::Group),
    /// After this record, in its group.
    After(RecordKey<D>),
}

impl<D: DataSet> ListFrom<D> {
    /// The group.
    #[must_use]
    pub const fn group(&self) -> &D::Group {
        match self {
            Self::Start(group) => group,
            Self::After(key) => &key.group,
        }
    }

    /// The record that the page follows.
    #[must_use]
    pub const fn after(&self) -> Option<&RecordKey<D>> {
        match self {
            Self::Start(_) => None,
            Self::After(key) => Some(key),
        }
    }
}

/// One request to the records of a data set. A clone shares what it holds.
pub struct RecordRequest<D: Entity> {
    call: Arc<RecordCall<D>>,
    began_on: Option<Store>,
}

impl<D: Entity> RecordRequest<D> {
    /// The request for this call.
    #[must_use]
    pub fn new(call: RecordCall<D>) -> Self {
        Self { call: Arc::new(call), began_on: None }
    }

    /// The same request, for a page that follows pages of this store.
    pub(super) fn on(self, store: Store) -> Self {
        Self { began_on: Some(store), ..self }
    }

    /// What is asked.
    #[must_use]
    pub fn call(&self) -> &RecordCall<D> {
        &self.call
    }
}

impl<D: Entity> StorageRequest for RecordRequest<D> {
    fn operation(&self) -> Operation {
        match &*self.call {
            RecordCall::Get(_) => Operation::read("get"),
            RecordCall::List { .. } => Operation::read("list"),
            RecordCall::Create(..) => Operation::write("create"),
            RecordCall::Put(..) => Operation::write("put"),
            RecordCall::Update(..) => Operation::write("update"),
            RecordCall::Delete(_) => Operation::write("delete"),
        }
    }

    fn scopes(&self) -> Scopes {
        use crate::data::Group;
        match &*self.call {
            RecordCall::List { from, .. } => Group::new(from.group()).into(),
            // The id of a new record is not known yet.
            RecordCall::Create(group, _) => Group::new(group).into(),
            RecordCall::Get(key)
            | RecordCall::Put(key, _)
            | RecordCall::Update(key, _)
            | RecordCall::Delete(key) => key.to_key().into(),
        }
    }

    fn began_on(&self) -> Option<Store> {
        self.began_on
    }
}

impl<D: Entity> Clone for RecordRequest<D> {
    fn clone(&self) -> Self {
        Self { call: Arc::clone(&self.call), began_on: self.began_on }
    }
}

impl<D: Entity> fmt::Debug for RecordRequest<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordRequest({} {:?})", self.operation().name(), self.scopes())
    }
}

impl<D: Entity> fmt::Debug for RecordCall<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Get(key) => write!(f, "Get({key:?})"),
            Self::List { from, limit } => write!(f, "List({from:?}, {limit})"),
            Self::Create(..) => f.write_str("Create"),
            Self::Put(key, _) => write!(f, "Put({key:?})"),
            Self::Update(key, _) => write!(f, "Update({key:?})"),
            Self::Delete(key) => write!(f, "Delete({key:?})"),
        }
    }
}

impl<D: Entity> fmt::Debug for UpdateClosure<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UpdateClosure")
    }
}

impl<D: DataSet> fmt::Debug for ListFrom<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(group) => write!(f, "Start({:?})", crate::data::Group::new(group)),
            Self::After(key) => write!(f, "After({key:?})"),
        }
    }
}
