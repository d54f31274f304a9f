//! Money: exact, with two decimal places.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::invoice::Line;

/// Money has cents, no more.
pub(crate) const MONEY_SCALE: u32 = 2;

/// The sum of the lines. Cannot overflow: checked lines stay below 10^14 in all.
pub(crate) fn total_of(lines: &[Line]) -> Decimal {
    money(lines.iter().map(|line| line.unit_price * Decimal::from(line.quantity)).sum())
}

/// The amount with exactly two decimal places, so that equal money has one text.
pub(crate) fn money(mut amount: Decimal) -> Decimal {
    amount.rescale(MONEY_SCALE);
    amount
}

/// Exact: amounts have two decimal places and are far below the range of an `i64`.
pub(crate) fn cents(amount: Decimal) -> i64 {
    (amount * Decimal::ONE_HUNDRED).to_i64().unwrap_or(i64::MAX)
}
