//! One invoice: the record that moves, and its key.

use crossfade::data::{DataSet, RecordKey};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::create::Idempotency;

/// The data set that moves: one record an invoice, grouped by customer.
#[derive(Debug)]
pub(crate) enum Invoices {}

impl DataSet for Invoices {
    /// The customer.
    type Group = i64;
    /// The invoice's id, unique over all customers.
    type Item = i64;
    type Record = Invoice;

    fn same(a: &Invoice, b: &Invoice) -> bool {
        a == b // both schemas keep whole seconds and cents, so no tolerance is needed
    }
}

/// The whole of one invoice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Invoice {
    pub(crate) id: i64,
    pub(crate) customer_id: i64,
    /// What is printed on it: given once, by the store that makes the invoice, and never changed.
    pub(crate) number: String,
    pub(crate) issued_at: Timestamp,
    pub(crate) billing: Billing,
    pub(crate) lines: Vec<Line>,
    /// The sum of the lines; the server computes it.
    #[serde(with = "rust_decimal::serde::str")]
    pub(crate) total: Decimal,
    /// The sum of its payments; never above the total.
    #[serde(with = "rust_decimal::serde::str")]
    pub(crate) received: Decimal,
    /// Nothing is open any more.
    pub(crate) paid: bool,
    /// Set for good by a closing.
    pub(crate) closed: bool,
    /// How a retry of the create that made it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) idempotency: Option<Idempotency>,
}

/// Where the invoice goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Billing {
    pub(crate) address: String,
    pub(crate) city: String,
    #[serde(default)]
    pub(crate) state: Option<String>,
    pub(crate) country: String,
    #[serde(default)]
    pub(crate) postal_code: Option<String>,
}

/// One position of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) item_id: i64,
    pub(crate) description: String,
    pub(crate) quantity: u32,
    #[serde(with = "rust_decimal::serde::str")]
    pub(crate) unit_price: Decimal,
}

/// The key of an invoice.
pub(crate) fn key(customer: i64, invoice: i64) -> RecordKey<Invoices> {
    RecordKey { group: customer, item: invoice }
}

/// The printed number: the year and the id, so it is unique over all customers.
pub(crate) fn invoice_number(id: i64, issued_at: Timestamp) -> String {
    format!("INV-{}-{id:06}", issued_at.strftime("%Y"))
}
