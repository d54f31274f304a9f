//! What the clients know of the invoices, from what they were told.

use std::collections::{BTreeMap, VecDeque};

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::job::Tagged;
use crate::domain::cents;
use crate::history::History;
use crate::ledger::Key;

/// Keys that several clients fight over, and how many requests of a hundred go to them.
const HOT_KEYS: usize = 24;
const HOT_PERCENT: u32 = 20;
/// How many requests of a hundred go to what was written last, and how far back that reaches.
const RECENT_PERCENT: u32 = 25;
const RECENT: usize = 200;
/// Deleted keys that are still asked for.
const GONE_KEYS: usize = 200;
/// How often a key of a certain kind is looked for.
const PICKS_MAX: usize = 8;

/// What a client was told of one invoice.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) number: String,
    /// Cents.
    pub(super) received: i64,
    pub(super) balance: i64,
    /// Its newest answer with an ETag.
    pub(super) tag: Option<Tagged>,
}

/// The keys that live, as far as the clients were told, and some that do not.
#[derive(Debug)]
pub(super) struct Keys {
    living: BTreeMap<Key, Known>,
    hot: Vec<Key>,
    wide: Vec<Key>,
    gone: VecDeque<Key>,
}

impl Keys {
    pub(super) fn new(random: &mut StdRng, history: &History) -> Self {
        let mut wide: Vec<Key> = history.invoices.iter().map(|i| (i.customer_id, i.id)).collect();
        let known = history.invoices.iter().map(|invoice| Known {
            number: invoice.number.clone(),
            received: cents(invoice.received),
            balance: cents(invoice.balance()),
            tag: None,
        });
        let living = wide.iter().copied().zip(known).collect();
        let spread = (wide.len() / HOT_KEYS).max(1);
        let hot = (0..HOT_KEYS.min(wide.len())).map(|_| take(random, &mut wide, spread)).collect();
        Self { living, hot, wide, gone: VecDeque::new() }
    }

    pub(super) fn known(&self, key: Key) -> Option<&Known> {
        self.living.get(&key)
    }

    /// A key that lives.
    pub(super) fn any(&self, random: &mut StdRng) -> Option<Key> {
        if random.random_ratio(HOT_PERCENT, 100) && !self.hot.is_empty() {
            return self.hot.choose(random).copied();
        }
        let recent = self.wide.len().saturating_sub(RECENT);
        let from = if random.random_ratio(RECENT_PERCENT, 100) { recent } else { 0 };
        self.wide[from..].choose(random).copied()
    }

    /// A key that everybody wants.
    pub(super) fn hot(&self, random: &mut StdRng) -> Option<Key> {
        self.hot.choose(random).copied()
    }

    /// A key of which something certain is known, if one is found soon.
    pub(super) fn such(&self, random: &mut StdRng, wanted: impl Fn(&Known) -> bool) -> Option<(Key, Known)> {
        (0..PICKS_MAX).find_map(|_| {
            let key = self.any(random)?;
            self.known(key).filter(|known| wanted(known)).map(|known| (key, known.clone()))
        })
    }

    /// A key that was deleted; one that lives while there is none.
    pub(super) fn gone(&self, random: &mut StdRng) -> Option<Key> {
        if self.gone.is_empty() {
            return self.any(random);
        }
        self.gone.get(random.random_range(0..self.gone.len())).copied()
    }

    /// Some invoices of the customer of `key`, this one included.
    pub(super) fn beside(&self, random: &mut StdRng, key: Key, at_most: usize) -> Vec<i64> {
        let of_customer = self.living.range((key.0, i64::MIN)..=(key.0, i64::MAX)).map(|(key, _)| key.1);
        let others: Vec<i64> = of_customer.filter(|&invoice| invoice != key.1).collect();
        let count = random.random_range(0..at_most.max(1));
        others.choose_multiple(random, count).copied().chain([key.1]).collect()
    }

    /// Takes a key out: it is about to be deleted.
    pub(super) fn take(&mut self, random: &mut StdRng) -> Option<(Key, Option<Tagged>)> {
        let key = if random.random_ratio(1, 10) && !self.hot.is_empty() {
            self.hot.swap_remove(random.random_range(0..self.hot.len()))
        } else if self.wide.is_empty() {
            return None;
        } else {
            take(random, &mut self.wide, usize::MAX)
        };
        self.gone.push_back(key);
        if self.gone.len() > GONE_KEYS {
            self.gone.pop_front();
        }
        Some((key, self.living.remove(&key).and_then(|known| known.tag)))
    }

    /// A create was acknowledged.
    pub(super) fn created(&mut self, key: Key, known: Known) {
        self.living.insert(key, known);
        self.wide.push(key);
        if self.hot.len() < HOT_KEYS {
            self.hot.push(key); // the place of one that was deleted
        }
    }

    /// Something was told of an invoice.
    pub(super) fn learn(&mut self, key: Key, told: Known) {
        if let Some(known) = self.living.get_mut(&key) {
            let received = known.received.max(told.received); // answers may overtake each other
            *known = Known { received, tag: told.tag.or_else(|| known.tag.take()), ..told };
        }
    }
}

/// Takes one of the first `within` keys out.
fn take(random: &mut StdRng, keys: &mut Vec<Key>, within: usize) -> Key {
    let at = random.random_range(0..keys.len().min(within));
    keys.swap_remove(at)
}
