//! What the clients do next: a seeded mix of operations over a wide key space and a few keys that everybody wants.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::drafts::Drafts;
use super::job::Job;
use super::known::{Keys, Known};
use crate::history::History;
use crate::ledger::Key;
use crossfade::route::Store;

/// Of a hundred lists and creates, so many are of customers whose invoices are fought over.
const BUSY_PERCENT: u32 = 20;
/// Of a hundred reads and updates, so many are of deleted invoices.
const GONE_PERCENT: u32 = 4;
/// Of a hundred creates, so many have a key and are sent again.
const KEYED_PERCENT: u32 = 75;
/// Of a hundred puts, deletes and reads, so many are of one version, if the clients know one.
const VERSIONED_PUT_PERCENT: u32 = 30;
const VERSIONED_DELETE_PERCENT: u32 = 20;
const VERSIONED_GET_PERCENT: u32 = 10;
/// Of a hundred puts of an invoice that was paid in part, so many do not mind what was paid.
const CARELESS_PERCENT: u32 = 2;
/// Of a hundred reads, so many name their store, when some do.
const NAMED_PERCENT: u32 = 4;
/// Payments are small, so that invoices stay open; of a hundred, so many are far too large.
const PAYMENT_CENTS_MAX: i64 = 200;
const OVERPAID_PERCENT: u32 = 4;
const OVERPAID_CENTS: i64 = 1_000_000_000_000;
/// Invoices closed at once; of a hundred closings, so many name one that does not exist.
const CLOSED_MAX: usize = 6;
const NO_INVOICE: i64 = 0;
const NO_INVOICE_PERCENT: u32 = 10;

/// Chooses jobs.
#[derive(Debug)]
pub(crate) struct Load {
    random: StdRng,
    drafts: Drafts,
    keys: Keys,
    naming: bool,
}

impl Load {
    pub(crate) fn new(seed: u64, history: &History) -> Self {
        let mut random = StdRng::seed_from_u64(seed ^ 0x10ad);
        let keys = Keys::new(&mut random, history);
        Self { random, drafts: Drafts::new(history), keys, naming: false }
    }

    /// Whether some of the reads to come name their store.
    pub(super) fn name_stores(&mut self, naming: bool) {
        self.naming = naming;
    }

    /// The next job of the mix; of a read, perhaps the store that it names. Needs at least one customer.
    pub(super) fn next_request(&mut self) -> (Job, Option<Store>) {
        let job = self.next_job();
        let named = job.is_read() && self.percent(NAMED_PERCENT) && self.naming;
        let store = if self.percent(50) { Store::Legacy } else { Store::Target };
        (job, named.then_some(store))
    }

    fn next_job(&mut self) -> Job {
        let job = match self.random.random_range(0..1_000) {
            0..130 => None,
            130..330 => self.put(),
            330..360 => self.delete(),
            360..500 => Some(Job::List(self.customer())),
            500..550 => self.pay(),
            550..560 => self.close(),
            560..590 => self.find(),
            _ => self.get(),
        };
        job.unwrap_or_else(|| self.create()) // also while there is nothing to ask for
    }

    /// A create was acknowledged, and no try of it can land any more.
    pub(super) fn created(&mut self, key: Key, known: Known) {
        self.keys.created(key, known);
    }

    /// Something was told of an invoice.
    pub(super) fn learn(&mut self, key: Key, known: Known) {
        self.keys.learn(key, known);
    }

    fn create(&mut self) -> Job {
        let customer = self.customer();
        let (draft, version) = self.drafts.next(&mut self.random, customer, 0);
        let key = self.percent(KEYED_PERCENT).then(|| format!("create-{}", version.token));
        Job::Create { customer, draft, version, key }
    }

    fn put(&mut self) -> Option<Job> {
        if self.percent(VERSIONED_PUT_PERCENT)
            && let Some((key, known)) = self.keys.such(&mut self.random, |known| known.tag.is_some())
        {
            let (draft, version) = self.drafts.next(&mut self.random, key.0, known.received);
            return Some(Job::Put { key, draft, version, seen: known.tag });
        }
        let key = self.key()?;
        let received = self.keys.known(key).map_or(0, |known| known.received);
        let above = if self.percent(CARELESS_PERCENT) { 0 } else { received };
        let (draft, version) = self.drafts.next(&mut self.random, key.0, above);
        Some(Job::Put { key, draft, version, seen: None })
    }

    fn delete(&mut self) -> Option<Job> {
        let (key, seen) = self.keys.take(&mut self.random)?;
        let seen = if self.percent(VERSIONED_DELETE_PERCENT) { seen } else { None };
        Some(Job::Delete { key, seen })
    }

    fn pay(&mut self) -> Option<Job> {
        let (key, _) = self.keys.such(&mut self.random, |known| known.balance > PAYMENT_CENTS_MAX)?;
        let small = self.random.random_range(1..=PAYMENT_CENTS_MAX);
        let cents = if self.percent(OVERPAID_PERCENT) { OVERPAID_CENTS } else { small };
        Some(Job::Pay { key, cents })
    }

    fn close(&mut self) -> Option<Job> {
        let key = self.keys.any(&mut self.random)?;
        let mut invoices = self.keys.beside(&mut self.random, key, CLOSED_MAX);
        if self.percent(NO_INVOICE_PERCENT) {
            invoices.push(NO_INVOICE);
        }
        Some(Job::Close { customer: key.0, invoices })
    }

    fn find(&mut self) -> Option<Job> {
        let (key, known) = self.keys.such(&mut self.random, |_| true)?;
        Some(Job::Find { key, number: known.number })
    }

    fn get(&mut self) -> Option<Job> {
        let key = self.key()?;
        let versioned = self.percent(VERSIONED_GET_PERCENT);
        let seen = self.keys.known(key).filter(|_| versioned).and_then(|known| known.tag.clone());
        Some(Job::Get { key, seen })
    }

    /// Sometimes one that is deleted: it must stay so.
    fn key(&mut self) -> Option<Key> {
        if self.percent(GONE_PERCENT) {
            self.keys.gone(&mut self.random)
        } else {
            self.keys.any(&mut self.random)
        }
    }

    fn customer(&mut self) -> i64 {
        match self.keys.hot(&mut self.random) {
            Some(key) if self.percent(BUSY_PERCENT) => key.0,
            _ => self.drafts.customer(&mut self.random),
        }
    }

    fn percent(&mut self, percent: u32) -> bool {
        self.random.random_ratio(percent, 100)
    }
}
