//! What the clients did and saw, as they know it themselves: the only witness against the gateway.
//!
//! Each create and each put carries a token of its own inside the invoice (in the billing address), so a later read tells
//! which of them it saw. What payments and closings leave is a sum and a flag, which only grow.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// An instant of the run.
pub(crate) type At = Duration;
/// Names one write. History has [`HISTORY`].
pub(crate) type Token = u64;
/// The token of an invoice that no client wrote.
pub(crate) const HISTORY: Token = 0;
/// A write of unknown fate may land this long after its answer: the stores' late bound and a generous margin.
pub(crate) const SETTLES: Duration = Duration::from_secs(1);
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

/// All that a client sees of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    pub(crate) version: Version,
    /// What was paid of it, in cents.
    pub(crate) received: i64,
    pub(crate) closed: bool,
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

/// When something was tried, and what became of it. A create that was sent several times is one try, from the first to
/// the last of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Try {
    pub(crate) start: At,
    pub(crate) end: At,
    pub(crate) fate: Fate,
}

/// A create, a put or a delete. `version` is none for a delete; `invoice` is none for a create whose answer never came.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) customer: i64,
    pub(crate) invoice: Option<i64>,
    pub(crate) version: Option<Version>,
    pub(crate) creates: bool,
    pub(crate) tried: Try,
}

/// A payment of some cents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payment {
    pub(crate) key: Key,
    pub(crate) cents: i64,
    pub(crate) tried: Try,
}

/// A closing of several invoices at once.
#[derive(Clone, Debug)]
pub(crate) struct Closing {
    pub(crate) customer: i64,
    pub(crate) invoices: Vec<i64>,
    pub(crate) tried: Try,
}

/// One look at one invoice; `seen` is none when there was none.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) key: Key,
    pub(crate) seen: Option<Sight>,
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
    pub(crate) seen: BTreeMap<i64, Sight>,
    pub(crate) start: At,
    pub(crate) end: At,
}

/// What was there before the run.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) total: String,
    /// Cents.
    pub(crate) received: i64,
}

/// Everything that was noted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    pub(crate) history: HashMap<Key, Opening>,
    pub(crate) writes: Vec<Write>,
    pub(crate) payments: Vec<Payment>,
    pub(crate) closings: Vec<Closing>,
    pub(crate) looks: Vec<Look>,
    pub(crate) lists: Vec<ListLook>,
}

/// Where the clients note what they did and saw.
#[derive(Debug)]
pub(crate) struct Ledger(Mutex<Notes>);

impl Ledger {
    /// Starts with the invoices that are there.
    pub(crate) fn new(history: HashMap<Key, Opening>) -> Self {
        Self(Mutex::new(Notes { history, ..Notes::default() }))
    }

    /// Writes something down.
    pub(crate) fn note(&self, act: impl FnOnce(&mut Notes)) {
        self.with(act);
    }

    /// A copy, to be judged.
    pub(crate) fn notes(&self) -> Notes {
        self.with(|notes| notes.clone())
    }

    /// Writes of all kinds so far: acknowledged, and of unknown fate.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let of = |notes: &Notes, fate| notes.tries().filter(|tried| tried.fate == fate).count() as u64;
        self.with(|notes| (of(notes, Fate::Acked), of(notes, Fate::Unknown)))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Notes) -> T) -> T {
        // A push cannot leave half a note, so a panic elsewhere does not spoil them.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Notes {
    fn tries(&self) -> impl Iterator<Item = Try> {
        let writes = self.writes.iter().map(|write| write.tried);
        let payments = self.payments.iter().map(|payment| payment.tried);
        writes.chain(payments).chain(self.closings.iter().map(|closing| closing.tried))
    }
}

impl Try {
    /// Whether it was acknowledged before that moment.
    pub(crate) fn acked_before(&self, moment: At) -> bool {
        self.fate == Fate::Acked && self.end < moment
    }

    /// Whether it may have been applied by that moment.
    pub(crate) fn possible_by(&self, moment: At) -> bool {
        self.fate != Fate::Failed && self.start <= moment
    }

    /// When it can no longer land.
    pub(crate) fn settled(&self) -> At {
        if self.fate == Fate::Unknown { self.end + SETTLES } else { self.end }
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
