//! What the clients did and saw, as they know it themselves: the only witness against the gateway.
//!
//! Each write carries a token of its own inside the invoice (in the billing address), so a later read tells which
//! write it saw.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// An instant of the run.
pub(crate) type At = Duration;
/// Names one write. History has [`HISTORY`].
pub(crate) type Token = u64;
/// The token of an invoice that no client wrote.
pub(crate) const HISTORY: Token = 0;
/// What stands before the token in a billing address.
const TOKEN_MARK: &str = ", ref ";

/// Customer and invoice.
pub(crate) type Key = (i64, i64);

/// One version of an invoice as a client can tell it: who wrote it, and its total as text, which the client computes
/// by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) token: Token,
    pub(crate) total: String,
}

/// What became of a write, as the client knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Acked,
    /// The gateway said that surely nothing was changed.
    Failed,
    /// Any other error: it may have been applied, or be applied soon.
    Unknown,
}

/// One write. `version` is none for a delete; `invoice` is none for a create whose answer never came.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) customer: i64,
    pub(crate) invoice: Option<i64>,
    pub(crate) version: Option<Version>,
    pub(crate) creates: bool,
    pub(crate) start: At,
    pub(crate) end: At,
    pub(crate) fate: Fate,
}

/// One look at one invoice; `version` is none when there was none.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) key: Key,
    pub(crate) version: Option<Version>,
    pub(crate) start: At,
    pub(crate) end: At,
}

/// One look at a page of a customer's invoices: all with an id above `after`, up to and with `upto`.
#[derive(Clone, Debug)]
pub(crate) struct ListLook {
    pub(crate) customer: i64,
    pub(crate) after: i64,
    /// None: to the end.
    pub(crate) upto: Option<i64>,
    pub(crate) versions: BTreeMap<i64, Version>,
    pub(crate) start: At,
    pub(crate) end: At,
}

/// Everything that was noted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// What was there before the run.
    pub(crate) history: HashMap<Key, String>,
    pub(crate) writes: Vec<Write>,
    pub(crate) looks: Vec<Look>,
    pub(crate) lists: Vec<ListLook>,
}

/// Where the clients note what they did and saw.
#[derive(Debug)]
pub(crate) struct Ledger(Mutex<Notes>);

impl Ledger {
    /// Starts with the totals of the invoices that are there.
    pub(crate) fn new(history: HashMap<Key, String>) -> Self {
        Self(Mutex::new(Notes { history, ..Notes::default() }))
    }

    pub(crate) fn note_write(&self, write: Write) {
        self.with(|notes| notes.writes.push(write));
    }

    pub(crate) fn note_look(&self, look: Look) {
        self.with(|notes| notes.looks.push(look));
    }

    pub(crate) fn note_list(&self, list: ListLook) {
        self.with(|notes| notes.lists.push(list));
    }

    /// A copy, to be judged.
    pub(crate) fn notes(&self) -> Notes {
        self.with(|notes| notes.clone())
    }

    /// Writes so far: acknowledged, and of unknown fate.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let of = |notes: &Notes, fate| notes.writes.iter().filter(|write| write.fate == fate).count() as u64;
        self.with(|notes| (of(notes, Fate::Acked), of(notes, Fate::Unknown)))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Notes) -> T) -> T {
        // A push cannot leave half a note, so a panic elsewhere does not spoil them.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The address with the token in it.
pub(crate) fn address_with(address: &str, token: Token) -> String {
    format!("{address}{TOKEN_MARK}{token}")
}

/// The token in an address; [`HISTORY`] when there is none.
pub(crate) fn token_in(address: &str) -> Token {
    address.rsplit_once(TOKEN_MARK).and_then(|(_, token)| token.parse().ok()).unwrap_or(HISTORY)
}
