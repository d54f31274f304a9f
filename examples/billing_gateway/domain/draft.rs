//! What callers say about an invoice, and the rules for what may be in it.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::invoice::{Billing, Invoice, Line};
use super::money::{MONEY_SCALE, money, total_of};
use super::rejection::Rejection;

/// How many lines an invoice may have.
pub(crate) const LINES_MAX: usize = 100;
/// How many characters a text may have.
pub(crate) const TEXT_MAX: usize = 200;
/// The largest quantity of one line, and the largest price of one unit.
const QUANTITY_MAX: u32 = 1_000_000;
const UNIT_PRICE_MAX: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

/// What a caller says about an invoice; the server adds all the rest, and ignores it when it is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// Left out: now for a new invoice, what it was for an old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issued_at: Option<Timestamp>,
    pub(crate) billing: Billing,
    pub(crate) lines: Vec<Line>,
}

/// Why a draft is no invoice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidDraft {
    #[error("an invoice needs at least one line")]
    NoLines,
    #[error("an invoice has at most {LINES_MAX} lines, this one has {0}")]
    TooManyLines(usize),
    #[error("{field} must have 1 to {TEXT_MAX} characters, it has {length}")]
    Text { field: String, length: usize },
    #[error("lines[{0}].quantity must be 1 to {QUANTITY_MAX}")]
    Quantity(usize),
    #[error("lines[{0}].unit_price must be 0 to {UNIT_PRICE_MAX} with at most {MONEY_SCALE} decimal places")]
    UnitPrice(usize),
}

impl Draft {
    /// Checks everything that no store should ever see, and writes money with exactly two decimal places.
    pub(crate) fn checked(mut self) -> Result<Self, InvalidDraft> {
        self.check_texts()?;
        match self.lines.len() {
            0 => return Err(InvalidDraft::NoLines),
            1..=LINES_MAX => {}
            count => return Err(InvalidDraft::TooManyLines(count)),
        }
        for (index, line) in self.lines.iter_mut().enumerate() {
            line.check(index)?;
        }
        self.issued_at = self.issued_at.map(whole_seconds);
        Ok(self)
    }

    /// The invoice that this draft makes of one that is there, unless more than the new total was received by now.
    pub(crate) fn into_changed(self, old: Invoice) -> Result<Invoice, Rejection> {
        let (total, received) = (total_of(&self.lines), old.received);
        if total < received {
            return Err(Rejection::BelowReceived { total, received });
        }
        let issued_at = self.issued_at.unwrap_or(old.issued_at);
        Ok(Invoice { issued_at, billing: self.billing, lines: self.lines, total, ..old }.settled())
    }

    fn check_texts(&self) -> Result<(), InvalidDraft> {
        let billing = &self.billing;
        check_text("billing.address", &billing.address)?;
        check_text("billing.city", &billing.city)?;
        check_text("billing.country", &billing.country)?;
        for (field, text) in
            [("billing.state", &billing.state), ("billing.postal_code", &billing.postal_code)]
        {
            text.as_deref().map_or(Ok(()), |text| check_text(field, text))?;
        }
        Ok(())
    }
}

impl Line {
    fn check(&mut self, index: usize) -> Result<(), InvalidDraft> {
        check_text(&format!("lines[{index}].description"), &self.description)?;
        if !(1..=QUANTITY_MAX).contains(&self.quantity) {
            return Err(InvalidDraft::Quantity(index));
        }
        let price = self.unit_price.normalize();
        if price.is_sign_negative() || price > UNIT_PRICE_MAX || price.scale() > MONEY_SCALE {
            return Err(InvalidDraft::UnitPrice(index));
        }
        self.unit_price = money(price);
        Ok(())
    }
}

/// Legacy's column has whole seconds.
pub(crate) fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn check_text(field: &str, text: &str) -> Result<(), InvalidDraft> {
    match text.trim().chars().count() {
        1..=TEXT_MAX if text.chars().count() <= TEXT_MAX => Ok(()),
        length => {
            Err(InvalidDraft::Text { field: field.to_owned(), length: length.max(text.chars().count()) })
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::NewInvoice;

    pub(crate) fn draft(price: &str, quantity: u32) -> Draft {
        Draft {
            issued_at: None,
            billing: Billing {
                address: "1 Main Street".into(),
                city: "Oslo".into(),
                state: None,
                country: "Norway".into(),
                postal_code: Some("0171".into()),
            },
            lines: vec![Line {
                item_id: 7,
                description: "A song".into(),
                quantity,
                unit_price: price.parse().unwrap(),
            }],
        }
    }

    #[test]
    fn the_server_computes_the_total_exactly() {
        let draft = draft("0.1", 3).checked().unwrap();
        let invoice = NewInvoice { draft, idempotency: None }.into_invoice(1, 12);
        assert_eq!(invoice.total.to_string(), "0.30");
        assert!(invoice.number.ends_with("-000012"), "{}", invoice.number);
    }

    #[test]
    fn bad_drafts_say_which_field_is_wrong() {
        assert_eq!(draft("-1", 1).checked(), Err(InvalidDraft::UnitPrice(0)));
        assert_eq!(draft("0.001", 1).checked(), Err(InvalidDraft::UnitPrice(0)));
        assert_eq!(draft("1", 0).checked(), Err(InvalidDraft::Quantity(0)));
        let mut many = draft("1", 1);
        many.lines = vec![many.lines[0].clone(); LINES_MAX + 1];
        assert_eq!(many.checked(), Err(InvalidDraft::TooManyLines(LINES_MAX + 1)));
        let mut blank = draft("1", 1);
        blank.billing.city = "  ".into();
        assert!(blank.checked().unwrap_err().to_string().contains("billing.city"));
    }

    #[test]
    fn money_keeps_its_two_places_and_seconds_are_whole() {
        assert_eq!(draft("2.5000", 2).checked().unwrap().lines[0].unit_price.to_string(), "2.50");
        let at: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
        assert_eq!(whole_seconds(at).to_string(), "2026-01-02T03:04:05Z");
    }
}
