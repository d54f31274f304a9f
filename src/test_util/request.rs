//! Requests to the stores in memory and their answers.

use super::number::{Number, NumberKey};
use crate::data::{Group, Key, Scope, Scopes};
use crate::route::{Operation, StorageRequest, Store};

/// A request of each kind that a migration has to carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Reads one record; answered by [`Answer::Record`].
    Get {
        /// The group of the record.
        group: i64,
        /// The item of the record.
        item: i64,
    },
    /// Reads all records of a group; answered by [`Answer::Records`].
    List {
        /// The group.
        group: i64,
    },
    /// Finds the records with this text, in any group: a lookup. Answered by [`Answer::Records`].
    FindByText(String),
    /// Writes a record, whether it is there or not; answered by [`Answer::Done`].
    Put {
        /// The group of the record.
        group: i64,
        /// The item of the record.
        item: i64,
        /// The whole record.
        record: Number,
    },
    /// Writes a record under an id that the store assigns; answered by [`Answer::Created`].
    Create {
        /// The group that the record will be in.
        group: i64,
        /// The whole record.
        record: Number,
    },
    /// Deletes a record, if there is one; answered by [`Answer::Done`].
    Delete {
        /// The group of the record.
        group: i64,
        /// The item of the record.
        item: i64,
    },
    /// Adds to the version of a record that must be there; answered by [`Answer::Written`].
    Increment {
        /// The group of the record.
        group: i64,
        /// The item of the record.
        item: i64,
        /// How much is added.
        by: u64,
    },
    /// Writes a record if the stored one has the expected version; answered by [`Answer::Done`].
    PutIf {
        /// The group of the record.
        group: i64,
        /// The item of the record.
        item: i64,
        /// The version that must be stored.
        expected: u64,
        /// The whole record.
        record: Number,
    },
    /// Writes several records at once, all or none; answered by [`Answer::Done`].
    PutMany(Vec<(NumberKey, Number)>),
}

/// What a store in memory answers, and which store it was.
///
/// Two stores that agree give equal [`answer`](Self::answer)s: compare those, not the responses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The store that answered.
    pub from: Store,
    /// The answer.
    pub answer: Answer,
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The record, or none.
    Record(Option<Number>),
    /// The records found, in the order of their keys.
    Records(Vec<(NumberKey, Number)>),
    /// The id that the store assigned.
    Created {
        /// The item of the new record.
        item: i64,
    },
    /// The record as the write has made it.
    Written(Number),
    /// Written.
    Done,
}

impl Request {
    /// What a write has written, once it was answered: the key of a create, which its scopes could not name yet.
    #[must_use]
    pub fn written(&self, response: &Response) -> Scopes {
        match (self, &response.answer) {
            (Self::Create { group, .. }, Answer::Created { item }) => Key::new(group, item).into(),
            _ => self.scopes(),
        }
    }
}

impl Response {
    /// Whether a [`Request::Get`] found nothing.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self.answer, Answer::Record(None))
    }

    /// The record that was read or written, if the answer holds one.
    #[must_use]
    pub fn record(&self) -> Option<&Number> {
        match &self.answer {
            Answer::Record(record) => record.as_ref(),
            Answer::Written(record) => Some(record),
            _ => None,
        }
    }

    /// The records that a list or a lookup found; empty for every other answer.
    #[must_use]
    pub fn records(&self) -> &[(NumberKey, Number)] {
        match &self.answer {
            Answer::Records(records) => records,
            _ => &[],
        }
    }

    /// The id that a create was given.
    #[must_use]
    pub const fn created(&self) -> Option<i64> {
        match self.answer {
            Answer::Created { item } => Some(item),
            _ => None,
        }
    }
}

impl StorageRequest for Request {
    fn operation(&self) -> Operation {
        match self {
            Self::Get { .. } => Operation::read("get"),
            Self::List { .. } => Operation::read("list"),
            Self::FindByText(_) => Operation::lookup("find_by_text"),
            Self::Put { .. } => Operation::write("put"),
            Self::Create { .. } => Operation::write("create"),
            Self::Delete { .. } => Operation::write("delete"),
            Self::Increment { .. } => Operation::write("increment"),
            Self::PutIf { .. } => Operation::write("put_if"),
            Self::PutMany(_) => Operation::write("put_many"),
        }
    }

    fn scopes(&self) -> Scopes {
        match self {
            Self::Get { group, item }
            | Self::Put { group, item, .. }
            | Self::Delete { group, item }
            | Self::Increment { group, item, .. }
            | Self::PutIf { group, item, .. } => Key::new(group, item).into(),
            Self::List { group } | Self::Create { group, .. } => Group::new(group).into(),
            Self::FindByText(_) => Scopes::none(),
            Self::PutMany(records) => {
                records.iter().map(|((group, item), _)| Scope::from(Key::new(group, item))).collect()
            }
        }
    }
}
