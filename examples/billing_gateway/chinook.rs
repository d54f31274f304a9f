//! Reads a folder of CSV files in the shape of the Chinook sample database: `Customer.csv`, `Invoice.csv` and
//! `InvoiceLine.csv`, each with a header. Ids are kept.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::domain::{Billing, Invoice, Line, MONEY_SCALE, invoice_number, money};
use crate::history::{Customer, History};

/// Why a folder could not be read: the file, the line, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HistoryError {
    #[error(
        "cannot read {path}: {error}; a history folder holds Customer.csv, Invoice.csv and InvoiceLine.csv"
    )]
    File { path: PathBuf, error: std::io::Error },
    #[error("{path}, line {line}: {what}")]
    Line { path: PathBuf, line: u64, what: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CustomerRow {
    customer_id: i64,
    first_name: String,
    last_name: String,
    country: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InvoiceRow {
    invoice_id: i64,
    customer_id: i64,
    invoice_date: String,
    billing_address: String,
    billing_city: String,
    billing_state: Option<String>,
    billing_country: String,
    billing_postal_code: Option<String>,
    total: Decimal,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LineRow {
    invoice_id: i64,
    track_id: i64,
    unit_price: Decimal,
    quantity: u32,
}

/// A row with where it stood, for errors that are found later.
struct Placed<T> {
    line: u64,
    row: T,
}

/// A file whose rows were read.
struct Table<T> {
    path: PathBuf,
    rows: Vec<Placed<T>>,
}

/// Reads the folder.
pub(crate) fn read_folder(folder: &Path) -> Result<History, HistoryError> {
    let customers = Table::<CustomerRow>::read(folder.join("Customer.csv"))?;
    let invoices = Table::<InvoiceRow>::read(folder.join("Invoice.csv"))?;
    let lines = Table::<LineRow>::read(folder.join("InvoiceLine.csv"))?;

    let known = customers.index(|customer| customer.customer_id, "CustomerId")?;
    let at = invoices.index(|invoice| invoice.invoice_id, "InvoiceId")?;
    let mut made = Vec::with_capacity(invoices.rows.len());
    for placed in &invoices.rows {
        if !known.contains_key(&placed.row.customer_id) {
            return Err(invoices
                .error(placed.line, format!("Customer.csv has no CustomerId {}", placed.row.customer_id)));
        }
        made.push(placed.row.to_invoice().map_err(|what| invoices.error(placed.line, what))?);
    }
    for placed in &lines.rows {
        let Some(&index) = at.get(&placed.row.invoice_id) else {
            return Err(
                lines.error(placed.line, format!("Invoice.csv has no InvoiceId {}", placed.row.invoice_id))
            );
        };
        made[index].lines.push(placed.row.to_line().map_err(|what| lines.error(placed.line, what))?);
    }
    let customers = customers.rows.into_iter().map(|placed| placed.row.into()).collect();
    Ok(History { customers, invoices: made })
}

impl<T: DeserializeOwned> Table<T> {
    fn read(path: PathBuf) -> Result<Self, HistoryError> {
        let file = File::open(&path).map_err(|error| HistoryError::File { path: path.clone(), error })?;
        let mut reader = csv::Reader::from_reader(file);
        let headers = reader.headers().cloned();
        let mut table = Self { path, rows: Vec::new() };
        let headers = headers.map_err(|error| table.error(1, error.to_string()))?;
        let mut record = csv::StringRecord::new();
        loop {
            let before = reader.position().line();
            match reader.read_record(&mut record) {
                Ok(false) => return Ok(table),
                Ok(true) => {}
                Err(error) => return Err(table.error(before, error.to_string())),
            }
            let line = record.position().map_or(before, csv::Position::line);
            let row = record.deserialize(Some(&headers)).map_err(|error| table.error(line, plain(&error)))?;
            table.rows.push(Placed { line, row });
        }
    }
}

impl<T> Table<T> {
    fn index(&self, id: impl Fn(&T) -> i64, column: &str) -> Result<HashMap<i64, usize>, HistoryError> {
        let mut at = HashMap::with_capacity(self.rows.len());
        for (index, placed) in self.rows.iter().enumerate() {
            let id = id(&placed.row);
            if at.insert(id, index).is_some() {
                return Err(self.error(placed.line, format!("{column} {id} is there twice")));
            }
        }
        Ok(at)
    }

    fn error(&self, line: u64, what: String) -> HistoryError {
        HistoryError::Line { path: self.path.clone(), line, what }
    }
}

impl From<CustomerRow> for Customer {
    fn from(row: CustomerRow) -> Self {
        Self {
            id: row.customer_id,
            name: format!("{} {}", row.first_name, row.last_name),
            country: row.country.into(),
        }
    }
}

impl InvoiceRow {
    /// The invoice without its lines. The total is the file's own: what was billed stays billed.
    fn to_invoice(&self) -> Result<Invoice, String> {
        let issued_at = parse_date(&self.invoice_date)?;
        let total = cents_only("Total", self.total)?;
        Ok(Invoice {
            id: self.invoice_id,
            customer_id: self.customer_id,
            number: invoice_number(self.invoice_id, issued_at),
            issued_at,
            billing: Billing {
                address: self.billing_address.clone(),
                city: self.billing_city.clone(),
                state: self.billing_state.clone(),
                country: self.billing_country.clone(),
                postal_code: self.billing_postal_code.clone(),
            },
            lines: Vec::new(),
            total,
            received: total, // a shop: nobody bought on credit
            paid: true,
            closed: false,
            idempotency: None,
        })
    }
}

impl LineRow {
    fn to_line(&self) -> Result<Line, String> {
        if self.quantity == 0 {
            return Err("Quantity must be at least 1".into());
        }
        Ok(Line {
            item_id: self.track_id,
            description: format!("Track {}", self.track_id),
            quantity: self.quantity,
            unit_price: cents_only("UnitPrice", self.unit_price)?,
        })
    }
}

fn cents_only(column: &str, amount: Decimal) -> Result<Decimal, String> {
    if amount.normalize().scale() > MONEY_SCALE {
        return Err(format!("{column} {amount} has more than {MONEY_SCALE} decimal places"));
    }
    Ok(money(amount))
}

/// `2021/1/1`, `2021-01-01` or `2021-01-01 00:00:00`, in UTC.
fn parse_date(text: &str) -> Result<Timestamp, String> {
    let at = Date::strptime("%Y/%m/%d", text)
        .map(|date| date.at(0, 0, 0, 0))
        .or_else(|_| text.parse::<DateTime>())
        .or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0)));
    let zoned = at.and_then(|at| at.to_zoned(TimeZone::UTC));
    zoned.map(|at| at.timestamp()).map_err(|_| format!("InvoiceDate {text:?} is no date like 2021/1/31"))
}

/// What is wrong, without the position that is shown beside it.
fn plain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
#[path = "chinook_tests.rs"]
mod tests;
