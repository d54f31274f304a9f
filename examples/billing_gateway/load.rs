//! What the clients do next: a seeded mix of operations over a wide key space and a few keys that everybody wants.

use std::collections::VecDeque;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rust_decimal::Decimal;

use crate::domain::{Billing, Draft, Line, total_of};
use crate::history::History;
use crate::ledger::{HISTORY, Key, Token, Version, address_with};

/// Keys that several clients fight over, and how many requests of a hundred go to them.
const HOT_KEYS: usize = 24;
const HOT_PERCENT: u32 = 20;
/// How many requests of a hundred go to what was written last, and how far back that reaches.
const RECENT_PERCENT: u32 = 25;
const RECENT: usize = 200;
/// Deleted keys that are still asked for, and how many reads and updates of a hundred do so.
const GONE_KEYS: usize = 200;
const GONE_PERCENT: u32 = 4;

/// One request to send.
#[derive(Clone, Debug)]
pub(crate) enum Job {
    Create(i64, Draft, Version),
    Put(Key, Draft, Version),
    Delete(Key),
    Get(Key),
    List(i64),
}

/// Chooses jobs. Knows the keys that live, as far as the clients were told.
#[derive(Debug)]
pub(crate) struct Load {
    random: StdRng,
    next_token: Token,
    homes: Vec<(i64, Billing)>,
    hot: Vec<Key>,
    wide: Vec<Key>,
    gone: VecDeque<Key>,
}

impl Load {
    pub(crate) fn new(seed: u64, history: &History) -> Self {
        let mut random = StdRng::seed_from_u64(seed ^ 0x10ad);
        let mut wide: Vec<Key> = history.invoices.iter().map(|i| (i.customer_id, i.id)).collect();
        let spread = (wide.len() / HOT_KEYS).max(1);
        let hot = (0..HOT_KEYS.min(wide.len())).map(|_| take(&mut random, &mut wide, spread)).collect();
        let homes = history.customers.iter().map(|customer| {
            let country = customer.country.to_string();
            let billing = Billing {
                address: String::new(),
                city: "Springfield".into(),
                state: None,
                country,
                postal_code: None,
            };
            (customer.id, billing)
        });
        Self { homes: homes.collect(), random, next_token: HISTORY + 1, hot, wide, gone: VecDeque::new() }
    }

    /// The next job of the mix. Needs at least one customer.
    pub(crate) fn next_job(&mut self) -> Job {
        match self.random.random_range(0..1_000) {
            0..130 => self.create(),
            130..350 => self.put(),
            350..380 => self.delete(),
            380..530 => Job::List(self.customer()),
            _ => self.get(),
        }
    }

    /// A create was acknowledged.
    pub(crate) fn created(&mut self, key: Key) {
        self.wide.push(key);
        if self.hot.len() < HOT_KEYS {
            self.hot.push(key); // the place of one that was deleted
        }
    }

    fn create(&mut self) -> Job {
        let customer = self.customer();
        let (draft, version) = self.draft(customer);
        Job::Create(customer, draft, version)
    }

    fn get(&mut self) -> Job {
        let key = if self.percent(GONE_PERCENT) { self.gone_key() } else { self.key() };
        key.map_or_else(|| self.create(), Job::Get)
    }

    fn put(&mut self) -> Job {
        // Sometimes one that is deleted: it must stay so.
        let key = if self.percent(GONE_PERCENT) { self.gone_key() } else { self.key() };
        let Some(key) = key else { return self.create() };
        let (draft, version) = self.draft(key.0);
        Job::Put(key, draft, version)
    }

    fn delete(&mut self) -> Job {
        let key = if self.percent(10) && !self.hot.is_empty() {
            let at = self.random.random_range(0..self.hot.len());
            self.hot.swap_remove(at)
        } else if self.wide.is_empty() {
            return self.create();
        } else {
            take(&mut self.random, &mut self.wide, usize::MAX)
        };
        self.gone.push_back(key);
        if self.gone.len() > GONE_KEYS {
            self.gone.pop_front();
        }
        Job::Delete(key)
    }

    fn draft(&mut self, customer: i64) -> (Draft, Version) {
        let token = self.next_token;
        self.next_token += 1;
        let home = self.homes.iter().find(|(id, _)| *id == customer).or(self.homes.first());
        let mut billing = home.map_or_else(nowhere, |(_, billing)| billing.clone());
        billing.address = address_with(&format!("{} Mill Lane", self.random.random_range(1..200)), token);
        let lines: Vec<Line> = (0..self.random.random_range(1..=4)).map(|_| self.line()).collect();
        let version = Version { token, total: total_of(&lines).to_string() };
        (Draft { issued_at: None, billing, lines }, version)
    }

    fn line(&mut self) -> Line {
        let item_id = self.random.random_range(1..=1_000);
        Line {
            item_id,
            description: format!("Item {item_id}"),
            quantity: self.random.random_range(1..=9),
            unit_price: Decimal::new(self.random.random_range(1..20_000), 2),
        }
    }

    fn key(&mut self) -> Option<Key> {
        if self.percent(HOT_PERCENT) && !self.hot.is_empty() {
            return self.hot.choose(&mut self.random).copied();
        }
        let recent = self.wide.len().saturating_sub(RECENT);
        let keys = if self.percent(RECENT_PERCENT) { &self.wide[recent..] } else { &self.wide[..] };
        keys.choose(&mut self.random).copied()
    }

    fn gone_key(&mut self) -> Option<Key> {
        if self.gone.is_empty() {
            return self.key();
        }
        let at = self.random.random_range(0..self.gone.len());
        self.gone.get(at).copied()
    }

    fn customer(&mut self) -> i64 {
        if self.percent(HOT_PERCENT)
            && let Some(key) = self.hot.choose(&mut self.random)
        {
            return key.0;
        }
        self.homes.choose(&mut self.random).map_or(0, |(id, _)| *id)
    }

    fn percent(&mut self, percent: u32) -> bool {
        self.random.random_ratio(percent, 100)
    }
}

/// Takes one of the first `within` keys out.
fn take(random: &mut StdRng, keys: &mut Vec<Key>, within: usize) -> Key {
    let at = random.random_range(0..keys.len().min(within));
    keys.swap_remove(at)
}

fn nowhere() -> Billing {
    Billing { address: String::new(), city: "-".into(), state: None, country: "-".into(), postal_code: None }
}
