//! What the row of a mark names.

use serde::{Deserialize, Serialize};

use crate::data::{Scope, Scopes};

/// What the row of a write's mark names in the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkBy {
    /// What the write names.
    #[default]
    Key,
    /// The group of the key that the write names, so that writes of other keys of it can take the row over. In memory
    /// the key alone is dirty, and a mark that is left names the key; after a crash the whole group is repaired. A
    /// write that names several keys is marked by each of them: a repair of a group does not find what was deleted in both
    /// stores, and the mark of such a write could not be left as one key.
    Group,
}

impl MarkBy {
    /// What the rows of a write name, if not what the write does.
    pub(in crate::journal) fn widened(self, named: &Scopes) -> Option<Scopes> {
        match (self, named.as_slice()) {
            (Self::Group, [key @ Scope::Key(_)]) => Some(key.widened().into()),
            _ => None,
        }
    }
}
