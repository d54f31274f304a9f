//! The invoices that legacy has before anything moves: generated, or read from a folder of CSV files.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rust_decimal::Decimal;

use crate::domain::{Billing, Invoice, Line, cents, invoice_number, money, total_of};
use crate::ledger::{Key, Opening};
use crate::legacy::Legacy;

const CUSTOMERS: i64 = 1_500;
const INVOICES: i64 = 20_000;

/// Country, a city of it, and how many of a hundred customers or so live there.
const PLACES: [(&str, &str, u32); 24] = [
    ("USA", "Chicago", 22),
    ("Germany", "Stuttgart", 9),
    ("Canada", "Montreal", 9),
    ("France", "Lyon", 8),
    ("Brazil", "Recife", 7),
    ("United Kingdom", "Leeds", 6),
    ("Portugal", "Porto", 4),
    ("Norway", "Oslo", 3),
    ("India", "Pune", 5),
    ("Czech Republic", "Brno", 3),
    ("Austria", "Graz", 2),
    ("Belgium", "Ghent", 2),
    ("Denmark", "Aarhus", 2),
    ("Spain", "Bilbao", 3),
    ("Finland", "Turku", 2),
    ("Hungary", "Pécs", 2),
    ("Ireland", "Cork", 2),
    ("Italy", "Torino", 3),
    ("Netherlands", "Utrecht", 3),
    ("Poland", "Łódź", 3),
    ("Sweden", "Malmö", 2),
    ("Australia", "Perth", 2),
    ("Argentina", "Rosario", 2),
    ("Chile", "Talca", 1),
];
const STREETS: [&str; 8] = [
    "Main Street",
    "Station Road",
    "Mill Lane",
    "Harbour Way",
    "Park Avenue",
    "Church Street",
    "High Street",
    "Elm Row",
];
const ITEMS: [&str; 10] = [
    "Support, one hour",
    "Storage, 100 GB",
    "Seat, monthly",
    "Training day",
    "Cable, 2 m",
    "Licence, yearly",
    "Backup, weekly",
    "Domain name",
    "Migration workshop",
    "Data export",
];

/// Reference data: it does not move, the gateway only reads it.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) country: Arc<str>,
}

/// What legacy starts with.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) customers: Vec<Customer>,
    pub(crate) invoices: Vec<Invoice>,
}

impl History {
    /// Two years of invoices, the same for the same seed.
    pub(crate) fn generate(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let places: Vec<_> = PLACES
            .iter()
            .flat_map(|&(country, city, weight)| (0..weight).map(move |_| (country, city)))
            .collect();
        let homes: Vec<_> = (0..CUSTOMERS).map(|_| places[random.random_range(0..places.len())]).collect();
        let customers = (1..).zip(&homes).map(|(id, (country, city))| Customer {
            id,
            name: format!("Customer {id} of {city}"),
            country: (*country).into(),
        });
        Self {
            customers: customers.collect(),
            invoices: (1..=INVOICES).map(|id| invoice(&mut random, id, &homes)).collect(),
        }
    }

    /// The country that has the most customers: the first cohort.
    pub(crate) fn largest_country(&self) -> Option<Arc<str>> {
        let mut counts = HashMap::<_, u32>::new();
        for customer in &self.customers {
            *counts.entry(customer.country.clone()).or_default() += 1;
        }
        counts
            .into_iter()
            .max_by_key(|(country, count)| (*count, country.clone()))
            .map(|(country, _)| country)
    }

    /// What the clients know of it before they begin.
    pub(crate) fn openings(&self) -> HashMap<Key, Opening> {
        let opening = |invoice: &Invoice| Opening {
            total: invoice.total.to_string(),
            received: cents(invoice.received),
        };
        self.invoices.iter().map(|invoice| ((invoice.customer_id, invoice.id), opening(invoice))).collect()
    }

    /// Writes everything in one transaction.
    pub(crate) async fn write_to(&self, legacy: &Legacy) -> Result<()> {
        Ok(legacy.import(&self.customers, &self.invoices).await?)
    }
}

fn invoice(random: &mut StdRng, id: i64, homes: &[(&str, &str)]) -> Invoice {
    let customer_id = random.random_range(1..=CUSTOMERS);
    let (country, city) = homes[customer_id as usize - 1];
    // Two years up to the end of 2025, in the order of their ids.
    let start = Timestamp::constant(1_704_067_200, 0);
    let issued_at =
        start + SignedDuration::from_secs(731 * 86_400 / INVOICES * (id - 1) + random.random_range(0..3_000));
    let lines: Vec<Line> = (0..random.random_range(1..=8)).map(|_| line(random)).collect();
    let total = total_of(&lines);
    let paid = random.random_bool(0.8);
    Invoice {
        id,
        customer_id,
        number: invoice_number(id, issued_at),
        issued_at,
        billing: Billing {
            address: format!(
                "{} {}",
                random.random_range(1..200),
                STREETS[random.random_range(0..STREETS.len())]
            ),
            city: city.to_owned(),
            state: (country == "USA").then(|| "IL".to_owned()),
            country: country.to_owned(),
            postal_code: random
                .random_bool(0.9)
                .then(|| format!("{:05}", random.random_range(10_000..99_999))),
        },
        total,
        lines,
        received: if paid { total } else { money(Decimal::ZERO) },
        paid,
        closed: false,
        idempotency: None,
    }
}

fn line(random: &mut StdRng) -> Line {
    let item = random.random_range(0..ITEMS.len());
    Line {
        item_id: item as i64 + 1,
        description: ITEMS[item].to_owned(),
        quantity: random.random_range(1..=12),
        unit_price: Decimal::new(random.random_range(99..50_000), 2),
    }
}
