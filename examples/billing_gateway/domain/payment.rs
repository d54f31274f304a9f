//! Payments: what has come in of an invoice's total, and what is still open.

use rust_decimal::Decimal;
use serde::Deserialize;

use super::invoice::Invoice;
use super::money::{MONEY_SCALE, money};
use super::rejection::Rejection;

/// The largest payment: above every total.
const AMOUNT_MAX: Decimal = Decimal::from_parts(0x107a_4000, 0x5af3, 0, false, 0);

/// What a caller says about a payment.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Payment {
    #[serde(with = "rust_decimal::serde::str")]
    amount: Decimal,
}

/// Why a payment is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("amount must be above 0, at most {AMOUNT_MAX}, and have at most {MONEY_SCALE} decimal places")]
pub(crate) struct InvalidPayment;

impl Payment {
    /// The amount, with exactly two decimal places.
    pub(crate) fn checked(self) -> Result<Decimal, InvalidPayment> {
        let amount = self.amount.normalize();
        if amount <= Decimal::ZERO || amount > AMOUNT_MAX || amount.scale() > MONEY_SCALE {
            return Err(InvalidPayment);
        }
        Ok(money(amount))
    }
}

impl Invoice {
    /// What is still to be paid; never negative.
    pub(crate) fn balance(&self) -> Decimal {
        self.total - self.received
    }

    /// Takes a payment, unless it is more than what is open.
    pub(crate) fn pay(mut self, amount: Decimal) -> Result<Self, Rejection> {
        if amount > self.balance() {
            return Err(Rejection::Overpaid { amount, balance: self.balance() });
        }
        self.received += amount;
        Ok(self.settled())
    }

    /// Paid is what has nothing open.
    pub(super) fn settled(self) -> Self {
        Self { paid: self.received == self.total, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::NewInvoice;
    use crate::domain::tests::draft;

    fn payment(amount: &str) -> Result<Decimal, InvalidPayment> {
        Payment { amount: amount.parse().unwrap() }.checked()
    }

    fn invoice(price: &str) -> Invoice {
        NewInvoice { draft: draft(price, 1).checked().unwrap(), idempotency: None }.into_invoice(1, 5)
    }

    #[test]
    fn a_payment_is_some_cents_and_not_all_the_money_there_is() {
        assert_eq!(payment("12.5").unwrap().to_string(), "12.50");
        assert_eq!(AMOUNT_MAX.to_string(), "100000000000000");
        for bad in ["0", "0.00", "-1", "0.001", "100000000000000.01"] {
            assert_eq!(payment(bad), Err(InvalidPayment), "{bad}");
        }
    }

    #[test]
    fn payments_add_up_exactly_and_stop_at_the_total() {
        let mut invoice = invoice("0.30");
        for _ in 0..3 {
            assert!(!invoice.paid);
            invoice = invoice.pay(payment("0.1").unwrap()).unwrap();
        }
        assert_eq!((invoice.received.to_string().as_str(), invoice.balance()), ("0.30", Decimal::ZERO));
        assert!(invoice.paid);
        assert!(matches!(invoice.pay(payment("0.01").unwrap()), Err(Rejection::Overpaid { .. })));
    }

    #[test]
    fn a_change_keeps_what_was_received_and_cannot_fall_below_it() {
        let paid = invoice("5.00").pay(payment("5").unwrap()).unwrap();
        let put = |price| draft(price, 1).checked().unwrap().into_changed(paid.clone());
        let raised = put("7.00").unwrap();
        assert_eq!((raised.received.to_string().as_str(), raised.paid), ("5.00", false));
        assert!(put("5.00").unwrap().paid);
        assert!(matches!(put("4.99"), Err(Rejection::BelowReceived { .. })));
    }

    #[test]
    fn an_invoice_over_nothing_is_paid_at_once() {
        assert!(invoice("0").paid);
    }
}
