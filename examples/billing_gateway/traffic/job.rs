//! What a client is to do next.

use crate::domain::Draft;
use crate::ledger::{Key, Sight, Version};

/// What a client saw of an invoice, with the ETag that names it.
#[derive(Clone, Debug)]
pub(super) struct Tagged {
    pub(super) etag: String,
    pub(super) sight: Sight,
}

/// One request to send; a create with a key is sent again while it is not answered.
#[derive(Clone, Debug)]
pub(super) enum Job {
    Create {
        customer: i64,
        draft: Draft,
        version: Version,
        key: Option<String>,
    },
    /// Only of the version that was seen, if one is given.
    Put {
        key: Key,
        draft: Draft,
        version: Version,
        seen: Option<Tagged>,
    },
    Delete {
        key: Key,
        seen: Option<Tagged>,
    },
    Pay {
        key: Key,
        cents: i64,
    },
    Close {
        customer: i64,
        invoices: Vec<i64>,
    },
    /// Spared while it is what was seen, if that is given.
    Get {
        key: Key,
        seen: Option<Tagged>,
    },
    Find {
        key: Key,
        number: String,
    },
    List(i64),
}

impl Job {
    pub(super) const fn is_read(&self) -> bool {
        matches!(self, Self::Get { .. } | Self::Find { .. } | Self::List(_))
    }
}
