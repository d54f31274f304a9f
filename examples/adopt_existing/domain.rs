//! What the service keeps: invoices with their lines.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) cents: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Invoice {
    pub(crate) total_cents: i64,
    pub(crate) paid: bool,
    pub(crate) lines: Vec<Line>,
}

/// Makes the tables of the service.
pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS invoices (
        id BIGINT AUTO_INCREMENT PRIMARY KEY,
        customer BIGINT NOT NULL,
        total_cents BIGINT NOT NULL,
        paid BOOLEAN NOT NULL DEFAULT FALSE,
        INDEX (customer, id)
    ) CHARACTER SET utf8mb4;
    CREATE TABLE IF NOT EXISTS invoice_lines (
        id BIGINT AUTO_INCREMENT PRIMARY KEY,
        invoice BIGINT NOT NULL,
        text VARCHAR(200) NOT NULL,
        cents BIGINT NOT NULL,
        INDEX (invoice, id)
    ) CHARACTER SET utf8mb4";
