//! Drafts that the clients write, each with a token of its own.

use rand::Rng;
use rand::rngs::StdRng;
use rust_decimal::Decimal;

use crate::domain::{Billing, Draft, Line, MONEY_SCALE, total_of};
use crate::history::History;
use crate::ledger::{HISTORY, Token, Version, address_with};

#[derive(Debug)]
pub(super) struct Drafts {
    next_token: Token,
    homes: Vec<(i64, Billing)>,
}

impl Drafts {
    pub(super) fn new(history: &History) -> Self {
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
        Self { next_token: HISTORY + 1, homes: homes.collect() }
    }

    /// A draft with a total above so many cents, and the version that it will be known by.
    pub(super) fn next(&mut self, random: &mut StdRng, customer: i64, above: i64) -> (Draft, Version) {
        let token = self.next_token;
        self.next_token += 1;
        let home = self.homes.iter().find(|(id, _)| *id == customer).or(self.homes.first());
        let mut billing = home.map_or_else(nowhere, |(_, billing)| billing.clone());
        billing.address = address_with(&format!("{} Mill Lane", random.random_range(1..200)), token);
        let mut lines: Vec<Line> = (0..random.random_range(1..=4)).map(|_| line(random)).collect();
        if above > 0 {
            let unit_price = Decimal::new(above, MONEY_SCALE);
            lines.push(Line { item_id: 1, description: "As paid".into(), quantity: 1, unit_price });
        }
        let version = Version { token, total: total_of(&lines).to_string() };
        (Draft { issued_at: None, billing, lines }, version)
    }

    pub(super) fn customer(&self, random: &mut StdRng) -> i64 {
        if self.homes.is_empty() { 0 } else { self.homes[random.random_range(0..self.homes.len())].0 }
    }
}

fn line(random: &mut StdRng) -> Line {
    let item_id = random.random_range(1..=1_000);
    Line {
        item_id,
        description: format!("Item {item_id}"),
        quantity: random.random_range(1..=9),
        unit_price: Decimal::new(random.random_range(1..20_000), MONEY_SCALE),
    }
}

fn nowhere() -> Billing {
    Billing { address: String::new(), city: "-".into(), state: None, country: "-".into(), postal_code: None }
}
