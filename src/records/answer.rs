//! What a store answers to a [`RecordRequest`](super::RecordRequest), and when two answers are the same.

use std::fmt;

use super::entity::Entity;
use crate::data::{DataSet, Key, KeyedRecord, Scopes};
use crate::mismatch_metrics::{ByDefault, Compare, Verdict};
use crate::route::Store;

/// The answer to a [`RecordRequest`](super::RecordRequest), and which store gave it.
pub struct RecordAnswer<D: Entity> {
    /// The store that answered.
    pub from: Store,
    /// What it answered.
    pub body: RecordBody<D>,
}

/// What a store answered.
#[non_exhaustive]
pub enum RecordBody<D: Entity> {
    /// To a get or an update: the record, or that there is none.
    Record(Option<D::Record>),
    /// To a list: the page.
    Records(Vec<KeyedRecord<D>>),
    /// To a create: the new record.
    Created(KeyedRecord<D>),
    /// To a put.
    Done,
    /// To a delete: whether there was a record.
    Deleted(bool),
}

impl<D: Entity> RecordAnswer<D> {
    /// Whether it says that there is no such record.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self.body, RecordBody::Record(None))
    }

    /// A create knows its key once it is answered; all others have written what they named.
    pub(crate) fn written(named: &Scopes, answer: &Self) -> Scopes {
        match &answer.body {
            RecordBody::Created((key, _)) => within(named, key.to_key().into()),
            _ => named.clone(),
        }
    }
}

/// Only what was named is marked, so an answer that names something else is not believed.
pub(crate) fn within(named: &Scopes, written: Scopes) -> Scopes {
    if named.cover(&written) {
        return written;
    }
    tracing::error!("a write says that it wrote what it had not named; what it named is copied");
    named.clone()
}

/// A record as it is kept to be compared; a get does not repeat its key.
type Kept<D> = (Option<Key>, <D as DataSet>::Record);

/// Records are the same when [`DataSet::same`] says so, pages when they hold the same records in the same order.
impl<D: Entity> Compare<RecordAnswer<D>> for ByDefault {
    /// `None` when there is no such record.
    type Form = Option<Vec<Kept<D>>>;

    fn form(&self, answer: &RecordAnswer<D>) -> Self::Form {
        match &answer.body {
            RecordBody::Record(record) => record.as_ref().map(|record| vec![(None, record.clone())]),
            RecordBody::Records(records) => {
                Some(records.iter().map(|(key, record)| (Some(key.to_key()), record.clone())).collect())
            }
            RecordBody::Created(_) | RecordBody::Done | RecordBody::Deleted(_) => Some(Vec::new()),
        }
    }

    fn is_missing(&self, form: &Self::Form) -> bool {
        form.is_none()
    }

    fn compare(&self, legacy: &Self::Form, target: &Self::Form) -> Verdict {
        let same = |(a, b): (&Kept<D>, &Kept<D>)| a.0 == b.0 && D::same(&a.1, &b.1);
        let is_same = match (legacy, target) {
            (Some(legacy), Some(target)) => {
                legacy.len() == target.len() && legacy.iter().zip(target).all(same)
            }
            (legacy, target) => legacy.is_none() == target.is_none(),
        };
        Verdict::from_same(is_same)
    }
}

impl<D: Entity> fmt::Debug for RecordAnswer<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordAnswer").field("from", &self.from).field("body", &self.body).finish()
    }
}

impl<D: Entity> fmt::Debug for RecordBody<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(record) => write!(f, "Record(there: {})", record.is_some()),
            Self::Records(records) => write!(f, "Records({})", records.len()),
            Self::Created((key, _)) => write!(f, "Created({key:?})"),
            Self::Done => f.write_str("Done"),
            Self::Deleted(was_there) => write!(f, "Deleted({was_there})"),
        }
    }
}
