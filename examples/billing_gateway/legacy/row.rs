//! An invoice as the relational schema has it: cents, and a date without a zone.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::{Billing, Idempotency, Invoice, Line, MONEY_SCALE, cents};

const ISSUED_AT: &str = "%Y-%m-%d %H:%M:%S";

/// One row of `invoices` with its rows of `invoice_lines`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// None: the database gives one.
    pub(crate) id: Option<i64>,
    customer_id: i64,
    number: Option<String>,
    issued_at: String,
    address: String,
    city: String,
    state: Option<String>,
    country: String,
    postal_code: Option<String>,
    total_cents: i64,
    received_cents: i64,
    paid: bool,
    closed: bool,
    idempotency_key: Option<String>,
    idempotency_draft: Option<String>,
    lines: Vec<LineRow>,
}

/// Also read from an array of its fields in this order.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct LineRow {
    item_id: i64,
    description: String,
    quantity: u32,
    unit_price_cents: i64,
}

impl Row {
    /// The row of a new invoice: the database gives the id, and the number is made of it.
    pub(crate) fn without_id(invoice: &Invoice) -> Self {
        Self { id: None, number: None, ..Self::from(invoice) }
    }

    pub(crate) fn to_json(rows: &[Self]) -> sqlx::Result<String> {
        serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(Box::new(error)))
    }

    pub(crate) fn invoice_from_json(json: &str) -> sqlx::Result<Invoice> {
        let row: Self = serde_json::from_str(json).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        row.into_invoice()
    }

    pub(crate) fn parse_issued_at(text: &str) -> sqlx::Result<Timestamp> {
        let zoned = DateTime::strptime(ISSUED_AT, text).and_then(|at| at.to_zoned(TimeZone::UTC));
        zoned.map(|at| at.timestamp()).map_err(|error| sqlx::Error::Decode(Box::new(error)))
    }

    fn into_invoice(self) -> sqlx::Result<Invoice> {
        Ok(Invoice {
            id: self.id.unwrap_or_default(), // the primary key of a row that was read
            customer_id: self.customer_id,
            number: self.number.unwrap_or_default(),
            issued_at: Self::parse_issued_at(&self.issued_at)?,
            billing: Billing {
                address: self.address,
                city: self.city,
                state: self.state,
                country: self.country,
                postal_code: self.postal_code,
            },
            lines: self.lines.into_iter().map(LineRow::into_line).collect(),
            total: Decimal::new(self.total_cents, MONEY_SCALE),
            received: Decimal::new(self.received_cents, MONEY_SCALE),
            paid: self.paid,
            closed: self.closed,
            idempotency: self
                .idempotency_key
                .zip(self.idempotency_draft)
                .map(|(key, draft)| Idempotency { key, draft }),
        })
    }
}

impl From<&Invoice> for Row {
    fn from(invoice: &Invoice) -> Self {
        Self {
            id: Some(invoice.id),
            customer_id: invoice.customer_id,
            number: Some(invoice.number.clone()),
            issued_at: invoice.issued_at.strftime(ISSUED_AT).to_string(),
            address: invoice.billing.address.clone(),
            city: invoice.billing.city.clone(),
            state: invoice.billing.state.clone(),
            country: invoice.billing.country.clone(),
            postal_code: invoice.billing.postal_code.clone(),
            total_cents: cents(invoice.total),
            received_cents: cents(invoice.received),
            paid: invoice.paid,
            closed: invoice.closed,
            idempotency_key: invoice.idempotency.as_ref().map(|idempotency| idempotency.key.clone()),
            idempotency_draft: invoice.idempotency.as_ref().map(|idempotency| idempotency.draft.clone()),
            lines: invoice.lines.iter().map(LineRow::from).collect(),
        }
    }
}

impl LineRow {
    fn into_line(self) -> Line {
        Line {
            item_id: self.item_id,
            description: self.description,
            quantity: self.quantity,
            unit_price: Decimal::new(self.unit_price_cents, MONEY_SCALE),
        }
    }
}

impl From<&Line> for LineRow {
    fn from(line: &Line) -> Self {
        Self {
            item_id: line.item_id,
            description: line.description.clone(),
            quantity: line.quantity,
            unit_price_cents: cents(line.unit_price),
        }
    }
}
